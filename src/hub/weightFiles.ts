/** Under which names the weights of a model lie in its folder, and what the index of weights in several files says. */

/** First choice first, as in transformers 5.23 (modeling_utils.py, `_get_resolved_checkpoint_files`). */
export const weightFiles = [
  "model.safetensors",
  "model.safetensors.index.json",
  "pytorch_model.bin",
  "pytorch_model.bin.index.json",
] as const;

/** Whether it lists other files that hold the weights. */
export function isIndex(file: string): boolean {
  return file.endsWith(".index.json");
}

/** A plain file name that no system reads as a path or a hidden file. */
const shardName = /^[A-Za-z0-9_](?:[A-Za-z0-9_-]|\.(?!\.))*\.(?:safetensors|bin)$/;
/** What Windows reads as a device, whatever comes after the dot. */
const deviceName = /^(?:con|prn|aux|nul|com\d|lpt\d)\./i;
const maxShards = 10_000;

/**
 * Tensor name -> file, from the text of an index. Throws an Error with what is wrong with it; a file that could lead out
 * of the folder is refused.
 */
export function readWeightMap(text: string): Map<string, string> {
  let index: unknown;
  try {
    index = JSON.parse(text);
  } catch (cause) {
    throw new Error(`it is not valid JSON (${(cause as Error).message})`, { cause });
  }
  const weightMap = isObject(index) ? index.weight_map : undefined;
  if (!isObject(weightMap)) throw new Error('it has no object "weight_map"');
  const map = new Map<string, string>();
  for (const [tensor, file] of Object.entries(weightMap)) {
    if (typeof file !== "string" || !shardName.test(file) || deviceName.test(file) || file.length > 200) {
      throw new Error(
        `"weight_map" names ${JSON.stringify(file)} for ${JSON.stringify(tensor)}, which is no plain file name`,
      );
    }
    map.set(tensor, file);
  }
  if (map.size === 0) throw new Error('its "weight_map" is empty');
  if (shardsOf(map).length > maxShards) throw new Error(`its "weight_map" names more than ${maxShards} files`);
  return map;
}

/** The files that a weight map names, each once. */
export function shardsOf(weightMap: ReadonlyMap<string, string>): string[] {
  return [...new Set(weightMap.values())].sort();
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
