/** Tensors that outlive the piece of work in which they were made: weights, their handles, constants that are made once. */
const lasting = new WeakSet<object>();

/** The same tensor, which is not freed where that work is ended by force; its owner frees it. */
export function outliving<T extends object>(tensor: T): T {
  lasting.add(tensor);
  return tensor;
}

export const isLasting = (tensor: object): boolean => lasting.has(tensor);
