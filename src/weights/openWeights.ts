/** From a model's folder to its weights, whichever of the four forms of Hugging Face they have. */
import { readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { ThawError } from "../errors.ts";
import { isIndex, weightFiles } from "../hub/weightFiles.ts";
import { readSafetensors } from "../safetensors/read.ts";
import { foreignFormat } from "./foreignFormat.ts";
import { openShardedWeights } from "./shardedWeights.ts";
import { readTorchFile } from "./torch/read.ts";
import type { WeightsFile } from "./weightsFile.ts";

/**
 * Opens `model.safetensors`, else its shards, else `pytorch_model.bin`, else its shards: the order of `from_pretrained`.
 * Errors: `MISSING_FILE`, `WRONG_FORMAT` (the content is that of another format), `BAD_SAFETENSORS`, `BAD_PICKLE`, `BAD_INDEX`.
 */
export async function openWeights(folder: string): Promise<WeightsFile> {
  const file = weightFiles.find((name) => statSync(join(folder, name), { throwIfNoEntry: false })?.isFile());
  if (file === undefined) throw noWeights(folder);
  const path = join(folder, file);
  const open = file.startsWith("model.") ? openSafetensors : openTorch;
  return isIndex(file) ? openShardedWeights(path, open) : open(path);
}

async function openSafetensors(path: string): Promise<WeightsFile> {
  try {
    return await readSafetensors(path);
  } catch (error) {
    throw refused(path, "safetensors", error);
  }
}

async function openTorch(path: string): Promise<WeightsFile> {
  try {
    return readTorchFile(path);
  } catch (error) {
    throw refused(path, "torch", error);
  }
}

/** Of a file that its reader has refused: what it is instead, or the reader's own error where that is not known. */
function refused(path: string, reader: "safetensors" | "torch", cause: unknown): unknown {
  const found = foreignFormat(path);
  if (found === undefined || found.reader === reader) return cause;
  return new ThawError("WRONG_FORMAT", `${path} is ${found.what}. ${found.advice}`, { cause });
}

function noWeights(folder: string): ThawError {
  const others = readdirSync(folder)
    .filter(
      (name) =>
        !/\.(json|txt|md|model)$/.test(name) && statSync(join(folder, name), { throwIfNoEntry: false })?.isFile(),
    )
    .flatMap((name) => {
      const format = foreignFormat(join(folder, name), { byName: true });
      return format === undefined ? [] : [{ name, ...format }];
    });
  const found = others.slice(0, 3).map(({ name, what }) => `${name} (${what})`);
  const advice = "Save the model in Python with save_pretrained(folder), or download its model.safetensors.";
  const last = found.length > 0 ? `It has ${found.join(", ")}, which is not read. ${others[0]?.advice}` : advice;
  return new ThawError("MISSING_FILE", `There are no weights in ${folder}: none of ${weightFiles.join(", ")}. ${last}`);
}
