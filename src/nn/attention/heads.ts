/**
 * Packed rows as matrices per head and text, padded to the longest text, and back. The head comes first, so that what a
 * head multiplies with one table for all texts (positions, segments) is a single product.
 */
import type { Tensor } from "@tensorflow/tfjs-core";
import { transpose } from "../../tensor/ops.ts";
import type { Packing } from "../packing.ts";

/** How a matrix of packed rows is read: `heads` parts side by side, texts one after the other. */
export interface HeadLayout {
  readonly heads: number;
  readonly packing: Packing;
}

/** `[tokens, hidden]` -> `[heads, batch, maxLength, hidden / heads]`, zeros on padding. No gradient. */
export function splitHeads(x: Tensor, { heads, packing }: HeadLayout): Tensor {
  const width = (x.shape[1] as number) / heads;
  const padded = packing.pad(x).reshape([packing.batch, packing.maxLength, heads, width]);
  return transpose(padded, [2, 0, 1, 3]);
}

/** The reverse: `[heads, batch, maxLength, width]` -> `[tokens, heads * width]`. No gradient. */
export function mergeHeads(x: Tensor, { heads, packing }: HeadLayout): Tensor {
  const hidden = heads * (x.shape[3] as number);
  return packing.unpad(transpose(x, [1, 2, 0, 3]).reshape([packing.batch, packing.maxLength, hidden]));
}

/** `[rows, hidden]` -> `[heads, rows, hidden / heads]`: a table that all texts share. No gradient. */
export function splitTable(table: Tensor, heads: number): Tensor {
  const [rows, hidden] = table.shape as [number, number];
  return transpose(table.reshape([rows, heads, hidden / heads]), [1, 0, 2]);
}

/** The reverse: `[heads, rows, width]` -> `[rows, heads * width]`. No gradient. */
export function mergeTable(x: Tensor): Tensor {
  const [heads, rows, width] = x.shape as [number, number, number];
  return transpose(x, [1, 0, 2]).reshape([rows, heads * width]);
}
