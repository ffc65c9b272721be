import { createHash } from "node:crypto";
import { describe, expect, test } from "vitest";
import { composedAttention, fusedAttention } from "../../src/nn/attention/attention.ts";
import { composedDropout, DropoutRng, dropout, fusedDropout } from "../../src/nn/dropout.ts";
import { Packing } from "../../src/nn/packing.ts";
import { composedResidualNorm, fusedResidualNorm } from "../../src/nn/postNorm.ts";
import { DropoutMask } from "../../src/tensor/dropoutMask.ts";
import { nativeOps } from "../../src/tensor/native.ts";
import { tf } from "../../src/tensor/tensorflow.ts";
import { golden } from "../golden/read.ts";
import { dropoutRngAt, type Tensor } from "./compare.ts";

const ones = tf.ones([40, 50]) as ReturnType<typeof tf.tensor>;
const mask = (seed: number, step: number, rate = 0.5) => dropout(ones, rate, new DropoutRng(seed, step)).dataSync();

test("without a dropout generator, or at rate 0, dropout is the very same tensor and takes no site", () => {
  const dropoutRng = new DropoutRng(1, 1);
  expect(dropout(ones, 0.5, undefined)).toBe(ones);
  expect(dropout(ones, 0, dropoutRng)).toBe(ones);
  expect(dropoutRng.next()).toEqual(new DropoutRng(1, 1).next());
});

test("the mask follows seed and step", () => {
  expect(mask(1, 2)).toEqual(mask(1, 2));
  expect(mask(1, 2)).not.toEqual(mask(1, 3));
  expect(mask(1, 2)).not.toEqual(mask(2, 2));
});

test("what is kept is scaled, so that the mean stays", () => {
  expect([...new Set(mask(1, 1, 0.75))].sort()).toEqual([0, 4]);
  const mean = [...mask(7, 7)].reduce((sum, value) => sum + value, 0) / ones.size;
  expect(Math.abs(mean - 1)).toBeLessThan(0.09); // 4 standard deviations
});

test("no two sites of a model share a seed pair, in a pass or in the next", () => {
  const pairs = [0, 1, 2].flatMap((step) => {
    const dropoutRng = new DropoutRng(3, step);
    return Array.from({ length: 512 }, () => dropoutRng.next().join());
  });
  expect(new Set(pairs).size).toBe(3 * 512);
});

test("the mask that layers share is the same for all of them, and no layer's own", () => {
  const dropoutRng = new DropoutRng(3, 1);
  const shared = dropoutRng.shared().next();
  const own = Array.from({ length: 300 }, () => dropoutRng.next().join());
  expect(dropoutRng.shared().next()).toEqual(shared);
  expect(own).not.toContain(shared.join());
  expect(new DropoutRng(3, 2).shared().next()).not.toEqual(shared);
});

test("seed pairs are 32-bit integers, however long the run", () => {
  for (const value of new DropoutRng(2 ** 40 + 5, 2 ** 30).next()) expect(value).toBe(value | 0);
});

test("a copy of a dropout generator hands out what the dropout generator was about to, whichever is asked first", () => {
  const dropoutRng = new DropoutRng(3, 4);
  dropoutRng.next();
  const copy = dropoutRng.copy();
  const pairs = [dropoutRng.next(), dropoutRng.next()];
  expect([copy.next(), copy.next()]).toEqual(pairs);
  expect(copy.next()).toEqual(dropoutRng.next());
});

interface GoldenSite {
  readonly seed: [number, number];
  readonly rate: number;
  readonly sha256: string;
}
/** Made by numpy from the definition in native/dropout.h. */
const masks = golden<{
  rows: (GoldenSite & { rows: number; width: number; dropped: number })[];
  attention: (GoldenSite & { lengths: number[]; heads: number })[];
}>("dropout_masks.json");

const hashOf = (values: Float32Array) =>
  createHash("sha256")
    .update(new Uint8Array(values.buffer, values.byteOffset, values.byteLength))
    .digest("hex");

const forms = [
  ["composed", composedDropout, composedAttention, composedResidualNorm] as const,
  ...(nativeOps ? [["native", fusedDropout, fusedAttention, fusedResidualNorm] as const] : []),
];

