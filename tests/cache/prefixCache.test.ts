import { expect, test } from "vitest";
import { PrefixCache } from "../../src/cache/prefixCache.ts";
import { CacheBudget } from "../../src/cache/rowStore.ts";
import { PackedBatch } from "../../src/models/packedBatch.ts";
import { nativeOps } from "../../src/tensor/native.ts";
import { tf } from "../../src/tensor/tensorflow.ts";
import { letters, tinyModel, tinyTokenizer } from "../train/tiny.ts";

const texts = tinyTokenizer.encodeBatch(letters(70).texts); // more than one batch of 64
const model = await tinyModel();
const hidden = model.config.hiddenSize;
const lengthOf = (index: number) => texts[index]?.inputIds.length ?? 0;

const batchOf = (...indices: number[]) =>
  PackedBatch.fromTexts(indices.map((index) => texts[index] as (typeof texts)[number]));

async function filled(...cuts: number[]): Promise<PrefixCache> {
  const cache = new PrefixCache(model, texts);
  for await (const _ of cache.fill(cuts));
  return cache;
}

test.each([0, 2, 3])(
  "the rows at cut %i are those that the model computes, text after text as asked for",
  async (cut) => {
    const cache = await filled(cut);
    const indices = [68, 0, 31];
    const batch = batchOf(...indices);
    const rows = cache.rows(cut, indices, batch);
    const expected = model.runPrefix([cut], batch).get(cut)?.dataSync() as Float32Array;
    expect(rows.shape).toEqual([cut === 3 ? 3 : indices.reduce((sum, i) => sum + lengthOf(i), 0), hidden]);
    const values = rows.dataSync() as Float32Array;
    if (nativeOps)
      expect(values).toEqual(expected); // though the pass had 64 texts in its batch, in another order
    else for (const [i, value] of values.entries()) expect(value).toBeCloseTo(expected[i] as number, 5);
  },
);

test("a text has its rows twice where it is asked for twice", async () => {
  const [first, second] = (await filled(3)).rows(3, [5, 5], batchOf(5, 5)).arraySync() as number[][];
  expect(first).toEqual(second);
});

test("before the head one row a text is stored, below it all its tokens, in four bytes each", async () => {
  const tokens = texts.reduce((sum, { inputIds }) => sum + inputIds.length, 0);
  expect((await filled(3)).bytes).toBe(4 * hidden * texts.length);
  expect((await filled(3, 1)).bytes).toBe(4 * hidden * (texts.length + tokens));
});

test("it tells how many texts are done, computes nothing twice, and leaves no tensor", async () => {
  const cache = await filled(3); // parameters have been read
  const before = tf.memory().numTensors;
  const other = new PrefixCache(model, texts);
  const done: number[] = [];
  for await (const count of other.fill([1, 3])) done.push(count);
  expect(done).toEqual([64, 70]);
  expect(tf.memory().numTensors).toBe(before);
  for await (const count of cache.fill([3])) expect.unreachable(`computed ${count} again`);
});

test("cuts that nobody asks for are forgotten, the others stay", async () => {
  const cache = await filled(0, 2, 3);
  cache.keepOnly([2, 0, 1]);
  expect([0, 2, 3].map((cut) => cache.has(cut))).toEqual([true, true, false]);
  cache.dispose();
  expect([cache.has(0), cache.bytes]).toEqual([false, 0]);
});

test("a pass starts at the highest cut that is stored, and gives the same bytes as one from the tokens", async () => {
  const [cache, direct] = [await filled(1), await filled(3)];
  const weight = model.parameters.get("bert.encoder.layer.0.output.dense.bias");
  const values = weight?.data() as Float32Array;
  weight?.assign(new Float32Array(hidden).fill(1)); // below what is stored: the pass must not come by here
  for await (const _ of cache.fill([3]));
  weight?.assign(values);
  const rows = [cache, direct].map((each) => each.rows(3, [4, 69], batchOf(4, 69)).dataSync());
  expect(rows[0]).toEqual(rows[1]);
});

test("a pass that is stopped stores nothing", async () => {
  const controller = new AbortController();
  const cache = new PrefixCache(model, texts);
  const pass = async () => {
    for await (const _ of cache.fill([3], controller.signal)) controller.abort(new Error("stopped by hand"));
  };
  await expect(pass()).rejects.toThrow("stopped by hand");
  expect([cache.has(3), cache.bytes]).toEqual([false, 0]);
});

test("rows of a model that has moved since are not the model's any more: the cache is to be dropped", async () => {
  const moved = await tinyModel();
  const cache = new PrefixCache(moved, texts);
  for await (const _ of cache.fill([1]));
  const before = cache.rows(1, [0], batchOf(0)).dataSync();
  const weight = moved.parameters.get("bert.encoder.layer.0.output.dense.bias");
  weight?.assign(new Float32Array(hidden).fill(1));
  expect(cache.rows(1, [0], batchOf(0)).dataSync()).toEqual(before);
  cache.keepOnly([]);
  for await (const _ of cache.fill([1]));
  expect(cache.rows(1, [0], batchOf(0)).dataSync()).not.toEqual(before);
});

test("what does not fit into the limit is computed anew each time, with the same result; small cuts come first", async () => {
  const small = new PrefixCache(model, texts, new CacheBudget({ memory: 4 * hidden * texts.length, disk: 0 }));
  for await (const _ of small.fill([1, 3]));
  expect([small.has(1), small.has(3)]).toEqual([false, true]);
  expect(small.notices).toEqual([
    expect.stringMatching(
      /^What layers 0 to 0 give for 70 texts \(0\.1 MB\) could not be kept: there is room for 0\.0 MB of/,
    ),
  ]);
  const [computed, stored] = [small, await filled(1)].map((cache) => cache.rows(1, [4, 9], batchOf(4, 9)));
  expect(computed?.shape).toEqual(stored?.shape);
  stored?.dataSync().forEach((value, i) => {
    expect(computed?.dataSync()[i]).toBeCloseTo(value, 5);
  });
});

test("the stored outputs have no dropout, whatever the rates of the config: logits from them are those from the tokens", async () => {
  const dropping = await tinyModel({ hidden_dropout_prob: 0.5, attention_probs_dropout_prob: 0.5 });
  const cache = new PrefixCache(dropping, texts);
  for await (const _ of cache.fill([2]));
  const indices = [68, 0, 31];
  const batch = batchOf(...indices);
  const [stored, computed] = [
    dropping.run(cache.rows(2, indices, batch), 2, batch),
    dropping.run(undefined, -1, batch),
  ].map((logits) => logits.dataSync() as Float32Array) as [Float32Array, Float32Array];
  for (const [i, value] of stored.entries()) expect(value).toBeCloseTo(computed[i] as number, 5);
});
