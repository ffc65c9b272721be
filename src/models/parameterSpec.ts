/** What a family says of its parameters: names, shapes, blocks and fresh values, as PyTorch's modules have them. */
import type { Block } from "../freezing/selection.ts";
import type { HuggingFaceConfig } from "./config/config.ts";

/** How values are made where a file has none, as `_init_weights` of transformers does it. */
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
      /** Values are drawn again until they are within this many standard deviations. Default: no limit. */
      readonly cutoff?: number;
      /** Index of the row that is zero, that of the padding. Default: no row is. */
      readonly zeroRow?: number | undefined;
    };

/** One parameter of a model, before it has values. */
export interface ParameterSpec {
  /** The name in Hugging Face's state dict, exactly. */
  readonly name: string;
  readonly shape: readonly number[];
  readonly block: Block;
  readonly initial: Initial;
}

/** The number of values of a tensor: the product of its dimensions. */
export const elementsOf = (shape: readonly number[]): number => shape.reduce((product, size) => product * size, 1);

interface ModuleOptions {
  /** Whether the module has a bias. Default: true. */
  readonly bias?: boolean;
  /** How the weight is initialised; biases are zeros. Default: `"normal"`. */
  readonly initial?: Initial;
}

/** One tensor, by its whole name. */
export const tensorSpec = (
  name: string,
  shape: readonly number[],
  block: Block,
  initial: Initial = "normal",
): ParameterSpec => ({ name, shape, block, initial });

/** `nn.Linear(columns, rows)` has a weight `[rows, columns]` and a bias `[rows]`. */
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

/** `nn.LayerNorm(width)` has a weight and a bias, both `[width]`. */
export const normSpecs = (
  name: string,
  width: number,
  block: Block,
  { bias = true }: Pick<ModuleOptions, "bias"> = {},
): ParameterSpec[] => [
  tensorSpec(`${name}.weight`, [width], block, "ones"),
  ...(bias ? [tensorSpec(`${name}.bias`, [width], block, "zeros")] : []),
];

/** `nn.Embedding(rows, width, padding_idx=zeroRow)` has a weight `[rows, width]`. */
export const tableSpec = (
  name: string,
  rows: number,
  width: number,
  block: Block,
  zeroRow?: number | undefined,
): ParameterSpec => tensorSpec(`${name}.weight`, [rows, width], block, zeroRow === undefined ? "normal" : { zeroRow });

/** The parameters of all encoder layers, bottom to top, from those of each. */
export const perLayer = (
  { numHiddenLayers }: HuggingFaceConfig,
  specs: (index: number) => readonly ParameterSpec[],
): ParameterSpec[] => Array.from({ length: numHiddenLayers }, (_, index) => specs(index)).flat();
