/** A tokenizer's files, kept as they were so that Python reads the same tokenizer. */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { ThawError } from "../errors.ts";
import { tokenizerFiles } from "../hub/tokenizerFiles.ts";
import { writeFileAtomic } from "../io/atomicFile.ts";
import { stringifyLike } from "../io/stringifyLike.ts";

/** Made from a vocabulary in its original form: other programs than Python need them. */
export interface MadeFiles {
  readonly tokenizerJson: string;
  /** Content of tokenizer_config.json, with the class. */
  readonly config: Json;
}

/**
 * Classes whose models were trained with token types, which transformers gives since version 5 only where the file asks for
 * them. Here they are given; a model that was trained here is to read the same in Python.
 */
const typedClasses = /^(XLNet|Albert)Tokenizer(Fast)?$/;
const modelInputNames = ["input_ids", "token_type_ids", "attention_mask"];

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
      if (made !== undefined && file === "tokenizer.json") await writeFileAtomic(join(to, file), made.tokenizerJson);
      else if (made !== undefined && file === "tokenizer_config.json") {
        await writeFileAtomic(join(to, file), `${JSON.stringify(withInputNames(made.config), null, 2)}\n`);
      } else await writeFileAtomic(join(to, file), await readFile(join(from, file)));
      if (made === undefined && file === "tokenizer_config.json") await nameInputs(join(to, file));
    } catch (cause) {
      if (cause instanceof ThawError) throw cause;
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

type Json = Readonly<Record<string, unknown>>;

function withInputNames(config: Json): Json {
  const isTyped = typedClasses.test(String(config.tokenizer_class)) && config.model_input_names === undefined;
  return isTyped ? { ...config, model_input_names: modelInputNames } : config;
}

/** Leaves a file as it is where there is nothing to add. */
async function nameInputs(path: string): Promise<void> {
  const text = await readFile(path, "utf8");
  const config = JSON.parse(text) as Json;
  const named = withInputNames(config);
  if (named !== config) await writeFileAtomic(path, `${stringifyLike(named, text)}\n`);
}
