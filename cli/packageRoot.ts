/** Finds where this package lies, seen from its sources as from dist/. */
import { existsSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { CodedError } from "../shared/codedError.ts";

/** Returns the nearest folder, upward from `from`, whose package.json is that of `thaw`. */
export function packageRoot(from: string): string {
  for (let folder = from; ; folder = dirname(folder)) {
    const path = join(folder, "package.json");
    if (existsSync(path) && (JSON.parse(readFileSync(path, "utf8")) as { name?: string }).name === "thaw")
      return folder;
    if (dirname(folder) === folder) {
      throw new CodedError(
        "NO_PACKAGE",
        `No package.json of "thaw" was found above ${from}: a file of the package was moved. Install the package again.`,
      );
    }
  }
}
