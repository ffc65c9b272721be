/**
 * The ops of native/, eager and outside the gradient tape, as those of ops.ts. Matrices are `[rows, width]`; a gradient
 * that is not wanted is undefined.
 */
import type { Tensor } from "@tensorflow/tfjs-core";
import type { DropoutSite } from "./dropoutMask.ts";
import { outliving } from "./lasting.ts";
import { boolAttribute, floatAttribute, intAttribute, runOp, tf } from "./tensorflow.ts";
import { touchedRows } from "./touchedRows.ts";

/** A site that drops nothing. */
export const noDropout: DropoutSite = { rate: 0, seed: [0, 0] };

export const seedOf = ({ seed }: DropoutSite): Tensor => tf.tensor1d([...seed], "int32");
export const rateOf = ({ rate }: DropoutSite) => floatAttribute("rate", rate);
const epsilonOf = (epsilon: number) => floatAttribute("epsilon", epsilon);

/** Runs a gradient op of `count` outputs, of which those that `wants` names are computed. */
export function gradients(
  name: string,
  inputs: readonly Tensor[],
  attributes: Parameters<typeof runOp>[2],
  count: number,
  wants: (output: number) => boolean,
): (Tensor | undefined)[] {
  const indices = Array.from({ length: count }, (_, i) => i);
  const wanted = indices.reduce((bits, i) => (wants(i) ? bits | (1 << i) : bits), 0);
  const outputs = runOp(name, inputs, [...attributes, intAttribute("wanted", wanted)], count);
  return indices.map((i) => (wants(i) ? outputs[i] : undefined));
}

/** `x * mask`; its own gradient. The mask depends on the seed pair and the place alone. */
export const nativeDropout = (x: Tensor, site: DropoutSite): Tensor =>
  runOp("ThawDropout", [x, seedOf(site)], [rateOf(site)], 1)[0] as Tensor;

/** What a normalisation gives: the result, and the normalised rows and 1 / deviation `[rows]` that its gradient needs. */
export type Normalized = [y: Tensor, normal: Tensor, inverse: Tensor];

export const nativeLayerNorm = (x: Tensor, weight: Tensor, bias: Tensor, epsilon: number): Normalized =>
  runOp("ThawLayerNorm", [x, weight, bias], [epsilonOf(epsilon)], 3) as Normalized;

/** `layerNorm(dropout(x + inputBias) + residual)`; inputs `[x, weight, bias, inputBias, residual]`. */
export const nativeResidualNorm = (inputs: readonly Tensor[], epsilon: number, site: DropoutSite): Normalized =>
  runOp("ThawResidualNorm", [...inputs, seedOf(site)], [epsilonOf(epsilon), rateOf(site)], 3) as Normalized;

/** Gradients of `[x, weight, bias, inputBias, residual]`; those of a plain layer norm's input are the residual's. */
export function nativeNormGradients(
  dy: Tensor,
  [normal, inverse, weight]: readonly Tensor[],
  site: DropoutSite,
  wants: (output: number) => boolean,
): (Tensor | undefined)[] {
  const inputs = [dy, normal, inverse, weight, seedOf(site)] as Tensor[];
  return gradients("ThawResidualNormGrad", inputs, [rateOf(site)], 5, wants);
}

/** `gelu(x + bias)` in the erf form. */
export const nativeBiasGelu = (x: Tensor, bias: Tensor): Tensor => runOp("ThawBiasGelu", [x, bias], [], 1)[0] as Tensor;

/** Gradients of `[x, bias]`, and the value of the forward pass again. */
export const nativeBiasGeluGradients = (
  dy: Tensor,
  x: Tensor,
  bias: Tensor,
  wants: (output: number) => boolean,
): (Tensor | undefined)[] => gradients("ThawBiasGeluGrad", [dy, x, bias], [], 3, wants);

/** `[rows, width] -> [width]`: the sum over rows. */
export const nativeSumRows = (x: Tensor): Tensor => runOp("ThawSumRows", [x], [], 1)[0] as Tensor;

/** `sum(x^2) / 2` over all tensors, a scalar. */
export const nativeHalfSquare = (tensors: readonly Tensor[]): Tensor => {
  const rows = tensors.map((x) => rowsTensor(touchedRows(x)));
  return runOp("ThawHalfSquare", [...tensors, ...rows], [intAttribute("N", tensors.length)], 1)[0] as Tensor;
};

let allRows: Tensor | undefined;

/** Rows for a native op, to which none means all. */
export function rowsTensor(rows: Int32Array | undefined): Tensor {
  if (rows !== undefined) return tf.tensor1d(rows, "int32");
  allRows ??= outliving(tf.keep(tf.tensor1d([], "int32")));
  return allRows;
}

/** Sums `rows [n, width]` by `indices [n]` into `[count, width]`; rows with a negative index are left out. */
export const nativeScatterAdd = (rows: Tensor, indices: Tensor, count: number): Tensor =>
  runOp(
    "ThawScatterAdd",
    [rows, indices],
    [intAttribute("count", count), intAttribute("width", rows.shape[1] as number)],
    1,
  )[0] as Tensor;

/**
 * `sum_i a_i b_i + bias`, each factor read as it lies or as its transpose; the bias is a row, or absent. A row of the
 * result has the same bits wherever it lies and whatever other rows there are. `narrow` rounds the factors to bfloat16.
 */
export function nativeProduct(
  a: readonly Tensor[],
  b: readonly Tensor[],
  transposeA: boolean,
  transposeB: boolean,
  bias: readonly Tensor[] = [],
  narrow = false,
): Tensor {
  const attributes = [
    intAttribute("N", a.length),
    intAttribute("M", bias.length),
    boolAttribute("transpose_a", transposeA),
    boolAttribute("transpose_b", transposeB),
    boolAttribute("narrow", narrow),
  ];
  return runOp("ThawProduct", [...a, ...b, ...bias], attributes, 1)[0] as Tensor;
}

/**
 * `x [rows, width]` rounded to bfloat16, to the nearest and ties to even, two numbers in one: int32
 * `[rows, ceil(width / 2)]`, the first in the lower half.
 */
export const nativeNarrow = (x: Tensor): Tensor => runOp("ThawNarrow", [x], [], 1)[0] as Tensor;

/** The reverse of `nativeNarrow`: float `[rows, width]`. */
export const nativeWiden = (pairs: Tensor, width: number): Tensor =>
  runOp("ThawWiden", [pairs], [intAttribute("width", width)], 1)[0] as Tensor;

/** Whether narrow products are compiled to the processor's own instruction. */
export const nativeHasNarrowProduct = (): boolean =>
  tf.tidy(() => (runOp("ThawHasNarrowProduct", [], [], 1)[0] as Tensor).dataSync()[0] === 1);
