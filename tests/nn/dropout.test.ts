import { expect, test } from "vitest";
import { tf } from "../../src/engine/tensorflow.ts";
import { DropoutStream, dropout } from "../../src/nn/dropout.ts";

const ones = tf.ones([40, 50]) as ReturnType<typeof tf.tensor>;
const mask = (seed: number, step: number, rate = 0.5) => dropout(ones, rate, new DropoutStream(seed, step)).dataSync();

test("without a stream, or at rate 0, dropout is the very same tensor and takes no site", () => {
  const stream = new DropoutStream(1, 1);
  expect(dropout(ones, 0.5, undefined)).toBe(ones);
  expect(dropout(ones, 0, stream)).toBe(ones);
  expect(stream.next()).toEqual(new DropoutStream(1, 1).next());
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
    const stream = new DropoutStream(3, step);
    return Array.from({ length: 512 }, () => stream.next().join());
  });
  expect(new Set(pairs).size).toBe(3 * 512);
});

test("the mask that layers share is the same for all of them, and no layer's own", () => {
  const stream = new DropoutStream(3, 1);
  const shared = stream.shared().next();
  const own = Array.from({ length: 300 }, () => stream.next().join());
  expect(stream.shared().next()).toEqual(shared);
  expect(own).not.toContain(shared.join());
  expect(new DropoutStream(3, 2).shared().next()).not.toEqual(shared);
});

test("seed pairs are 32-bit integers, however long the run", () => {
  for (const value of new DropoutStream(2 ** 40 + 5, 2 ** 30).next()) expect(value).toBe(value | 0);
});

test("a copy of a stream hands out what the stream was about to, whichever is asked first", () => {
  const stream = new DropoutStream(3, 4);
  stream.next();
  const copy = stream.copy();
  const pairs = [stream.next(), stream.next()];
  expect([copy.next(), copy.next()]).toEqual(pairs);
  expect(copy.next()).toEqual(stream.next());
});
