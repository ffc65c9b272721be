/**
 * The precision of the layers' matrix products, and the machines that support it. bfloat16 is the upper half of a
 * float32: the same range, 8 bits of precision (relative rounding error 2^-8 at most), and on some processors an
 * instruction that takes two at a time.
 */
import type { Tensor } from "@tensorflow/tfjs-core";
import { ThawError } from "../errors.ts";
import { cpus } from "../platform/machine.ts";
import { nativeOps } from "./native.ts";
import { nativeHasNarrowProduct, nativeNarrow, nativeProduct, nativeWiden } from "./nativeOps.ts";
import { matMul, matMulBias, sumOfProducts } from "./ops.ts";
import { engineInfo } from "./tensorflow.ts";

/** The number formats in which the layers can compute. */
export const precisions = ["float32", "bfloat16"] as const;
/** The number format in which the layers compute. */
export type Precision = (typeof precisions)[number];

let hasInstruction: boolean | undefined;

/** Whether the ops of native/ multiply in bfloat16 by an instruction of the processor: any other way is slower than float32. */
export function hasBfloat16(): boolean {
  hasInstruction ??= nativeOps && nativeHasNarrowProduct();
  return hasInstruction;
}

/** Throws `PRECISION_UNSUPPORTED` where training in this precision would gain nothing. */
export function checkPrecision(precision: Precision): void {
  if (precision === "bfloat16" && !hasBfloat16()) throw unsupported();
}

/** Throws `PRECISION_UNSUPPORTED` where there is no way to compute in this precision, slow ones included. */
export function checkComputable(precision: Precision): void {
  if (precision === "bfloat16" && !nativeOps) throw unsupported();
}

function unsupported(): ThawError {
  return new ThawError("PRECISION_UNSUPPORTED", `precision is "bfloat16", but ${missing()}. Use precision: "float32".`);
}

function missing(): string {
  const { device } = engineInfo();
  if (device === "gpu") return "on a GPU Thaw computes in float32 only";
  if (device === "wasm") return "this runs on WebAssembly, which computes in float32 only";
  if (!nativeOps) return "the fused operations that it needs are not there (`npx thaw doctor` says why)";
  const processor = cpus()[0]?.model.trim() ?? "of unknown name";
  return `this processor (${processor}), or the compiler of the fused operations, has no AVX512_BF16 instructions`;
}

/**
 * The products of a layer in one precision, and how the tensors that its backward pass needs are kept. All tensors that
 * come and go are float32, those between `pack` and `unpack` excepted.
 */
interface Arithmetic {
  readonly matMul: typeof matMul;
  readonly matMulBias: typeof matMulBias;
  readonly sumOfProducts: typeof sumOfProducts;
  /** Packs `x [rows, width]` for the backward pass. */
  readonly pack: (x: Tensor) => Tensor;
  /** Unpacks a packed tensor to `[rows, width]`. */
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

/** The arithmetic of the fused forms of a layer's parts in this precision. */
export const arithmeticOf = (precision: Precision = "float32"): Arithmetic =>
  precision === "bfloat16" ? narrow : wide;
