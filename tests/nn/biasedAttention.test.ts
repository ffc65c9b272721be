/** Attention whose scores have a bias by distance, against the same text by text in tfjs's own ops. */
import { expect, test } from "vitest";
import { markConstant } from "../../src/engine/differentiable.ts";
import { lossAndGradients } from "../../src/engine/gradients.ts";
import { tf } from "../../src/engine/tensorflow.ts";
import { biasedAttention, composedAttention } from "../../src/nn/attention.ts";
import { distanceBias } from "../../src/nn/distanceBias.ts";
import { DropoutStream } from "../../src/nn/dropout.ts";
import { Packing } from "../../src/nn/packing.ts";
import { randomNormal } from "../../src/rng/normal.ts";

type Tensor = ReturnType<typeof tf.tensor>;
const random = (name: string, shape: [number, number]): Tensor =>
  tf.tensor(randomNormal(5, name, shape[0] * shape[1]), shape);

const [heads, width] = [3, 4];
const lengths = [5, 1, 7];
const tokens = 13;
const buckets = 6;
/** Not the same to the left and to the right, and several distances in one bucket. */
const bucketOf = (distance: number) => (distance > 0 ? 3 : 0) + Math.min(2, Math.abs(distance));
const options = { heads, packing: new Packing(lengths), dropoutRate: 0, stream: undefined };
const inputs = [
  ...["query", "key", "value"].map((name) => random(name, [tokens, heads * width])),
  random("table", [buckets, heads]),
];

const own = ([query, key, value, table]: readonly Tensor[]): Tensor => {
  const bias = distanceBias(table as Tensor, options.packing.maxLength, bucketOf);
  return biasedAttention(query as Tensor, key as Tensor, value as Tensor, bias, options);
};

function plain([query, key, value, table]: readonly Tensor[]): Tensor {
  let first = 0;
  const rows = lengths.map((length) => {
    const split = (x: Tensor | undefined) =>
      (x as Tensor)
        .slice([first, 0], [length, -1])
        .reshape([length, heads, width])
        .transpose<ReturnType<typeof tf.tensor3d>>([1, 0, 2]);
    const [q, k, v] = [split(query), split(key), split(value)];
    const ids = Array.from({ length: length * length }, (_, i) => bucketOf((i % length) - Math.floor(i / length)));
    const bias = tf
      .gather(table as Tensor, ids)
      .transpose([1, 0])
      .reshape([heads, length, length]);
    first += length;
    const scores = tf.matMul(q, k, false, true).div(Math.sqrt(width)).add(bias);
    return tf
      .matMul(tf.softmax(scores) as typeof q, v)
      .transpose([1, 0, 2])
      .reshape([length, heads * width]);
  });
  return tf.concat(rows);
}

const weights = random("weights", [tokens, heads * width]);
const valueAndGradients = (attend: (inputs: readonly Tensor[]) => Tensor): Tensor[] => {
  const { gradients } = lossAndGradients(() => attend(inputs).mul(weights).sum(), inputs);
  return [attend(inputs), ...(gradients as Tensor[])];
};

test("value and gradients are those of attention text by text, that of the bias's table too", () => {
  const [mine, theirs] = [valueAndGradients(own), valueAndGradients(plain)];
  for (const [i, expected] of theirs.entries()) {
    const worst = tf.max(tf.abs((mine[i] as Tensor).sub(expected))).dataSync()[0] as number;
    expect(worst, ["value", "query", "key", "value's gradient", "table"][i]).toBeLessThan(1e-5);
  }
  expect(tf.max(tf.abs(theirs[4] as Tensor)).dataSync()[0]).toBeGreaterThan(0.1);
});

test("by query and key it holds what the table says of their distance", () => {
  const bias = distanceBias(inputs[3] as Tensor, 3, bucketOf).arraySync() as number[][][];
  const table = (inputs[3] as Tensor).arraySync() as number[][];
  bias.forEach((rows, head) => {
    const expected = [
      [0, 4, 5],
      [1, 0, 4],
      [2, 1, 0],
    ].map((row) => row.map((bucket) => table[bucket]?.[head]));
    expect(rows).toEqual(expected);
  });
});

test("a frozen table gets no gradient, and the others are what they were", () => {
  const frozen = [...inputs.slice(0, 3), markConstant((inputs[3] as Tensor).clone())];
  const { gradients } = lossAndGradients(() => own(frozen).mul(weights).sum(), frozen);
  expect(gradients[3]).toBeUndefined();
  const all = valueAndGradients(own);
  for (const i of [0, 1, 2]) expect(gradients[i]?.dataSync()).toEqual(all[i + 1]?.dataSync());
});

test("without a bias, and with one that is zero, it is plain attention, dropout and all", () => {
  const [query, key, value] = inputs as [Tensor, Tensor, Tensor];
  const dropped = () => ({ ...options, dropoutRate: 0.3, stream: new DropoutStream(1, 1) });
  const plainOne = composedAttention(query, key, value, dropped()).dataSync();
  expect(biasedAttention(query, key, value, undefined, dropped()).dataSync()).toEqual(plainOne);
  expect(biasedAttention(query, key, value, tf.zeros([heads, 7, 7]), dropped()).dataSync()).toEqual(plainOne);
});
