/** Reads `config.json` of a model folder. */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { ThawError } from "../errors.ts";
import { warnOfIgnoredKeys } from "../hub/ignoredKeys.ts";
import type { HuggingFaceConfig, JsonObject } from "./config.ts";
import { badConfig } from "./fields.ts";
import { parseConfig } from "./translate.ts";

/** The checked configuration; what it asks for of code is ignored with a warning. Errors: `MISSING_FILE`, `BAD_CONFIG`. */
export async function readConfig(folder: string): Promise<HuggingFaceConfig> {
  const file = join(folder, "config.json");
  let text: string;
  try {
    text = await readFile(file, "utf8");
  } catch (cause) {
    throw new ThawError(
      "MISSING_FILE",
      `There is no readable config.json in ${folder}. A model folder has config.json, model.safetensors and tokenizer.json.`,
      { cause },
    );
  }
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (cause) {
    throw badConfig(file, `not valid JSON (${(cause as Error).message}). Download or save it again.`);
  }
  if (typeof json !== "object" || json === null || Array.isArray(json)) {
    throw badConfig(file, "must be a JSON object. Download or save it again.");
  }
  warnOfIgnoredKeys(file, json as JsonObject);
  return { ...parseConfig(json as JsonObject, file), text };
}
