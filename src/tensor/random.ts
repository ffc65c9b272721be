/**
 * Random numbers that are a pure function of a seed, the name of a random stream and an index, independent of earlier
 * draws: words of 32 bits, normally distributed numbers, permutations. (Dropout has masks of its own: dropoutMask.ts.)
 */
import { ThawError } from "../errors.ts";
import { createHash } from "../platform/bytes.ts";

/**
 * `length` words of 32 bits, from word number `offset` of the stream on, by Philox4x32-10. `seed` is an integer from 0 to
 * 2^53 - 1, `stream` any text, such as `"init/classifier.weight"` or `"shuffle/3"`. Errors: `BAD_SEED`.
 */
export function randomWords(seed: number, stream: string, length: number, offset = 0): Uint32Array {
  const state = streamState(seed, stream);
  const words = new Uint32Array(length);
  const block = new Uint32Array(4);
  let i = 0;
  while (i < length) {
    const position = offset + i;
    fillBlock(block, Math.floor(position / 4), state);
    for (let lane = position % 4; lane < 4 && i < length; lane++, i++) words[i] = block[lane] as number;
  }
  return words;
}

interface NormalOptions {
  /** Mean of the distribution. Default: 0. */
  readonly mean?: number;
  /** Standard deviation of the distribution. Default: 1. */
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

/** The numbers 0 to `length - 1` in a random order (Fisher-Yates), the same for the same seed and stream. */
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

/** Counter words 2 and 3, and the two key words, of one stream of one seed. */
interface StreamState {
  readonly key0: number;
  readonly key1: number;
  readonly high0: number;
  readonly high1: number;
}

function streamState(seed: number, stream: string): StreamState {
  if (!Number.isSafeInteger(seed) || seed < 0) {
    throw new ThawError("BAD_SEED", `A seed is an integer from 0 to 2^53 - 1, got ${seed}. Use for example seed: 0.`);
  }
  const digest = createHash("sha256").update(stream).digest();
  return {
    key0: seed >>> 0,
    key1: Math.floor(seed / 2 ** 32),
    high0: digest.readUInt32LE(0),
    high1: digest.readUInt32LE(4),
  };
}

function fillBlock(out: Uint32Array, blockIndex: number, state: StreamState): void {
  philox4x32(
    out,
    [blockIndex >>> 0, Math.floor(blockIndex / 2 ** 32), state.high0, state.high1],
    state.key0,
    state.key1,
  );
}

/**
 * Philox4x32-10 writes the four words of a block into `out`: ten rounds over a counter of four words under a key of two
 * (Salmon et al. 2011, "Parallel random numbers: as easy as 1, 2, 3").
 */
export function philox4x32(
  out: Uint32Array,
  counter: readonly [number, number, number, number],
  key0: number,
  key1: number,
): void {
  let [c0, c1, c2, c3] = counter;
  let k0 = key0 | 0;
  let k1 = key1 | 0;
  for (let round = 0; round < 10; round++) {
    const high0 = multiplyHigh(0xd2511f53, c0);
    const high1 = multiplyHigh(0xcd9e8d57, c2);
    const low0 = Math.imul(0xd2511f53, c0);
    const low1 = Math.imul(0xcd9e8d57, c2);
    c0 = high1 ^ c1 ^ k0;
    c1 = low1;
    c2 = high0 ^ c3 ^ k1;
    c3 = low0;
    k0 = (k0 + 0x9e3779b9) | 0;
    k1 = (k1 + 0xbb67ae85) | 0;
  }
  out[0] = c0;
  out[1] = c1;
  out[2] = c2;
  out[3] = c3;
}

/** Upper 32 bits of the 64-bit product of two unsigned words. */
export function multiplyHigh(a: number, b: number): number {
  const aLow = a & 0xffff;
  const aHigh = a >>> 16;
  const bLow = b & 0xffff;
  const bHigh = b >>> 16;
  const middle = aHigh * bLow + ((aLow * bLow) >>> 16);
  const carry = aLow * bHigh + (middle % 0x10000);
  return (aHigh * bHigh + Math.floor(middle / 0x10000) + Math.floor(carry / 0x10000)) | 0;
}
