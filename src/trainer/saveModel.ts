/** A folder that Hugging Face's `from_pretrained` loads, written whole or not at all. */
import { join } from "node:path";
import { writeConfig } from "../config/writeConfig.ts";
import { writeFileAtomic } from "../io/atomicFile.ts";
import { replaceDirectory } from "../io/replaceDirectory.ts";
import type { SequenceClassifier } from "../models/sequenceClassifier.ts";
import { writeSafetensors } from "../safetensors/write.ts";
import type { Tokenizer } from "../tokenizer/tokenizer.ts";

/** Further files of the folder: name -> content as JSON. */
export type JsonFiles = Readonly<Record<string, unknown>>;

/**
 * Writes config.json, model.safetensors and the tokenizer's files. An existing folder is replaced only when all of it
 * is on the disk.
 */
export async function saveModel(
  folder: string,
  model: SequenceClassifier,
  tokenizer: Tokenizer | undefined,
  files: JsonFiles = {},
): Promise<void> {
  await replaceDirectory(folder, async (temporary) => {
    await writeConfig(temporary, model.config);
    const tensors = [...model.parameters.values()].map((p) => ({ name: p.name, shape: p.shape, data: p.data() }));
    await writeSafetensors(join(temporary, "model.safetensors"), tensors);
    await tokenizer?.save(temporary, { modelMaxLength: model.textLimit });
    for (const [name, content] of Object.entries(files)) {
      await writeFileAtomic(join(temporary, name), `${JSON.stringify(content, null, 2)}\n`);
    }
  });
}
