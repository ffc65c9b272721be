/** Reads and writes the `config.json` of a model folder. */
import { ThawError } from "../../errors.ts";
import { warnOfIgnoredKeys } from "../../hub/modelFolder.ts";
import { writeFileAtomic } from "../../platform/atomicFile.ts";
import { join } from "../../platform/files.ts";
import { isObject, parseForeignJson, readForeignFile, stringifyLike } from "../../platform/foreignFile.ts";
import { badConfig, type HuggingFaceConfig } from "./config.ts";
import { type LabelOptions, labelsInFile } from "./labels.ts";
import { parseConfig, toHuggingFaceJson } from "./parseConfig.ts";

/**
 * Largest accepted size in bytes. Published files have a few thousand bytes, those with 100,000 labels a few million.
 */
const maxBytes = 32_000_000;

/**
 * Reads and checks the config of a model folder and applies the label options. Keys that ask for remote code are
 * ignored with a warning. The result can be saved again. Errors: `MISSING_FILE`, `BAD_CONFIG`, `BAD_LABEL`.
 */
export async function readConfig(folder: string, options: LabelOptions = {}): Promise<HuggingFaceConfig> {
  const file = join(folder, "config.json");
  const bytes = await readForeignFile(file, { maxBytes });
  if (bytes === undefined) {
    throw new ThawError(
      "MISSING_FILE",
      `There is no readable config.json in ${folder}. A model folder has config.json, model.safetensors and tokenizer.json.`,
    );
  }
  const json = parseForeignJson(bytes, file, { code: "BAD_CONFIG", advice: "Download or save it again." });
  if (!isObject(json)) {
    throw badConfig(file, "must be a JSON object. Download or save it again.");
  }
  warnOfIgnoredKeys(file, json);
  const config = { ...parseConfig(json, file, options), text: bytes.toString("utf8") };
  const { id2label, label2id, numLabels } = options;
  if (id2label === undefined && label2id === undefined && numLabels === undefined) {
    const { notice } = labelsInFile({ json, file });
    if (notice !== undefined) console.warn(notice);
  }
  checkSaving(config, file);
  return config;
}

/** Checks that the config can be written, so that a user does not find out only after hours of training. */
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
