/** Normally distributed numbers, for weights that no file has. */
import { randomWords } from "./philox.ts";

export interface NormalOptions {
  /** Default: 0. */
  readonly mean?: number;
  /** Standard deviation. Default: 1. */
  readonly std?: number;
}

const wordsAtOnce = 1 << 16;

/** `length` numbers of N(mean, std^2) by Box-Muller; number i depends on (seed, stream, i) alone. */
export function randomNormal(
  seed: number,
  stream: string,
  length: number,
  { mean = 0, std = 1 }: NormalOptions = {},
): Float32Array {
  const numbers = new Float32Array(length);
  for (let start = 0; start < length; start += wordsAtOnce) {
    const words = randomWords(seed, stream, Math.min(wordsAtOnce, length - start + (length % 2)), start);
    for (let i = 0; i < words.length; i += 2) {
      const radius = std * Math.sqrt(-2 * Math.log(((words[i] as number) + 1) / 2 ** 32));
      const angle = (2 * Math.PI * (words[i + 1] as number)) / 2 ** 32;
      numbers[start + i] = mean + radius * Math.cos(angle);
      // For an odd length the last sine falls off the end: a typed array ignores it.
      numbers[start + i + 1] = mean + radius * Math.sin(angle);
    }
  }
  return numbers;
}
