/**
 * Reads `pytorch_model.bin`, a state dict written by `torch.save`, alone or among other things. Its pickle is read as data,
 * by an interpreter that runs nothing; each tensor is read from its own place when it is asked for.
 */
import { ThawError } from "../../errors.ts";
import { fstatSync, readAt } from "../../platform/files.ts";
import { elementsOf } from "../../tensor/shape.ts";
import { takeOut } from "../foreignFormat.ts";
import { bytesPerElement, toFloat32 } from "../safetensors/dtype.ts";
import { type FileFormat, type WeightsFile, withWeightsFile } from "../weightsFile.ts";
import { type Archive, isLegacyArchive, type Place, readLegacyArchive, readZipArchive } from "./archive.ts";
import { ForeignContent, findStateDict, type StoredTensor } from "./stateDict.ts";

/** A tensor and the range of the file that its storage takes. */
interface PlacedTensor {
  readonly tensor: StoredTensor;
  readonly place: Place;
}

interface Content {
  readonly tensors: ReadonlyMap<string, PlacedTensor>;
  /** The keys that lead to the tensors in the file. */
  readonly within: readonly string[];
}

/** Opens the file and reads everything but the numbers. Errors: `MISSING_FILE`, `BAD_PICKLE`. */
export function readTorchFile(path: string): WeightsFile {
  const { tensors, fileBytes, within } = withWeightsFile(path, format, (file) => {
    const size = fstatSync(file).size;
    return { ...readTensors(file, size), fileBytes: size };
  });
  if (within.length > 0) {
    console.info(`${path} holds more than a model: its weights are those under "${within.join(".")}".`);
  }
  const placed = (name: string): PlacedTensor => {
    const found = tensors.get(name);
    if (found !== undefined) return found;
    throw new ThawError("UNKNOWN_TENSOR", `There is no tensor "${name}" among the ${tensors.size} in ${path}.`);
  };
  return {
    path,
    names: [...tensors.keys()],
    shape: (name) => placed(name).tensor.shape,
    read: (name) => {
      const { tensor, place } = placed(name);
      const { begin, end, elements, isContiguous } = extentOf(tensor);
      const size = bytesPerElement.get(tensor.storage.dtype) as number;
      const bytes = withWeightsFile(path, format, (file) => {
        if (fstatSync(file).size !== fileBytes) throw new Error("it has changed since it was opened");
        return readAt(file, place.begin + begin * size, (end - begin) * size);
      });
      const numbers = toFloat32(tensor.storage.dtype, bytes);
      if (numbers !== undefined) return isContiguous ? numbers : gather(numbers, tensor, elements);
      throw new ThawError(
        "BAD_DTYPE",
        `Tensor "${name}" in ${path} has dtype ${tensor.storage.dtype}, which holds no real numbers. Store weights as float32.`,
      );
    },
  };
}

const format: FileFormat = {
  whereToLook: "Check the path.",
  refusal: (path, cause) => {
    const advice = cause instanceof ForeignContent ? takeOut("torch", path, cause.path) : "Download or save it again.";
    return new ThawError("BAD_PICKLE", `${path} cannot be read: ${cause.message}. ${advice}`, { cause });
  },
};

function readTensors(file: number, fileBytes: number): Content {
  const { root, placeOf } = readArchive(file, fileBytes);
  const { tensors, path } = findStateDict(root);
  const placed = [...tensors].map(([name, tensor]) => {
    return [name, { tensor, place: checkedPlace(tensor, name, placeOf(tensor.storage.key)) }] as const;
  });
  return { tensors: new Map(placed), within: path };
}

function readArchive(file: number, fileBytes: number): Archive {
  const start = readAt(file, 0, Math.min(16, fileBytes));
  const text = Buffer.from(start).toString("latin1");
  if (text.startsWith("PK\x03\x04")) return readZipArchive(file, fileBytes);
  if (isLegacyArchive(start)) return readLegacyArchive(file, fileBytes);
  if (text.startsWith("version https://")) throw new Error("it is a Git LFS pointer: the weights were not downloaded");
  throw new Error("it is no zip archive of torch.save");
}

function checkedPlace(tensor: StoredTensor, name: string, place: Place | undefined): Place {
  const { key, dtype, elements } = tensor.storage;
  const due = elements * (bytesPerElement.get(dtype) as number);
  const found = place === undefined ? "no bytes" : `${place.end - place.begin} bytes`;
  if (place === undefined || place.end - place.begin !== due) {
    throw new Error(`storage ${JSON.stringify(key)} of tensor ${JSON.stringify(name)} has ${found}, ${due} are due`);
  }
  // A stride of 0 repeats a number without end: no honest file has tensors larger than itself by much.
  if (extentOf(tensor).elements > Math.max(elements * 64, 4096)) {
    throw new Error(
      `tensor ${JSON.stringify(name)} repeats ${elements} stored numbers into [${tensor.shape.join(", ")}]`,
    );
  }
  return place;
}

/**
 * Finds the elements that a tensor reaches, as a range of its storage, and whether they lie there in row-major order.
 */
function extentOf({ offset, shape, strides }: StoredTensor) {
  const elements = elementsOf(shape);
  const span = elements === 0 ? 0 : shape.reduce((sum, n, axis) => sum + (n - 1) * (strides[axis] as number), 1);
  let dense = 1;
  let isContiguous = true;
  for (let axis = shape.length - 1; axis >= 0; axis--) {
    const size = shape[axis] as number;
    if (size !== 1 && strides[axis] !== dense) isContiguous = false;
    dense *= size;
  }
  return { begin: offset, end: offset + span, elements, isContiguous };
}

/** Copies the elements of a view in row-major order. `values` begins with the tensor's first element. */
function gather(
  values: Float32Array<ArrayBuffer>,
  { shape, strides }: StoredTensor,
  elements: number,
): Float32Array<ArrayBuffer> {
  const result = new Float32Array(elements);
  const index = new Array<number>(shape.length).fill(0);
  let from = 0;
  for (let to = 0; to < elements; to++) {
    result[to] = values[from] as number;
    for (let axis = shape.length - 1; axis >= 0; axis--) {
      const stride = strides[axis] as number;
      from += stride;
      index[axis] = (index[axis] as number) + 1;
      if (index[axis] !== shape[axis]) break;
      from -= stride * (shape[axis] as number);
      index[axis] = 0;
    }
  }
  return result;
}
