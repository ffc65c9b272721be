/** The file `config.json` of a model folder: reads it, and writes it. */
import { ThawError } from "../../errors.ts";
import { warnOfIgnoredKeys } from "../../hub/modelFolder.ts";
import { writeFileAtomic } from "../../platform/atomicFile.ts";
import { join } from "../../platform/files.ts";
import { parseForeignJson, readForeignFile, stringifyLike } from "../../platform/foreignFile.ts";
import { badConfig, type HuggingFaceConfig, type JsonObject } from "./config.ts";
import { type LabelOptions, labelsInFile } from "./labels.ts";
import { parseConfig, toHuggingFaceJson } from "./parseConfig.ts";

/** The largest size in bytes: published files have some thousand, those with 100,000 labels some million. */
const maxBytes = 32_000_000;

/**
 * Reads and checks the configuration, and takes in what the options say of labels. What it asks for of code is ignored with a
 * warning. The result can be saved again. Errors: `MISSING_FILE`, `BAD_CONFIG`, `BAD_LABEL`.
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
  if (typeof json !== "object" || json === null || Array.isArray(json)) {
    throw badConfig(file, "must be a JSON object. Download or save it again.");
  }
  warnOfIgnoredKeys(file, json as JsonObject);
  const config = { ...parseConfig(json as JsonObject, file, options), text: bytes.toString("utf8") };
  const { id2label, label2id, numLabels } = options;
  if (id2label === undefined && label2id === undefined && numLabels === undefined) {
    const { notice } = labelsInFile({ json: json as JsonObject, file });
    if (notice !== undefined) console.warn(notice);
  }
  checkSaving(config, file);
  return config;
}

/** Checks that the configuration can be written, since whoever trains for hours is not to learn only then that it cannot. */
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
