/** Seeded permutations. */
import { randomWords } from "./philox.ts";

/** The numbers 0 to length - 1 in a random order (Fisher-Yates), the same for the same seed and stream. */
export function shuffled(length: number, seed: number, stream: string): Uint32Array {
  const order = Uint32Array.from({ length }, (_, i) => i);
  const words = randomWords(seed, stream, length);
  for (let i = length - 1; i > 0; i--) {
    // Scaling instead of rejection: off from uniform by less than length / 2^32.
    const j = Math.floor(((words[i] as number) / 2 ** 32) * (i + 1));
    const swapped = order[i] as number;
    order[i] = order[j] as number;
    order[j] = swapped;
  }
  return order;
}
