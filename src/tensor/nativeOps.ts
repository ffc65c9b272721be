/**
 * The ops of native/, eager and outside the gradient tape, as those of ops.ts. Matrices are `[rows, width]`.
 */
import type { Tensor } from "@tensorflow/tfjs-core";
import type { Gradients } from "./differentiable.ts";
import type { DropoutSite } from "./dropoutMask.ts";
import { outliving, touchedRows } from "./marks.ts";
import {
  boolAttribute,
  floatAttribute,
  intAttribute,
  type OpAttribute,
  runOp,
  runOpOutputs,
  tf,
} from "./tensorflow.ts";

/** A dropout site that drops nothing. */
export const noDropout: DropoutSite = { rate: 0, seed: [0, 0] };

export const seedOf = ({ seed }: DropoutSite): Tensor => tf.tensor1d([...seed], "int32");
export const rateOf = ({ rate }: DropoutSite): OpAttribute => floatAttribute("rate", rate);
const epsilonOf = (epsilon: number) => floatAttribute("epsilon", epsilon);

/**
 * Runs a gradient op and gives its outputs, whose names come in the op's order, as gradients. Only those that are `wanted`
 * are computed; the functions of the others must not be called.
 */
export function nativeGradients<Name extends string>(
  op: string,
  inputs: readonly Tensor[],
  attributes: readonly OpAttribute[],
  names: readonly Name[],
  wanted: { readonly [Output in Name]?: boolean },
): Gradients<Record<Name, Tensor>> {
  const bits = names.reduce((sum, name, output) => (wanted[name] ? sum | (1 << output) : sum), 0);
  const outputs = runOpOutputs(op, inputs, [...attributes, intAttribute("wanted", bits)], names);
  return Object.fromEntries(names.map((name) => [name, () => outputs[name]])) as Gradients<Record<Name, Tensor>>;
}

/** `x * mask`, which is its own gradient. The mask depends on the seed pair and the place alone. */
export const nativeDropout = (x: Tensor, site: DropoutSite): Tensor =>
  runOp("ThawDropout", [x, seedOf(site)], [rateOf(site)]);

/** The result of a normalisation, and the normalised rows and 1 / deviation `[rows]` that its gradient needs. */
type Normalized = Readonly<Record<"value" | "normal" | "inverse", Tensor>>;

export const nativeLayerNorm = (x: Tensor, weight: Tensor, bias: Tensor, epsilon: number): Normalized =>
  runOpOutputs("ThawLayerNorm", [x, weight, bias], [epsilonOf(epsilon)], ["value", "normal", "inverse"]);

/** `layerNorm(dropout(x + inputBias) + residual)`: `x` and `residual` `[rows, width]`, the others `[width]`. */
export function nativeResidualNorm(
  inputs: Readonly<Record<"x" | "inputBias" | "residual" | "weight" | "bias", Tensor>>,
  epsilon: number,
  site: DropoutSite,
): Normalized {
  const { x, weight, bias, inputBias, residual } = inputs;
  const ordered = [x, weight, bias, inputBias, residual, seedOf(site)];
  return runOpOutputs("ThawResidualNorm", ordered, [epsilonOf(epsilon), rateOf(site)], ["value", "normal", "inverse"]);
}

const normGradients = ["x", "weight", "bias", "inputBias", "residual"] as const;
type NormGradient = (typeof normGradients)[number];

/** The gradients of `nativeResidualNorm`; that of the input of a plain layer norm is the `residual`'s. */
export const nativeNormGradients = (
  dy: Tensor,
  { normal, inverse, weight }: Readonly<Record<"normal" | "inverse" | "weight", Tensor>>,
  site: DropoutSite,
  wanted: { readonly [Name in NormGradient]?: boolean },
): Gradients<Record<NormGradient, Tensor>> =>
  nativeGradients(
    "ThawResidualNormGrad",
    [dy, normal, inverse, weight, seedOf(site)],
    [rateOf(site)],
    normGradients,
    wanted,
  );

/** `gelu(x + bias)` in the erf form. */
export const nativeBiasGelu = (x: Tensor, bias: Tensor): Tensor => runOp("ThawBiasGelu", [x, bias]);

/** The gradients of `nativeBiasGelu`, and its `value` again. */
export const nativeBiasGeluGradients = (
  dy: Tensor,
  x: Tensor,
  bias: Tensor,
  wanted: { readonly [Name in "x" | "bias" | "value"]?: boolean },
): Gradients<Record<"x" | "bias" | "value", Tensor>> =>
  nativeGradients("ThawBiasGeluGrad", [dy, x, bias], [], ["x", "bias", "value"], wanted);

/** `[rows, width] -> [width]`: the sum over rows. */
export const nativeSumRows = (x: Tensor): Tensor => runOp("ThawSumRows", [x]);

/** `sum(x^2) / 2` over all tensors, a scalar. */
export const nativeHalfSquare = (tensors: readonly Tensor[]): Tensor => {
  const rows = tensors.map((x) => rowsTensor(touchedRows(x)));
  return runOp("ThawHalfSquare", [...tensors, ...rows], [intAttribute("N", tensors.length)]);
};

/** The SHA-256 of the float32 bytes of each tensor: int32 `[tensors, 8]`, whose rows have the 32 bytes of the hashes. */
export const nativeSha256 = (tensors: readonly Tensor[]): Tensor =>
  runOp("ThawSha256", tensors, [intAttribute("N", tensors.length)]);

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
  );

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
  return runOp("ThawProduct", [...a, ...b, ...bias], attributes);
}

/**
 * `x [rows, width]` rounded to bfloat16, to the nearest and ties to even, two numbers in one: int32
 * `[rows, ceil(width / 2)]`, the first in the lower half.
 */
export const nativeNarrow = (x: Tensor): Tensor => runOp("ThawNarrow", [x]);

/** The reverse of `nativeNarrow`: float `[rows, width]`. */
export const nativeWiden = (pairs: Tensor, width: number): Tensor =>
  runOp("ThawWiden", [pairs], [intAttribute("width", width)]);

/** Whether narrow products are compiled to the processor's own instruction. */
export const nativeHasNarrowProduct = (): boolean =>
  tf.tidy(() => runOp("ThawHasNarrowProduct", []).dataSync()[0] === 1);
