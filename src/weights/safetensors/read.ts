/** Reads safetensors files: the header once, strictly; each tensor from its own place when it is asked for. */
import { ThawError } from "../../errors.ts";
import { fstatSync, readAt } from "../../platform/files.ts";
import { type FileFormat, withWeightsFile } from "../weightsFile.ts";
import { toFloat32 } from "./dtype.ts";
import { readHeader, type TensorInfo } from "./header.ts";

/** A checked safetensors file. It holds no open file: the file is opened for each read, and must not change between. */
export interface SafetensorsFile {
  readonly path: string;
  readonly metadata: ReadonlyMap<string, string>;
  /** Names of the tensors, in the order in which they lie in the file. */
  readonly names: readonly string[];
  has(name: string): boolean;
  /** The element type of a tensor: `"F32"`, `"BF16"`, `"I64"`, ... */
  dtype(name: string): string;
  shape(name: string): readonly number[];
  /**
   * Reads all elements of a tensor in row-major order; F16 and BF16 are widened exactly, F64 is rounded. Throws
   * `BAD_DTYPE` for other types.
   */
  read(name: string): Float32Array<ArrayBuffer>;
  /** Reads the bytes of a tensor as they are in the file. */
  readBytes(name: string): Uint8Array<ArrayBuffer>;
}

/**
 * Opens a safetensors file. Refuses whatever the reference reader refuses, and duplicate keys besides.
 * Errors: `MISSING_FILE`, `BAD_SAFETENSORS`.
 */
export async function readSafetensors(path: string): Promise<SafetensorsFile> {
  const { header, dataStart, fileBytes } = withWeightsFile(path, format, (file) => {
    const size = fstatSync(file).size;
    return { ...readHeader(size, (position, length) => readAt(file, position, length)), fileBytes: size };
  });
  const tensor = (name: string): TensorInfo => {
    const info = header.tensors.get(name);
    if (info === undefined) {
      throw new ThawError(
        "UNKNOWN_TENSOR",
        `There is no tensor "${name}" in ${path}. It has ${header.tensors.size}: ${[...header.tensors.keys()].slice(0, 5).join(", ")}, ...`,
      );
    }
    return info;
  };
  const readBytes = (name: string): Uint8Array<ArrayBuffer> => {
    const { begin, end } = tensor(name);
    return withWeightsFile(path, format, (file) => {
      if (fstatSync(file).size !== fileBytes) throw new Error("it has changed since it was opened");
      return readAt(file, dataStart + begin, end - begin);
    });
  };
  return {
    path,
    metadata: header.metadata,
    names: [...header.tensors.keys()],
    has: (name) => header.tensors.has(name),
    dtype: (name) => tensor(name).dtype,
    shape: (name) => tensor(name).shape,
    readBytes,
    read: (name) => {
      const { dtype } = tensor(name);
      const numbers = toFloat32(dtype, readBytes(name));
      if (numbers !== undefined) return numbers;
      throw new ThawError(
        "BAD_DTYPE",
        `Tensor "${name}" in ${path} has dtype ${dtype}, which holds no real numbers. Store weights as F32, F16, BF16 or F64.`,
      );
    },
  };
}

const format: FileFormat = {
  whereToLook: "Check the path; a model folder has a model.safetensors.",
  refusal: (path, cause) =>
    new ThawError(
      "BAD_SAFETENSORS",
      `${path} is not a valid safetensors file: ${cause.message}. Download or save it again.`,
      { cause },
    ),
};
