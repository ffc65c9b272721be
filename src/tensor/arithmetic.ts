/** The products of a layer in one precision or the other, and how what its backward pass needs is kept. */
import type { Tensor } from "@tensorflow/tfjs-core";
import { nativeNarrow, nativeProduct, nativeWiden } from "./nativeOps.ts";
import { matMul, matMulBias, sumOfProducts } from "./ops.ts";
import type { Precision } from "./precision.ts";

/** All tensors that come and go are float32, those between `pack` and `unpack` excepted. */
export interface Arithmetic {
  readonly matMul: typeof matMul;
  readonly matMulBias: typeof matMulBias;
  readonly sumOfProducts: typeof sumOfProducts;
  /** `x [rows, width]` -> what is kept of it for the backward pass. */
  readonly pack: (x: Tensor) => Tensor;
  /** -> `[rows, width]` */
  readonly unpack: (packed: Tensor, width: number) => Tensor;
}

const wide: Arithmetic = { matMul, matMulBias, sumOfProducts, pack: (x) => x, unpack: (packed) => packed };

/** Factors are rounded and sums are not; what is kept takes two bytes a number. Only with the ops of native/. */
const narrow: Arithmetic = {
  matMul: (a, b, transposeA = false, transposeB = false) => nativeProduct([a], [b], transposeA, transposeB, [], true),
  matMulBias: (a, b, bias) => nativeProduct([a], [b], false, true, [bias], true),
  sumOfProducts: (a, b) => nativeProduct(a, b, false, false, [], true),
  pack: nativeNarrow,
  unpack: nativeWiden,
};

/** For the fused forms of a layer's parts. Default: float32. */
export const arithmeticOf = (precision: Precision = "float32"): Arithmetic =>
  precision === "bfloat16" ? narrow : wide;
