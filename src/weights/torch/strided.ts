/** From a view of a storage to its elements in row-major order. */
import type { StoredTensor } from "./values.ts";

/** The elements that a tensor reaches, as a range of its storage, and whether they lie there in row-major order. */
export function extentOf({ offset, shape, strides }: StoredTensor) {
  const elements = shape.reduce((product, n) => product * n, 1);
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

/** `values` begins with the tensor's first element; gives `elements` numbers in row-major order. */
export function gather(
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
