/** The values of a tensor, in rows and columns within brackets as numpy prints them. */
import { inspect } from "node:util";
import { ends } from "./excerpt.ts";
import { printable } from "./printable.ts";
import { tableHtml } from "./table.ts";

/** What is known of a tensor's values: `at` is asked for those that are shown. */
export interface TensorValues {
  readonly shape: readonly number[];
  /** A text is shown as it is: see `quoted`. */
  at(index: readonly number[]): unknown;
}

/** Tensors up to this size are shown whole. */
const readable = 100;
const maxShown = 1000;
const lineWidth = 100;

/** How many values are shown from each end of an axis; 0 where there are too many axes to show any. */
export function edgeOf(shape: readonly number[]): number {
  if (shape.reduce((product, length) => product * length, 1) <= readable) return readable;
  const shown = (edge: number): number => shape.reduce((n, length) => n * Math.min(length, 2 * edge), 1);
  return [shape.length === 2 ? 5 : 3, 2, 1].find((edge) => shown(edge) <= maxShown) ?? 0;
}

export function tensorText({ shape, at }: TensorValues): string {
  const edge = edgeOf(shape);
  if (edge === 0) return "[...]";
  const texts = textsOf({ shape, at }, edge);
  const all = [...texts.values()];
  const isText = all.some((text) => /^["'`]/.test(text));
  const width = isText ? 0 : Math.max(0, ...all.map((text) => text.length));
  const block = (prefix: readonly number[]): string => {
    const axis = prefix.length;
    if (axis === shape.length) return (texts.get(prefix.join()) ?? "").padStart(width);
    const parts = ends(shape[axis] ?? 0, edge).map((index) =>
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

/** A tensor's text as a value in it. */
export function quoted(value: unknown): unknown {
  return typeof value === "string" ? printable(inspect(value), 40) : value;
}

/** A matrix as a table. */
export function matrixHtml({ shape, at }: TensorValues, note: string): string {
  const edge = edgeOf(shape);
  const texts = textsOf({ shape, at }, edge);
  const [rows, columns] = shape.map((length) => ends(length, edge)) as [(number | undefined)[], (number | undefined)[]];
  const name = (index: number | undefined): string => (index === undefined ? "…" : String(index));
  return tableHtml({
    columns: [{ title: "", numeric: true }, ...columns.map((index) => ({ title: name(index), numeric: true }))],
    rows: rows.map((i) => [
      name(i),
      ...columns.map((j) => (i === undefined || j === undefined ? "…" : (texts.get(`${i},${j}`) ?? ""))),
    ]),
    note,
  });
}

/** The shown values by their index, all formatted alike. */
function textsOf({ shape, at }: TensorValues, edge: number): Map<string, string> {
  let indices: number[][] = [[]];
  for (const length of shape) {
    const along = ends(length, edge).filter((index) => index !== undefined);
    indices = indices.flatMap((prefix) => along.map((index) => [...prefix, index]));
  }
  const values = indices.map(at);
  const format = formatOf(values);
  return new Map(indices.map((index, i) => [index.join(), format(values[i])]));
}

/** Whole numbers as they are; others with four digits after the point, with an exponent where that would say nothing. */
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
