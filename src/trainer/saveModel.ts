/** A folder that Hugging Face's `from_pretrained` loads, written whole or not at all. */
import { writeConfig } from "../config/writeConfig.ts";
import { currentHost } from "../display/host.ts";
import { tokenizerFiles } from "../hub/tokenizerFiles.ts";
import { saveFolder } from "../io/saveFolder.ts";
import type { SequenceClassifier } from "../models/sequenceClassifier.ts";
import { weightsBytes, weightsContent } from "../models/weightsContent.ts";
import { type OptionNames, refuseUnknown } from "../options.ts";
import type { Tokenizer } from "../tokenizer/tokenizer.ts";

/** Further files of the folder: name -> content as JSON. */
export type JsonFiles = Readonly<Record<string, unknown>>;

/** How a model is saved. */
export interface SaveModelOptions {
  /** Aborting it ends the save with nothing changed. Default: the Stop button's. */
  readonly signal?: AbortSignal | undefined;
}
const optionNames: OptionNames<SaveModelOptions> = { signal: true };

/**
 * Writes config.json, model.safetensors and the tokenizer's files, and `thaw_manifest.json` with their lengths and SHA-256.
 * What stands at these names is replaced once all of it is on the disk; other files in the folder are the user's and stay.
 * Errors: `WRITE_FAILED`, `UNFINISHED_SAVE`, `BAD_ARGUMENT`.
 */
export async function saveModel(
  folder: string,
  model: SequenceClassifier,
  tokenizer: Tokenizer | undefined,
  files: JsonFiles = {},
  options: SaveModelOptions = {},
): Promise<void> {
  refuseUnknown(options, optionNames, { kind: "option of saveModel" });
  const { signal = currentHost()?.signal } = options;
  const beside = tokenizer === undefined ? [] : [...tokenizerFiles, "adapter_config.json"];
  await saveFolder(
    folder,
    { part: "model", bytes: weightsBytes(model), mayNotStandBeside: beside, signal },
    async (staging) => {
      await writeConfig(staging.folder, model.config);
      const weights = await staging.write("model.safetensors", weightsContent(model));
      await tokenizer?.save(staging.folder);
      for (const [name, value] of Object.entries(files))
        await staging.write(name, `${JSON.stringify(value, null, 2)}\n`);
      return weights.sha256;
    },
  );
}
