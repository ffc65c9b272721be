/** bfloat16: how numbers are rounded and kept. */
import { describe, expect, test } from "vitest";
import { nativeOps } from "../../src/tensor/native.ts";
import { nativeNarrow, nativeWiden } from "../../src/tensor/nativeOps.ts";
import { randomWords } from "../../src/tensor/random.ts";
import { tf } from "../../src/tensor/tensorflow.ts";

type Tensor = ReturnType<typeof tf.tensor>;
const bitsOf = (values: Float32Array) => new Uint32Array(values.buffer, values.byteOffset, values.length);
const ofBits = (bits: readonly number[]) => new Float32Array(Uint32Array.from(bits).buffer);
const roundTrip = (values: Float32Array): Float32Array =>
  nativeWiden(
    nativeNarrow(tf.tensor2d(values, [1, values.length]) as Tensor),
    values.length,
  ).dataSync() as Float32Array;

/**
 * The nearest number of 8 bits of precision, of two equally near ones that whose last bit is 0; found by arithmetic,
 * where the op works on bits. `x` is finite.
 */
function nearest(x: number): number {
  const size = Math.abs(x);
  const exponent = Math.max(-126, Math.floor(Math.log2(size) + 1e-12));
  const unit = 2 ** (exponent - 7);
  const below = Math.floor(size / unit);
  const rest = size / unit - below;
  const rounded = (rest > 0.5 || (rest === 0.5 && below % 2 !== 0) ? below + 1 : below) * unit;
  return Math.sign(x) * (rounded >= 2 ** 128 ? Number.POSITIVE_INFINITY : rounded);
}

describe.skipIf(!nativeOps)("ThawNarrow and ThawWiden", () => {
  test("numbers of all sizes are rounded to the nearest, ties to even", () => {
    const words = randomWords(3, "narrow", 20_000);
    const any = ofBits(Array.from(words)).filter(Number.isFinite);
    const ties = ofBits(Array.from(words, (word) => ((word & 0xffff0000) | 0x8000) >>> 0)).filter(Number.isFinite);
    for (const values of [any, ties]) {
      expect(values.length).toBeGreaterThan(19_000);
      expect(Array.from(roundTrip(values))).toEqual(Array.from(values, nearest));
    }
  });

  // torch 2.15: torch.tensor([...]).to(torch.bfloat16).float(), NaN excepted, of which only that it is none is told
  test.each<[string, number, number]>([
    ["one", 0x3f800000, 0x3f800000],
    ["minus zero", 0x80000000, 0x80000000],
    ["a tie above an even number", 0x3f808000, 0x3f800000],
    ["a tie above an odd number", 0x3f818000, 0x3f820000],
    ["just above a tie", 0x3f808001, 0x3f810000],
    ["just below a tie", 0x3f817fff, 0x3f810000],
    ["the largest number that stays finite", 0x7f7f7fff, 0x7f7f0000],
    ["a number that becomes infinite", 0x7f7f8000, 0x7f800000],
    ["infinity", 0x7f800000, 0x7f800000],
    ["minus infinity", 0xff800000, 0xff800000],
    ["the smallest number below normal ones", 0x00000001, 0x00000000],
    ["a number below normal ones", 0x00018000, 0x00020000],
  ])("%s", (_, before, after) => {
    expect(bitsOf(roundTrip(ofBits([before])))[0]).toBe(after);
  });

  test("a number that is none stays none, whichever of its bits say so", () => {
    const kinds = ofBits([0x7f800001, 0x7fffffff, 0xff800001, 0xffffffff, 0x7fc00000, 0x7f80ffff]);
    expect(roundTrip(kinds).every(Number.isNaN)).toBe(true);
  });

  test("two numbers take the memory of one, and an odd width comes back as it was", () => {
    const x = tf.tensor2d([1, 2, 3, 4, 5, 6, 7, 8, 9], [3, 3]) as Tensor;
    const pairs = nativeNarrow(x);
    expect([pairs.dtype, pairs.shape]).toEqual(["int32", [3, 2]]);
    expect(Array.from(pairs.dataSync().subarray(0, 2), (pair) => pair >>> 0)).toEqual([0x40003f80, 0x00004040]);
    expect(nativeWiden(pairs, 3).arraySync()).toEqual(x.arraySync());
    expect(() => nativeWiden(pairs, 5)).toThrow("does not fit");
    expect(nativeWiden(nativeNarrow(tf.zeros([0, 6]) as Tensor), 6).shape).toEqual([0, 6]);
  });
});
