/**
 * In which numbers layers multiply, and where. bfloat16 is the upper half of a float32: the same range, 8 bits of
 * precision (relative rounding error 2^-8 at most), and on some processors an instruction that takes two at a time.
 */
import { cpus } from "node:os";
import { ThawError } from "../errors.ts";
import { nativeOps } from "./native.ts";
import { nativeHasNarrowProduct } from "./nativeOps.ts";
import { engineInfo } from "./tensorflow.ts";

export const precisions = ["float32", "bfloat16"] as const;
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
