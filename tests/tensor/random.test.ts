import { createHash } from "node:crypto";
import { expect, test } from "vitest";
import { philox4x32, randomNormal, randomWords, shuffled } from "../../src/tensor/random.ts";

const word = (seed: number, stream: string, i: number) => randomWords(seed, stream, 1, i)[0] as number;

// Random123 1.14, tests/kat_vectors, "philox4x32 10".
test.each([
  [[0, 0, 0, 0], [0, 0], "6627e8d5 e169c58d bc57ac4c 9b00dbd8"],
  [[0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff], [0xffffffff, 0xffffffff], "408f276d 41c83b0e a20bc7c6 6d5451fd"],
  [[0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344], [0xa4093822, 0x299f31d0], "d16cfe09 94fdcceb 5001e420 24126ea1"],
])("philox4x32 of counter %j and key %j equals the authors' vector", (counter, key, expected) => {
  const out = new Uint32Array(4);
  philox4x32(out, counter as [number, number, number, number], key[0] as number, key[1] as number);
  expect([...out].map((word) => word.toString(16).padStart(8, "0")).join(" ")).toBe(expected);
});

test("the numbers of a seed and stream never change between versions", () => {
  expect([...randomWords(0, "init", 3)]).toEqual([953382416, 3228547083, 4226895764]);
  expect(word(7, "dropout/3", 12)).toBe(3887510344);
  expect([...shuffled(10, 0, "shuffle/0")]).toEqual([9, 7, 2, 5, 3, 1, 4, 8, 0, 6]);
  expect([...randomNormal(0, "init", 3, { std: 0.02 })]).toEqual([
    0.0003716704377438873, -0.03469882532954216, 0.0021461222786456347,
  ]);
});

test("a word depends on its index alone, not on what was drawn with it", () => {
  const all = randomWords(3, "x", 50);
  for (const offset of [0, 1, 4, 7, 30])
    expect(randomWords(3, "x", 11, offset)).toEqual(all.slice(offset, offset + 11));
  expect(word(3, "x", 49)).toBe(all[49]);
  expect(randomNormal(3, "x", 7)).toEqual(randomNormal(3, "x", 8).slice(0, 7));
  expect(randomNormal(3, "x", 65_537)).toEqual(randomNormal(3, "x", 70_000).slice(0, 65_537));
});

test("seeds, streams and counters above 2^32 are all told apart", () => {
  const seen = new Set([
    ...[0, 1, 2 ** 32, 2 ** 53 - 1].map((seed) => word(seed, "a", 0)),
    ...["", "b", "init/1", "init/10"].map((stream) => word(0, stream, 0)),
    ...[1, 4, 2 ** 34, 2 ** 40].map((counter) => word(0, "a", counter)),
  ]);
  expect(seen.size).toBe(12);
});

test("words are uniform: each of 256 bins of a million top bytes is within 6 standard deviations", () => {
  const bins = new Float64Array(256);
  for (const word of randomWords(1, "uniform", 1_000_000)) bins[word >>> 24] = (bins[word >>> 24] as number) + 1;
  const expected = 1_000_000 / 256;
  expect(Math.max(...bins.map((count) => Math.abs(count - expected)))).toBeLessThan(6 * Math.sqrt(expected));
});

test("normal numbers have the mean, deviation and tails they should", () => {
  const numbers = randomNormal(5, "normal", 1_000_000, { mean: 1, std: 2 });
  const mean = numbers.reduce((sum, x) => sum + x, 0) / numbers.length;
  const variance = numbers.reduce((sum, x) => sum + (x - mean) ** 2, 0) / numbers.length;
  expect(mean).toBeCloseTo(1, 1);
  expect(variance).toBeCloseTo(4, 1);
  const beyondTwo = numbers.filter((x) => Math.abs(x - 1) > 4).length / numbers.length;
  expect(beyondTwo).toBeCloseTo(0.0455, 3);
});

test("a shuffle is a permutation, and every place gets every number about as often", () => {
  expect([...shuffled(1000, 4, "s")].sort((a, b) => a - b)).toEqual(Array.from({ length: 1000 }, (_, i) => i));
  expect([...shuffled(0, 4, "s")]).toEqual([]);
  const first = new Float64Array(5);
  for (let seed = 0; seed < 5000; seed++) {
    const at = shuffled(5, seed, "s")[0] as number;
    first[at] = (first[at] as number) + 1;
  }
  for (const count of first) expect(Math.abs(count - 1000)).toBeLessThan(6 * Math.sqrt(800));
});

test.each([-1, 1.5, Number.NaN, 2 ** 53])("seed %d is refused with the allowed range", (seed) => {
  expect(() => randomWords(seed, "a", 1)).toThrow(/integer from 0 to 2\^53 - 1/);
});

test("numbers do not depend on the machine: hash of 10,000 normals", () => {
  const bytes = new Uint8Array(randomNormal(42, "machine", 10_000).buffer);
  expect(createHash("sha256").update(bytes).digest("hex").slice(0, 16)).toBe("1f8ae2fc3d95c56a");
});
