/** The size of tensors by their shapes, for what needs no engine as well. */

/** Returns the number of values of a tensor: the product of its dimensions. */
export const elementsOf = (shape: readonly number[]): number => shape.reduce((product, size) => product * size, 1);
