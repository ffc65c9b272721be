/** Reads a big tfjs tensor by its corners, so that what is not shown is not copied out of the engine. */

import { cells } from "../cellRealm.ts";

/** The part of a tfjs tensor that is used; any instance of the library has it. */
export interface TfTensor {
  readonly shape: readonly number[];
  readonly dtype: string;
  readonly size: number;
  dataSync(): ArrayLike<unknown>;
  dispose(): void;
  slice?(begin: readonly number[], size: readonly number[]): TfTensor;
}

/** All instances of tfjs in a process share this. */
interface Engine {
  runKernel(
    name: "Slice",
    inputs: { x: TfTensor },
    attributes: { begin: readonly number[]; size: readonly number[] },
  ): TfTensor;
}

/** Reads the values within `edge` of the ends of each axis, a block per corner when it is first asked for. */
export function cornerReader(tensor: TfTensor, edge: number): (index: readonly number[]) => unknown {
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

/** Row-major. */
export function flatIndex(index: readonly number[], shape: readonly number[]): number {
  return index.reduce((flat, value, axis) => flat * (shape[axis] ?? 1) + value, 0);
}