describe.each(forms)("the masks of %s ops are those of the definition, bit by bit", (form, drop, attend, norm) => {
  test("for rows and columns up to 70,000, at rates from 1e-8 to 0.999", () => {
    for (const { seed, rate, rows, width, dropped, sha256 } of masks.rows) {
      const values = tf.tidy(
        () => drop(tf.ones([rows, width]) as Tensor, rate, dropoutRngAt(seed)).dataSync() as Float32Array,
      );
      expect(hashOf(values), `${rows} x ${width} at ${rate}`).toBe(sha256);
      expect(values.filter((value) => value === 0).length).toBe(dropped);
    }
    console.log(`${form}: ${masks.rows.length} masks of rows equal numpy's to the last bit`);
  });

  test("in attention, where each text and head has rows of its own", () => {
    for (const { seed, rate, lengths, heads, sha256 } of masks.attention) {
      const found = attentionMask(attend, dropoutRngAt(seed), rate, lengths, heads);
      expect(hashOf(found), `${lengths.length} texts, ${heads} heads at ${rate}`).toBe(sha256);
    }
  });

  test("within a residual normalisation", () => {
    const { seed, rate, rows, width, sha256 } = masks.rows.find(
      ({ rows, rate }) => rows === 128 && rate === 0.1,
    ) as (typeof masks.rows)[number];
    const [x, zeros] = [tf.fill([rows, width], 1e-3) as Tensor, tf.zeros([rows, width]) as Tensor];
    const [one, none] = [tf.ones([width]) as Tensor, tf.zeros([width]) as Tensor];
    const inputs = { x, inputBias: none, residual: zeros, weight: one, bias: none };
    const value = norm(inputs, { epsilon: 1, dropoutRate: rate, dropoutRng: dropoutRngAt(seed) }).dataSync();
    // of a row of zeros and equal values each is on one side of the mean
    const kept = Math.fround(1 / Math.fround(1 - Math.fround(rate)));
    expect(hashOf(Float32Array.from(value, (y) => (y > 0 ? kept : 0)))).toBe(sha256);
  });
});

/**
 * The masks that attention has used, example by example and head by head: with equal scores, and values that pick one key each,
 * the result is the dropped probabilities.
 */
function attentionMask(
  attend: typeof composedAttention,
  dropoutRng: DropoutRng,
  dropoutRate: number,
  lengths: readonly number[],
  heads: number,
): Float32Array {
  const packing = new Packing(lengths);
  const { tokens, maxLength, firstTokens } = packing;
  const picks = new Float32Array(tokens * heads * maxLength);
  lengths.forEach((length, text) => {
    for (let i = 0; i < length; i++) {
      const row = ((firstTokens[text] as number) + i) * heads * maxLength;
      for (let head = 0; head < heads; head++) picks[row + head * maxLength + i] = 1;
    }
  });
  const shape: [number, number] = [tokens, heads * maxLength];
  const context = tf.tidy(() => {
    const zeros = tf.zeros(shape) as Tensor;
    const value = tf.tensor2d(picks, shape) as Tensor;
    return attend(zeros, zeros, value, { heads, packing, dropoutRate, dropoutRng }).dataSync() as Float32Array;
  });
  packing.dispose();
  const kept = Math.fround(1 / Math.fround(1 - Math.fround(dropoutRate)));
  const found: number[] = [];
  lengths.forEach((length, text) => {
    for (let head = 0; head < heads; head++) {
      for (let query = 0; query < length; query++) {
        const row = ((firstTokens[text] as number) + query) * heads * maxLength + head * maxLength;
        for (let key = 0; key < length; key++) found.push((context[row + key] as number) > 0 ? kept : 0);
      }
    }
  });
  return Float32Array.from(found);
}

test("a row's number may be beyond 32 bits", () => {
  const mix = (x: bigint) => {
    const word = (y: bigint) => BigInt.asUintN(64, y);
    let y = word(x + 0x9e3779b97f4a7c15n);
    y = word((y ^ (y >> 30n)) * 0xbf58476d1ce4e5b9n);
    y = word((y ^ (y >> 27n)) * 0x94d049bb133111ebn);
    return y ^ (y >> 31n);
  };
  const [seed, rate, width] = [[-5, 7] as const, 0.5, 64];
  for (const row of [2 ** 32 - 1, 2 ** 32, 2 ** 40 + 2 ** 31 + 3]) {
    const key = mix(mix((BigInt.asUintN(32, BigInt(seed[0])) << 32n) | BigInt(seed[1])) + BigInt(row));
    const [low, high] = [Number(key & 0xffffffffn), Number(key >> 32n)];
    const expected = Float32Array.from({ length: width }, (_, column) => {
      let x = (Math.imul(column, 0x9e3779b9) + low) >>> 0;
      x = Math.imul(x ^ (x >>> 16), 0x7feb352d) >>> 0;
      x = Math.imul(((x ^ (x >>> 15)) + high) >>> 0, 0x846ca68b) >>> 0;
      x = Math.imul(x ^ (x >>> 16), 0x7feb352d) >>> 0;
      return x >>> 8 >= 2 ** 23 ? 2 : 0;
    });
    const factors = new Float32Array(width);
    new DropoutMask({ rate, seed }).fill(factors, row, width, 0);
    expect(factors).toEqual(expected);
  }
});
