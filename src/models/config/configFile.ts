/** The file `config.json` of a model folder: reads it, and writes it. */
import { readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import { ThawError } from "../../errors.ts";
import { warnOfIgnoredKeys } from "../../hub/ignoredKeys.ts";
import { writeFileAtomic } from "../../platform/atomicFile.ts";
import { stringifyLike } from "../../platform/stringifyLike.ts";
import { badConfig, type HuggingFaceConfig, type JsonObject } from "./config.ts";
import { type LabelOptions, labelsInFile } from "./labels.ts";
import { parseConfig, toHuggingFaceJson } from "./parseConfig.ts";

/** Bytes at most: published files have some thousand, those with 100,000 labels some million. */
const maxBytes = 32_000_000;
/** Objects and lists within each other at most. Python's own reader gives up at a thousand. */
const maxDepth = 100;

/**
 * The checked configuration with what the options say of labels; what it asks for of code is ignored with a warning. What is
 * returned can be saved again. Errors: `MISSING_FILE`, `BAD_CONFIG`, `BAD_LABEL`.
 */
export async function readConfig(folder: string, options: LabelOptions = {}): Promise<HuggingFaceConfig> {
  const file = join(folder, "config.json");
  const text = await readText(file, folder);
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (cause) {
    throw badConfig(file, `not valid JSON (${(cause as Error).message}). Download or save it again.`);
  }
  if (typeof json !== "object" || json === null || Array.isArray(json)) {
    throw badConfig(file, "must be a JSON object. Download or save it again.");
  }
  if (isDeeper(json, maxDepth)) {
    throw badConfig(
      file,
      `its objects and lists are nested deeper than ${maxDepth} levels. Take out what is not needed.`,
    );
  }
  warnOfIgnoredKeys(file, json as JsonObject);
  const config = { ...parseConfig(json as JsonObject, file, options), text };
  const { id2label, label2id, numLabels } = options;
  if (id2label === undefined && label2id === undefined && numLabels === undefined) {
    const { notice } = labelsInFile({ json: json as JsonObject, file });
    if (notice !== undefined) console.warn(notice);
  }
  checkSaving(config, file);
  return config;
}

async function readText(file: string, folder: string): Promise<string> {
  try {
    const entry = await stat(file);
    if (!entry.isFile()) throw new Error("it is no regular file");
    if (entry.size > maxBytes) {
      throw badConfig(file, `it has ${entry.size} bytes, which no configuration has. Download it again.`);
    }
    return await readFile(file, "utf8");
  } catch (cause) {
    if (cause instanceof ThawError) throw cause;
    throw new ThawError(
      "MISSING_FILE",
      `There is no readable config.json in ${folder}. A model folder has config.json, model.safetensors and tokenizer.json.`,
      { cause },
    );
  }
}

/** Without recursion: the nesting may be as deep as the file is long. */
function isDeeper(root: object, depth: number): boolean {
  let level: unknown[] = [root];
  for (let i = 0; i <= depth; i++) {
    level = level.flatMap((value) => (typeof value === "object" && value !== null ? Object.values(value) : []));
    if (level.length === 0) return false;
  }
  return true;
}

/** Whoever trains for hours is not to learn only then that the configuration cannot be written. */
function checkSaving(config: HuggingFaceConfig, file: string): void {
  try {
    JSON.parse(stringifyLike(toHuggingFaceJson(config), config.text));
  } catch (cause) {
    throw badConfig(file, `it could not be saved again after training (${(cause as Error).message}). Correct it.`);
  }
}

/** Writes the configuration into an existing folder, as Python's `from_pretrained` reads it. Errors: `WRITE_FAILED`. */
export async function writeConfig(folder: string, config: HuggingFaceConfig): Promise<void> {
  const json = stringifyLike(toHuggingFaceJson(config), config.text);
  await writeFileAtomic(join(folder, "config.json"), `${json}\n`);
}
