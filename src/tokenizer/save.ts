/** A tokenizer's files, kept as they were so that Python reads the same tokenizer. */
import { copyFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { ThawError } from "../errors.ts";
import { tokenizerFiles } from "../hub/tokenizerFiles.ts";

/** Made from a vocabulary in its original form: other programs than Python need them. */
export interface MadeFiles {
  readonly tokenizerJson: string;
  /** Content of tokenizer_config.json, with the class. */
  readonly config: Readonly<Record<string, unknown>>;
}

/** Copies those of the files that there are, and writes what was made. Errors: `WRITE_FAILED`. */
export async function saveTokenizerFiles(
  from: string | undefined,
  made: MadeFiles | undefined,
  to: string,
): Promise<void> {
  if (from === undefined) {
    throw new ThawError(
      "WRITE_FAILED",
      "This tokenizer was brought as an object and has no files to save. Load it with AutoTokenizer.fromPretrained(folder).",
    );
  }
  for (const file of tokenizerFiles) {
    try {
      if (made !== undefined && file === "tokenizer.json") await writeFile(join(to, file), made.tokenizerJson);
      else if (made !== undefined && file === "tokenizer_config.json") {
        await writeFile(join(to, file), `${JSON.stringify(made.config, null, 2)}\n`);
      } else await copyFile(join(from, file), join(to, file));
    } catch (cause) {
      const { code, path, message } = cause as NodeJS.ErrnoException;
      // Only tokenizer.json is always there.
      if (code === "ENOENT" && path === join(from, file) && file !== "tokenizer.json") continue;
      throw new ThawError(
        "WRITE_FAILED",
        `Could not save ${file} into ${to}: ${message}. Check that the folder exists.`,
        { cause },
      );
    }
  }
}
