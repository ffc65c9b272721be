/** A tokenizer's files, kept as they were so that Python reads the same tokenizer. */
import { copyFile } from "node:fs/promises";
import { join } from "node:path";
import { ThawError } from "../errors.ts";

const files = ["tokenizer.json", "tokenizer_config.json", "special_tokens_map.json", "vocab.txt"];

/** Copies those of the files that there are. Errors: `WRITE_FAILED`. */
export async function copyTokenizerFiles(from: string | undefined, to: string): Promise<void> {
  if (from === undefined) {
    throw new ThawError(
      "WRITE_FAILED",
      "This tokenizer was brought as an object and has no files to save. Load it with AutoTokenizer.fromPretrained(folder).",
    );
  }
  for (const file of files) {
    try {
      await copyFile(join(from, file), join(to, file));
    } catch (cause) {
      if (
        (cause as NodeJS.ErrnoException).code === "ENOENT" &&
        (cause as NodeJS.ErrnoException).path === join(from, file)
      ) {
        if (file !== "tokenizer.json") continue; // only this one is always there
      }
      const reason = (cause as Error).message;
      throw new ThawError(
        "WRITE_FAILED",
        `Could not save ${file} into ${to}: ${reason}. Check that the folder exists.`,
        { cause },
      );
    }
  }
}
