/** From a model's folder to its weights, whichever of the four forms of Hugging Face they have. */
import { readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { ThawError } from "../errors.ts";
import { isIndex, weightFiles } from "../hub/weightFiles.ts";
import { readSafetensors } from "../safetensors/read.ts";
import { openShardedWeights } from "./shardedWeights.ts";
import { readTorchFile } from "./torch/read.ts";
import type { WeightsFile } from "./weightsFile.ts";

/**
 * Opens `model.safetensors`, else its shards, else `pytorch_model.bin`, else its shards: the order of `from_pretrained`.
 * Errors: `MISSING_FILE`, `BAD_SAFETENSORS`, `BAD_PICKLE`, `BAD_INDEX`.
 */
export async function openWeights(folder: string): Promise<WeightsFile> {
  const file = weightFiles.find((name) => statSync(join(folder, name), { throwIfNoEntry: false })?.isFile());
  if (file === undefined) throw noWeights(folder);
  const path = join(folder, file);
  const open = file.startsWith("model.")
    ? readSafetensors
    : (shard: string): Promise<WeightsFile> => Promise.resolve(readTorchFile(shard));
  return isIndex(file) ? openShardedWeights(path, open) : open(path);
}

function noWeights(folder: string): ThawError {
  const others = readdirSync(folder).filter((name) => /\.(h5|msgpack|ckpt|onnx|gguf|pt|pth|pkl)(\.index)?$/.test(name));
  const found = others.length > 0 ? ` It has ${others.slice(0, 3).join(", ")}, which is not read.` : "";
  return new ThawError(
    "MISSING_FILE",
    `There are no weights in ${folder}: none of ${weightFiles.join(", ")}.${found} ` +
      "Save the model in Python with save_pretrained(folder), or download its model.safetensors.",
  );
}
