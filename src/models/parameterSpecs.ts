/** What families say of the parameters of their commonest parts: a tensor, a linear projection, a normalisation. */
import type { Block } from "../freezing/selection.ts";
import type { Initial, ParameterSpec } from "./parameter.ts";

export interface PartOptions {
  /** Whether there is one. Default: true. */
  readonly bias?: boolean;
  /** Of the weight of a projection; biases are zeros, weights of normalisations ones. Default: `"normal"`. */
  readonly initial?: Initial;
}

/** One tensor, by its whole name. */
export const tensorSpec = (
  name: string,
  shape: readonly number[],
  block: Block,
  initial: Initial = "normal",
): ParameterSpec => ({ name, shape, block, initial });

/** `name.weight [rows, columns]` and `name.bias [rows]`. */
export const linearSpecs = (
  name: string,
  [rows, columns]: readonly [rows: number, columns: number],
  block: Block,
  { bias = true, initial = "normal" }: PartOptions = {},
): ParameterSpec[] => [
  tensorSpec(`${name}.weight`, [rows, columns], block, initial),
  ...(bias ? [tensorSpec(`${name}.bias`, [rows], block, "zeros")] : []),
];

/** `name.weight` and `name.bias`, both `[width]`. */
export const normSpecs = (
  name: string,
  width: number,
  block: Block,
  { bias = true }: Pick<PartOptions, "bias"> = {},
): ParameterSpec[] => [
  tensorSpec(`${name}.weight`, [width], block, "ones"),
  ...(bias ? [tensorSpec(`${name}.bias`, [width], block, "zeros")] : []),
];
