import { expect, test } from "vitest";
import { PrefixCache } from "../../src/cache/prefixCache.ts";
import { computeLogits } from "../../src/evaluate/computeLogits.ts";
import { evaluateLogits } from "../../src/evaluate/evaluateLogits.ts";
import { argmax, logSoftmax } from "../../src/task/scores.ts";
import { tf } from "../../src/tensor/tensorflow.ts";
import { letters, tinyModel, tinyTokenizer } from "../train/tiny.ts";

const row = (...values: number[]) => Float32Array.from(values);

test("loss, accuracy and macro F1 are those worked out by hand", () => {
  const logits = [row(2, 0), row(0, 0), row(-1, 1), row(3, 0)];
  const { evalLoss, evalAccuracy, evalMacroF1 } = evaluateLogits(logits, Int32Array.of(0, 1, 1, 1));
  const losses = [Math.log(1 + Math.exp(-2)), Math.log(2), Math.log(1 + Math.exp(-2)), Math.log(1 + Math.exp(3))];
  expect(evalLoss).toBeCloseTo(losses.reduce((a, b) => a + b) / 4, 12);
  expect(evalAccuracy).toBe(0.5);
  // predicted 0, 0, 1, 0: label 0 has 1 right of 3 predicted and 1 there, label 1 has 1 right of 1 predicted and 3 there
  expect(evalMacroF1).toBeCloseTo((2 / 4 + 2 / 4) / 2, 12);
});

test("probabilities of logits far apart neither overflow nor vanish", () => {
  expect(logSoftmax(row(1000, 0))).toEqual([0, -1000]);
  expect(logSoftmax(row(-1000, -1000))[1]).toBeCloseTo(-Math.log(2), 12);
});

test("of equal logits the first label wins", () => {
  expect([argmax(row(1, 1)), argmax(row(-3, -2, -2.5))]).toEqual([0, 1]);
});

const texts = tinyTokenizer.encodeBatch([...letters(9).texts, "a", "b"]);

async function all(input: Parameters<typeof computeLogits>[0]) {
  const done: number[] = [];
  const computation = computeLogits(input);
  let next = await computation.next();
  while (!next.done) {
    done.push(next.value);
    next = await computation.next();
  }
  return { done, logits: next.value.map((each) => [...each]) };
}

test("each text's logits stand in its place, whatever the batches, and no tensor is left", async () => {
  const model = await tinyModel();
  const alone = texts.map((text) => {
    const { logits } = model.forward({ inputIds: [text.inputIds] });
    return [...logits.dataSync()];
  });
  const before = tf.memory().numTensors;
  const { done, logits } = await all({ model, texts, batchSize: 4 });
  expect(tf.memory().numTensors).toBe(before);
  expect(done).toEqual([4, 8, 11]);
  logits.forEach((values, i) => {
    values.forEach((value, j) => {
      expect(value).toBeCloseTo(alone[i]?.[j] as number, 5);
    });
  });
  expect(new Set(logits.map(String)).size).toBeGreaterThan(8); // the texts are told apart at all
});

test("from a cached cut the logits are the same", async () => {
  const model = await tinyModel();
  const { logits: expected } = await all({ model, texts, batchSize: 4 });
  const cache = new PrefixCache(model, texts);
  for await (const _ of cache.fill([1, 3]));
  for (const cut of [1, 3]) {
    const { logits } = await all({ model, texts, batchSize: 5, cached: { cache, cut } });
    logits.flat().forEach((value, i) => {
      expect(value).toBeCloseTo(expected.flat()[i] as number, 5);
    });
  }
});

test("an abort ends it before the next batch", async () => {
  const computation = computeLogits({
    model: await tinyModel(),
    texts,
    batchSize: 4,
    signal: AbortSignal.abort(new Error("stopped by hand")),
  });
  await expect(computation.next()).rejects.toThrow("stopped by hand");
});

test("weights that are NaN are said so, not turned into a label", async () => {
  const model = await tinyModel();
  model.parameters.get("classifier.bias")?.assign(row(Number.NaN, 0));
  await expect(all({ model, texts, batchSize: 4 })).rejects.toMatchObject({ code: "NON_FINITE" });
});
