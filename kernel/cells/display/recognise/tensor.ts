/** Tensors of TensorFlow.js, of ONNX Runtime and of transformers.js: shape, type, and values from the corners. */
import { attempt } from "../attempt.ts";
import type { Bundle } from "../bundle.ts";
import { printable } from "../printable.ts";
import { cornerReader, flatIndex, type TfTensor } from "../tensorCorners.ts";
import { edgeOf, matrixHtml, quoted, type TensorValues, tensorText } from "../tensorValues.ts";
import { method, type Recogniser } from "./recogniser.ts";

/** Up to here all values are read at once: one copy of a few megabytes. */
const readWhole = 1_000_000;

export const tensor: Recogniser = (value) => tfjs(value) ?? onnx(value);

function tfjs(value: object): Bundle | undefined {
  const { shape, dtype, isDisposed, name, trainable } = value as Record<string, unknown>;
  if (!isShape(shape) || typeof dtype !== "string" || method(value, "dataSync") === undefined) return undefined;
  const isVariable = typeof trainable === "boolean" && typeof name === "string";
  const title = `${isVariable ? `Variable "${printable(name, 80)}"` : "Tensor"} [${shape.join(", ")}] ${printable(dtype, 20)}`;
  if (isDisposed === true) return { data: { "text/plain": `${title}, disposed` } };
  return shown(trainable === false ? `${title}, not trainable` : title, readerOf(value as TfTensor));
}

function readerOf(tensor: TfTensor): TensorValues {
  const { shape, dtype } = tensor;
  if (tensor.size > readWhole) {
    const read = cornerReader(tensor, edgeOf(shape));
    return { shape, at: (index) => quoted(read(index)) };
  }
  let values: ArrayLike<unknown> | undefined;
  return {
    shape,
    at(index) {
      values ??= tensor.dataSync();
      const flat = flatIndex(index, shape);
      if (dtype === "complex64") return `${String(values[2 * flat])} + ${String(values[2 * flat + 1])}i`;
      return dtype === "bool" ? values[flat] !== 0 : quoted(values[flat]);
    },
  };
}

function onnx(value: object): Bundle | undefined {
  const { dims, type } = value as Record<string, unknown>;
  if (!isShape(dims) || typeof type !== "string") return undefined;
  const { data } = value as { data?: unknown };
  if (!ArrayBuffer.isView(data) && !Array.isArray(data)) return undefined;
  const values = data as unknown as ArrayLike<unknown>;
  return shown(`Tensor [${dims.join(", ")}] ${printable(type, 20)}`, {
    shape: dims,
    at: (index) => quoted(values[flatIndex(index, dims)]),
  });
}

function shown(title: string, values: TensorValues): Bundle {
  return attempt(
    () => {
      const text = `${title}\n${tensorText(values)}`;
      const isMatrix = values.shape.length === 2 && values.shape.every((length) => length > 0);
      return { data: { ...(isMatrix && { "text/html": matrixHtml(values, title) }), "text/plain": text } };
    },
    (error) => ({ data: { "text/plain": `${title}, values not readable: ${printable(String(error), 200)}` } }),
  );
}

function isShape(value: unknown): value is number[] {
  return Array.isArray(value) && value.every((length) => Number.isSafeInteger(length) && length >= 0);
}
