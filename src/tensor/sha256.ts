/** The SHA-256 of tensors, by which weights are known again. */
import type { Tensor } from "@tensorflow/tfjs-core";
import { createHash } from "../platform/bytes.ts";
import { collectYoung } from "../platform/machine.ts";
import { choose } from "./native.ts";
import { nativeSha256 } from "./nativeOps.ts";
import { tf } from "./tensorflow.ts";
import { dataOf } from "./variable.ts";

type Sha256 = (tensors: readonly Tensor[]) => string[];

/** The composed form of `sha256Of`, which hashes copies, one at a time. */
export const composedSha256: Sha256 = (tensors) => {
  const hashes = tensors.map((tensor) => {
    const { buffer, byteOffset, byteLength } = dataOf(tensor);
    return createHash("sha256")
      .update(new Uint8Array(buffer, byteOffset, byteLength))
      .digest("hex");
  });
  if (tensors.length > 0) collectYoung(); // the copies: they may be as large as the model
  return hashes;
};

/** Computes the SHA-256 of the little-endian float32 values of each tensor, in hexadecimal. */
export const sha256Of: Sha256 = choose((tensors) => {
  if (tensors.length === 0) return [];
  const words = tf.tidy(() => nativeSha256(tensors).dataSync()) as Int32Array;
  const bytes = Buffer.from(words.buffer, words.byteOffset, words.byteLength);
  return tensors.map((_, i) => bytes.toString("hex", 32 * i, 32 * (i + 1)));
}, composedSha256);
