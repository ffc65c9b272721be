/** Parameters as PyTorch's modules have them: what a family's list is put together of. */
import type { HuggingFaceConfig } from "../config/config.ts";
import type { Block } from "../freezing/selection.ts";
import type { ParameterSpec } from "./parameter.ts";

/** `nn.Linear(columns, rows)`: weight `[rows, columns]`, bias `[rows]`. */
export const denseSpecs = (name: string, rows: number, columns: number, block: Block): ParameterSpec[] => [
  { name: `${name}.weight`, shape: [rows, columns], block, initial: "normal" },
  { name: `${name}.bias`, shape: [rows], block, initial: "zeros" },
];

/** `nn.LayerNorm(width)` */
export const normSpecs = (name: string, width: number, block: Block): ParameterSpec[] => [
  { name: `${name}.weight`, shape: [width], block, initial: "ones" },
  { name: `${name}.bias`, shape: [width], block, initial: "zeros" },
];

/** `nn.Embedding(rows, width, padding_idx=zeroRow)`: `[rows, width]`. */
export const tableSpec = (
  name: string,
  rows: number,
  width: number,
  block: Block,
  zeroRow?: number | undefined,
): ParameterSpec => ({
  name: `${name}.weight`,
  shape: [rows, width],
  block,
  initial: zeroRow === undefined ? "normal" : { zeroRow },
});

/** The parameters of all encoder layers, from those of each. */
export const perLayer = (
  { numHiddenLayers }: HuggingFaceConfig,
  specs: (index: number) => readonly ParameterSpec[],
): ParameterSpec[] => Array.from({ length: numHiddenLayers }, (_, index) => specs(index)).flat();
