/** Tensors of TensorFlow.js, of ONNX Runtime and of transformers.js: shape, type, and values from the corners. */

import { inspect } from "node:util";
import type { DisplayBundle } from "../../../shared/mimeBundle.ts";
import { tableHtml } from "../../../shared/table.ts";
import { tryOr } from "../interrupt/kernelInterrupt.ts";
import { cells } from "../realm/cellRealm.ts";
import { headAndTail, printable } from "./plainText.ts";
import { boundMethod, type Recogniser } from "./recogniser.ts";

/** Tensors up to this size are read whole: one copy of a few megabytes. */
const readWhole = 1_000_000;

/** Tensors, told by their properties. */
export const tensor: Recogniser = (value) => tfjs(value) ?? onnx(value);

function tfjs(value: object): DisplayBundle | undefined {
  const { shape, dtype, isDisposed, name, trainable } = value as Record<string, unknown>;
  if (!isShape(shape) || typeof dtype !== "string" || boundMethod(value, "dataSync") === undefined) return undefined;
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

function onnx(value: object): DisplayBundle | undefined {
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

function shown(title: string, values: TensorValues): DisplayBundle {
  return tryOr(
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

/** The part of a tfjs tensor that is read; any instance of the library has it. */
interface TfTensor {
  readonly shape: readonly number[];
  readonly dtype: string;
  readonly size: number;
  dataSync(): ArrayLike<unknown>;
  dispose(): void;
  slice?(begin: readonly number[], size: readonly number[]): TfTensor;
}

/** The engine of tfjs, which all instances of the library in a process share. */
interface Engine {
  runKernel(
    name: "Slice",
    inputs: { x: TfTensor },
    attributes: { begin: readonly number[]; size: readonly number[] },
  ): TfTensor;
}

/** Reads the values within `edge` of the ends of each axis, a block per corner when it is first asked for. */
function cornerReader(tensor: TfTensor, edge: number): (index: readonly number[]) => unknown {
  const blocks = new Map<string, ArrayLike<unknown>>();
  const start = (index: number, axis: number): number => {
    const length = tensor.shape[axis] ?? 0;
    return length <= 2 * edge || index < edge ? 0 : length - edge;
  };
  const size = tensor.shape.map((length) => (length <= 2 * edge ? length : edge));
  return (index) => {
    const begin = index.map(start);
    const key = begin.join();
    const block = blocks.get(key) ?? read(tensor, begin, size);
    blocks.set(key, block);
    return block[
      flatIndex(
        index.map((value, axis) => value - (begin[axis] ?? 0)),
        size,
      )
    ];
  };
}

function read(tensor: TfTensor, begin: readonly number[], size: readonly number[]): ArrayLike<unknown> {
  const engine = (cells as { _tfengine?: Engine })._tfengine;
  const block = tensor.slice?.(begin, size) ?? engine?.runKernel("Slice", { x: tensor }, { begin, size });
  if (block === undefined) throw new Error("This tensor has no engine to read a part of it with.");
  const values = block.dataSync();
  block.dispose();
  return values;
}

/** Returns the row-major index of a value. */
function flatIndex(index: readonly number[], shape: readonly number[]): number {
  return index.reduce((flat, value, axis) => flat * (shape[axis] ?? 1) + value, 0);
}

/** The values of a tensor; `at` is called for those that are shown. */
interface TensorValues {
  readonly shape: readonly number[];
  /** Reads one value; a text is shown as it is (see `quoted`). */
  at(index: readonly number[]): unknown;
}

/** Tensors up to this number of values are shown whole. */
const readable = 100;
const maxShown = 1000;
const lineWidth = 100;

/** Returns how many values are shown from each end of an axis; 0 where there are too many axes to show any. */
function edgeOf(shape: readonly number[]): number {
  if (shape.reduce((product, length) => product * length, 1) <= readable) return readable;
  const shown = (edge: number): number => shape.reduce((n, length) => n * Math.min(length, 2 * edge), 1);
  return [shape.length === 2 ? 5 : 3, 2, 1].find((edge) => shown(edge) <= maxShown) ?? 0;
}

function tensorText({ shape, at }: TensorValues): string {
  const edge = edgeOf(shape);
  if (edge === 0) return "[...]";
  const texts = textsOf({ shape, at }, edge);
  const all = [...texts.values()];
  const isText = all.some((text) => /^["'`]/.test(text));
  const width = isText ? 0 : Math.max(0, ...all.map((text) => text.length));
  const block = (prefix: readonly number[]): string => {
    const axis = prefix.length;
    if (axis === shape.length) return (texts.get(prefix.join()) ?? "").padStart(width);
    const parts = headAndTail(shape[axis] ?? 0, edge).map((index) =>
      index === undefined ? "..." : block([...prefix, index]),
    );
    const indent = " ".repeat(axis + 1);
    const inner =
      axis === shape.length - 1
        ? wrapped(parts, indent)
        : parts.join(`,${"\n".repeat(Math.min(2, shape.length - 1 - axis))}${indent}`);
    return `[${inner}]`;
  };
  return shape.length === 0 ? block([]).trim() : block([]);
}

/** Quotes a value that is text. */
export function quoted(value: unknown): unknown {
  return typeof value === "string" ? printable(inspect(value), 40) : value;
}

/** Renders a matrix as a table. */
function matrixHtml({ shape, at }: TensorValues, note: string): string {
  const edge = edgeOf(shape);
  const texts = textsOf({ shape, at }, edge);
  const [rows, columns] = shape.map((length) => headAndTail(length, edge)) as [
    (number | undefined)[],
    (number | undefined)[],
  ];
  const name = (index: number | undefined): string => (index === undefined ? "…" : String(index));
  return tableHtml({
    columns: ["", ...columns.map(name)].map((title) => ({ title, align: "right" })),
    rows: rows.map((i) => [
      name(i),
      ...columns.map((j) => (i === undefined || j === undefined ? "…" : (texts.get(`${i},${j}`) ?? ""))),
    ]),
    rowHeaders: true,
    notes: [note],
  });
}

/** Formats the shown values alike, by their index. */
function textsOf({ shape, at }: TensorValues, edge: number): Map<string, string> {
  let indices: number[][] = [[]];
  for (const length of shape) {
    const along = headAndTail(length, edge).filter((index) => index !== undefined);
    indices = indices.flatMap((prefix) => along.map((index) => [...prefix, index]));
  }
  const values = indices.map(at);
  const format = formatOf(values);
  return new Map(indices.map((index, i) => [index.join(), format(values[i])]));
}

/**
 * Chooses a format: whole numbers as they are, others with four digits after the point, and with an exponent where that
 * would say nothing.
 */
function formatOf(values: readonly unknown[]): (value: unknown) => string {
  const numbers = values.filter((value): value is number => typeof value === "number" && Number.isFinite(value));
  const whole = numbers.every(Number.isInteger);
  const sizes = numbers.filter((value) => value !== 0).map(Math.abs);
  const extreme = sizes.some((size) => size >= 1e8 || size < 1e-4);
  return (value) => {
    if (typeof value !== "number" || !Number.isFinite(value)) return String(value);
    if (whole && Math.abs(value) < 1e15) return String(value);
    return extreme ? value.toExponential(4) : value.toFixed(4);
  };
}

function wrapped(parts: readonly string[], indent: string): string {
  const lines: string[] = [];
  let line = "";
  for (const part of parts) {
    if (line !== "" && indent.length + line.length + part.length + 2 > lineWidth) {
      lines.push(`${line},`);
      line = part;
    } else line = line === "" ? part : `${line}, ${part}`;
  }
  return [...lines, line].join(`\n${indent}`);
}
