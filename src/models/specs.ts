/** Parameters as PyTorch's modules have them: what a family's list is put together of. */

import type { Block } from "../freezing/selection.ts";
import type { HuggingFaceConfig } from "./config/config.ts";
import type { Initial, ParameterSpec } from "./parameter.ts";

export interface PartOptions {
  /** Whether there is one. Default: true. */
  readonly bias?: boolean;
  /** Of the weight; biases are zeros. Default: `"normal"`. */
  readonly initial?: Initial;
}

/** One tensor, by its whole name. */
export const tensorSpec = (
  name: string,
  shape: readonly number[],
  block: Block,
  initial: Initial = "normal",
): ParameterSpec => ({ name, shape, block, initial });

/** `nn.Linear(columns, rows)`: weight `[rows, columns]`, bias `[rows]`. */
export const denseSpecs = (
  name: string,
  rows: number,
  columns: number,
  block: Block,
  { bias = true, initial = "normal" }: PartOptions = {},
): ParameterSpec[] => [
  tensorSpec(`${name}.weight`, [rows, columns], block, initial),
  ...(bias ? [tensorSpec(`${name}.bias`, [rows], block, "zeros")] : []),
];

/** `nn.LayerNorm(width)` */
export const normSpecs = (
  name: string,
  width: number,
  block: Block,
  { bias = true }: Pick<PartOptions, "bias"> = {},
): ParameterSpec[] => [
  tensorSpec(`${name}.weight`, [width], block, "ones"),
  ...(bias ? [tensorSpec(`${name}.bias`, [width], block, "zeros")] : []),
];

/** `nn.Embedding(rows, width, padding_idx=zeroRow)`: `[rows, width]`. */
export const tableSpec = (
  name: string,
  rows: number,
  width: number,
  block: Block,
  zeroRow?: number | undefined,
): ParameterSpec => tensorSpec(`${name}.weight`, [rows, width], block, zeroRow === undefined ? "normal" : { zeroRow });

/** The parameters of all encoder layers, from those of each. */
export const perLayer = (
  { numHiddenLayers }: HuggingFaceConfig,
  specs: (index: number) => readonly ParameterSpec[],
): ParameterSpec[] => Array.from({ length: numHiddenLayers }, (_, index) => specs(index)).flat();
