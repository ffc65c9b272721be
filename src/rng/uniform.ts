/** Evenly distributed numbers. */
import { randomWords } from "./philox.ts";

/** `length` numbers in [0, 1); number i depends on (seed, stream, i) alone. */
export function randomUniform(seed: number, stream: string, length: number): Float32Array {
  // 24 bits: what a float holds exactly
  return Float32Array.from(randomWords(seed, stream, length), (word) => (word >>> 8) / 2 ** 24);
}
