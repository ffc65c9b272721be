/**
 * Marks that this project keeps beside tensors, since the engine knows nothing of them: that a tensor outlives the work in
 * which it was made, and which rows of a gradient are not zero.
 */
import type { Tensor } from "@tensorflow/tfjs-core";

const lasting = new WeakSet<object>();

/**
 * Marks a weight, its handle or a constant that is made once, and gives it back: it is not freed where the work in which
 * it was made is ended by force. Its owner frees it.
 */
export function outliving<T extends object>(tensor: T): T {
  lasting.add(tensor);
  return tensor;
}

/** Whether the tensor is marked as outliving the work in which it was made. */
export const isLasting = (tensor: object): boolean => lasting.has(tensor);

/** The rows by the values of the gradient, which clones of a tensor share. */
const rowsOf = new WeakMap<object, Int32Array>();

/**
 * Marks `gradient [rows, width]` as zero outside these rows: those of an embedding's table that a batch uses are a small
 * part of a vocabulary. The gradient stays dense, so whoever does not know of the mark gets the same result, slower.
 * Indices come in any order, repeated or negative ones too.
 */
export function markTouchedRows<T extends Tensor>(gradient: T, indices: Int32Array): T {
  rowsOf.set(gradient.dataId, Int32Array.from(new Set(indices.filter((index) => index >= 0))).sort());
  return gradient;
}

/** The marked rows in rising order, each once; undefined where any row may be other than zero. */
export const touchedRows = (gradient: Tensor): Int32Array | undefined => rowsOf.get(gradient.dataId);
