/**
 * The folder of a model: the names of its weights and of its tokenizer's files, the index of weights in several files,
 * what is missing, and what its files may ask for and never get (code to be run, files from elsewhere).
 */
import { join, readFileSync, statSync } from "../platform/files.ts";
import { isObject } from "../platform/foreignFile.ts";

/**
 * Names of the weights, first choice first, as in transformers 5.23 (modeling_utils.py,
 * `_get_resolved_checkpoint_files`).
 */
export const weightFiles = [
  "model.safetensors",
  "model.safetensors.index.json",
  "pytorch_model.bin",
  "pytorch_model.bin.index.json",
] as const;

/** Tells whether a file of weights is an index, which lists the files that hold them. */
export function isIndex(file: string): boolean {
  return file.endsWith(".index.json");
}

/** A plain file name that no system reads as a path or a hidden file. */
const shardName = /^[A-Za-z0-9_](?:[A-Za-z0-9_-]|\.(?!\.))*\.(?:safetensors|bin)$/;
/** Names that Windows treats as devices, whatever comes after the dot. */
const deviceName = /^(?:con|prn|aux|nul|com\d|lpt\d)\./i;
const maxShards = 10_000;

/**
 * Reads an index: tensor name -> file. Throws an Error with what is wrong with it; a file that could lead out of the
 * folder is refused.
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

/** Lists the files that a weight map names, each once. */
export function shardsOf(weightMap: ReadonlyMap<string, string>): string[] {
  return [...new Set(weightMap.values())].sort();
}

export const tokenizerFiles: readonly string[] = [
  "tokenizer.json",
  "tokenizer_config.json",
  "special_tokens_map.json",
  "added_tokens.json",
  "vocab.txt",
  "vocab.json",
  "merges.txt",
  "spiece.model",
  "spm.model",
  "sentencepiece.bpe.model",
];

/**
 * Lists, for a message, the files that are missing: nothing if the folder has a configuration and all of the weights.
 */
export function missingFiles(folder: string): string[] {
  const has = (file: string): boolean => statSync(join(folder, file), { throwIfNoEntry: false })?.isFile() ?? false;
  const missing = has("config.json") ? [] : ["config.json"];
  const weights = weightFiles.find(has);
  if (weights === undefined) return [...missing, weightFiles[0]];
  if (!isIndex(weights)) return missing;
  try {
    const shards = shardsOf(readWeightMap(readFileSync(join(folder, weights), "utf8")));
    return [...missing, ...shards.filter((file) => !has(file))];
  } catch {
    return [...missing, weights]; // damaged: whoever opens it says how
  }
}

/**
 * Keys that ask transformers for code: classes in Python files of the folder or of another model, and the permission to
 * import them.
 */
const codeKeys = ["auto_map", "custom_pipelines", "custom_generate", "trust_remote_code"] as const;

/**
 * Keys that name files of a tokenizer. Values that lead out of the folder are meant, not the plain names that
 * `save_pretrained` writes.
 */
const pathKeys = ["tokenizer_file", "vocab_file", "merges_file"] as const;

/** Warns of what a config file asks for. Nothing reads these keys; the warning says so. */
export function warnOfIgnoredKeys(file: string, json: Readonly<Record<string, unknown>>): void {
  const code = codeKeys.filter((key) => asks(json[key])).map((key) => `"${key}"`);
  if (code.length > 0) {
    console.warn(
      `${file} asks for code of its own (${code.join(", ")}), which is ignored: no code from a model's folder is ever run. ` +
        "The model is computed as its model_type says, which may not be what its authors meant.",
    );
  }
  const paths = pathKeys.filter((key) => typeof json[key] === "string" && /[/\\]/.test(json[key]));
  if (paths.length > 0) {
    const named = paths.map((key) => `"${key}" ${JSON.stringify(json[key])}`);
    console.warn(`${file} names ${named.join(", ")}, which is ignored: a tokenizer is read from its own folder only.`);
  }
}

/** Leaves out the keys that ask for code: a saved model does not hand them on. */
export function withoutCode(json: Readonly<Record<string, unknown>>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(json).filter(([key]) => !codeKeys.some((code) => code === key)));
}

const asks = (value: unknown): boolean =>
  typeof value === "object" && value !== null ? Object.keys(value).length > 0 : Boolean(value);
