/**
 * Which rows of a gradient are not zero: those of an embedding's table that a batch uses, a small part of a vocabulary.
 * The gradient itself stays dense, so whoever does not know of this gets the same result, slower.
 */
import type { Tensor } from "@tensorflow/tfjs-core";

/** By the values, which clones of a tensor share. */
const rowsOf = new WeakMap<object, Int32Array>();

/** Says that all rows of `gradient [rows, width]` but these are zero. Indices in any order, repeated or negative ones too. */
export function markTouchedRows<T extends Tensor>(gradient: T, indices: Int32Array): T {
  rowsOf.set(gradient.dataId, Int32Array.from(new Set(indices.filter((index) => index >= 0))).sort());
  return gradient;
}

/** The rows in rising order, each once; undefined where any may be other than zero. */
export const touchedRows = (gradient: Tensor): Int32Array | undefined => rowsOf.get(gradient.dataId);
