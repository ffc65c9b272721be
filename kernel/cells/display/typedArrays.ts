/** Typed arrays and buffers that are too long to read: their length, the first and the last values, and their range. */
import { types } from "node:util";
import { formatCount } from "../../../shared/text.ts";
import { asBuffer } from "./mimeData.ts";
import { headAndTail, plainText } from "./plainText.ts";
import type { Recogniser } from "./recogniser.ts";

/** The number of values that Node prints in full. */
const readable = 100;
const edge = { values: 5, bytes: 16 } as const;
/** The largest number of values whose range is computed. */
const maxScanned = 1_000_000;

type Values = ArrayLike<number | bigint>;

/** Typed arrays, and buffers as hexadecimal bytes. */
export const typedArray: Recogniser = (value) => {
  if (types.isAnyArrayBuffer(value) || types.isDataView(value) || Buffer.isBuffer(value)) return bytes(value);
  if (!types.isTypedArray(value)) return undefined;
  if (value.length <= readable) return { data: { "text/plain": plainText(value) } };
  const shown = excerpt(value, edge.values, numberText(value));
  const text = `${value[Symbol.toStringTag]}(${formatCount(value.length)}) [ ${shown.join(", ")} ]${range(value)}`;
  return { data: { "text/plain": text } };
};

function bytes(value: ArrayBufferLike | DataView | Buffer) {
  if (value.byteLength <= 50) return { data: { "text/plain": plainText(value) } };
  const name = Buffer.isBuffer(value) ? "Buffer" : Object.prototype.toString.call(value).slice("[object ".length, -1);
  const shown = excerpt(asBuffer(value), edge.bytes, (byte) => byte.toString(16).padStart(2, "0"));
  return { data: { "text/plain": `${name}, ${formatCount(value.byteLength)} bytes <${shown.join(" ")}>` } };
}

function excerpt(values: Values, edge: number, text: (value: number | bigint) => string): string[] {
  return headAndTail(values.length, edge).map((index) => (index === undefined ? "..." : text(values[index] ?? 0)));
}

/**
 * Returns a function that prints a value. A 32-bit float has seven digits; the further ones of its double are noise.
 */
function numberText(values: Values): (value: number | bigint) => string {
  if (types.isFloat32Array(values)) return (value) => String(Number(Number(value).toPrecision(7)));
  return (value) => (typeof value === "bigint" ? `${value}n` : String(value));
}

function range(values: Values): string {
  if (values.length > maxScanned) return "";
  const text = numberText(values);
  let least: number | bigint = Number.POSITIVE_INFINITY;
  let most: number | bigint = Number.NEGATIVE_INFINITY;
  let missing = 0;
  for (let i = 0; i < values.length; i++) {
    const value = values[i] as number | bigint;
    if (Number.isNaN(value)) missing++;
    if (value < least) least = value;
    if (value > most) most = value;
  }
  const between = missing === values.length ? "" : ` from ${text(least)} to ${text(most)}`;
  return missing === 0 ? between : `${between}, ${formatCount(missing)} NaN`;
}
