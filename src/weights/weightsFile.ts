/** The interface through which a model reads its weights files, whatever their format and number. */
import { ThawError } from "../errors.ts";
import { readWeightMap, shardsOf } from "../hub/modelFolder.ts";
import { closeSync, dirname, join, openSync, readFileSync, statSync } from "../platform/files.ts";
import { asOutOfMemory, isOutOfMemory } from "../platform/machine.ts";

/** Named tensors that are read one at a time, so that only requested ones are in memory. */
export interface WeightsFile {
  /** Path of the file for messages; the index if there are several files. */
  readonly path: string;
  readonly names: readonly string[];
  shape(name: string): readonly number[];
  /**
   * Reads all elements of a tensor as float32 in row-major order. Throws `BAD_DTYPE` for element types that are not
   * real numbers.
   */
  read(name: string): Float32Array<ArrayBuffer>;
}

/** The errors of a format of weights files. */
export interface FileFormat {
  /** A sentence on where such a file is, for one that cannot be opened. */
  readonly whereToLook: string;
  /** Makes the error for a file whose content cannot be read. */
  readonly refusal: (path: string, cause: Error) => ThawError;
}

/**
 * Opens a file of weights, hands it to `use`, and closes it. Errors: `MISSING_FILE`, `OUT_OF_MEMORY`, and the refusal of
 * the format for whatever else `use` throws.
 */
export function withWeightsFile<T>(path: string, { whereToLook, refusal }: FileFormat, use: (file: number) => T): T {
  let file: number;
  try {
    file = openSync(path, "r");
  } catch (cause) {
    const message = `Cannot open ${path}: ${(cause as Error).message}. ${whereToLook}`;
    throw new ThawError("MISSING_FILE", message, { cause });
  }
  try {
    return use(file);
  } catch (cause) {
    throw isOutOfMemory(cause) ? asOutOfMemory(cause) : refusal(path, cause as Error);
  } finally {
    closeSync(file);
  }
}

const maxIndexBytes = 64_000_000;

/**
 * Opens every file that the index names and checks that each holds what the index says, no more and no less.
 * `open` reads a single file. Errors: `BAD_INDEX`, and those of `open`.
 */
export async function openShardedWeights(
  indexPath: string,
  open: (path: string) => Promise<WeightsFile>,
): Promise<WeightsFile> {
  const weightMap = readIndex(indexPath);
  const folder = dirname(indexPath);
  const missing = shardsOf(weightMap).filter(
    (file) => !statSync(join(folder, file), { throwIfNoEntry: false })?.isFile(),
  );
  if (missing.length > 0) {
    throw badIndex(
      indexPath,
      `it names ${missing.slice(0, 5).join(", ")}, which ${missing.length > 1 ? "are" : "is"} not beside it`,
    );
  }
  const places = new Map<string, WeightsFile>();
  for (const file of shardsOf(weightMap)) {
    const shard = await open(join(folder, file));
    for (const name of shard.names) {
      if (weightMap.get(name) !== file) {
        throw badIndex(
          indexPath,
          `${file} holds "${name}", which the index places in ${weightMap.get(name) ?? "no file"}`,
        );
      }
      places.set(name, shard);
    }
  }
  for (const [name, file] of weightMap) {
    if (!places.has(name)) throw badIndex(indexPath, `it places "${name}" in ${file}, which does not hold it`);
  }
  const shardOf = (name: string): WeightsFile => {
    const shard = places.get(name);
    if (shard !== undefined) return shard;
    throw new ThawError("UNKNOWN_TENSOR", `There is no tensor "${name}" among the ${places.size} of ${indexPath}.`);
  };
  return {
    path: indexPath,
    names: [...places.keys()],
    shape: (name) => shardOf(name).shape(name),
    read: (name) => shardOf(name).read(name),
  };
}

function readIndex(path: string): Map<string, string> {
  try {
    const { size } = statSync(path);
    if (size > maxIndexBytes) throw new Error(`it has ${size} bytes`);
    return readWeightMap(readFileSync(path, "utf8"));
  } catch (cause) {
    throw badIndex(path, (cause as Error).message, cause);
  }
}

function badIndex(path: string, what: string, cause?: unknown): ThawError {
  return new ThawError(
    "BAD_INDEX",
    `${path} cannot be used: ${what}. Download or save the model again, all of its files.`,
    {
      cause,
    },
  );
}
