/** Specifications of a family's parameters: names, shapes, blocks and initialisation, as in PyTorch's modules. */
import type { Block } from "../freezing/selection.ts";
import type { HuggingFaceConfig } from "./config/config.ts";

/** The initialisation of a parameter that the checkpoint lacks, as in `_init_weights` of transformers. */
export type Initial =
  | "zeros"
  | "ones"
  /** Drawn from N(0, initializerRange). */
  | "normal"
  /** Position p of width w has `sin(p / 10000 ^ (2k / w))` in column 2k, and the cosine of the same in column 2k + 1. */
  | "sinusoids"
  | {
      /** Standard deviation of a normal distribution. Default: the config's `initializerRange`. */
      readonly std?: number;
      /** Number of standard deviations at which the distribution is truncated. Default: no limit. */
      readonly cutoff?: number;
      /** Index of the padding's row, which is zero. Default: no such row. */
      readonly zeroRow?: number | undefined;
    };

/** The specification of one parameter, without values. */
export interface ParameterSpec {
  /** The exact name in Hugging Face's state dict. */
  readonly name: string;
  readonly shape: readonly number[];
  readonly block: Block;
  readonly initial: Initial;
}

interface ModuleOptions {
  /** Whether the module has a bias. Default: true. */
  readonly bias?: boolean;
  /** Initialisation of the weight; biases are zeros. Default: `"normal"`. */
  readonly initial?: Initial;
}

/** Specifies one parameter by its full name. */
export const tensorSpec = (
  name: string,
  shape: readonly number[],
  block: Block,
  initial: Initial = "normal",
): ParameterSpec => ({ name, shape, block, initial });

/** Specifies an `nn.Linear(columns, rows)`: a weight `[rows, columns]` and a bias `[rows]`. */
export const denseSpecs = (
  name: string,
  rows: number,
  columns: number,
  block: Block,
  { bias = true, initial = "normal" }: ModuleOptions = {},
): ParameterSpec[] => [
  tensorSpec(`${name}.weight`, [rows, columns], block, initial),
  ...(bias ? [tensorSpec(`${name}.bias`, [rows], block, "zeros")] : []),
];

/** Specifies an `nn.LayerNorm(width)`: a weight and a bias, both `[width]`. */
export const normSpecs = (
  name: string,
  width: number,
  block: Block,
  { bias = true }: Pick<ModuleOptions, "bias"> = {},
): ParameterSpec[] => [
  tensorSpec(`${name}.weight`, [width], block, "ones"),
  ...(bias ? [tensorSpec(`${name}.bias`, [width], block, "zeros")] : []),
];

/** Specifies an `nn.Embedding(rows, width, padding_idx=zeroRow)`: a weight `[rows, width]`. */
export const tableSpec = (
  name: string,
  rows: number,
  width: number,
  block: Block,
  zeroRow?: number | undefined,
): ParameterSpec => tensorSpec(`${name}.weight`, [rows, width], block, zeroRow === undefined ? "normal" : { zeroRow });

/** Specifies the parameters of all encoder layers, bottom to top, given a function for one layer. */
export const perLayer = (
  { numHiddenLayers }: HuggingFaceConfig,
  specs: (index: number) => readonly ParameterSpec[],
): ParameterSpec[] => Array.from({ length: numHiddenLayers }, (_, index) => specs(index)).flat();
