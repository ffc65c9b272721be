import { expect, test } from "vitest";
import { classificationMetrics, crossEntropy } from "../../src/task/singleLabel.ts";
import { markConstant } from "../../src/tensor/differentiable.ts";
import { lossAndGradients } from "../../src/tensor/gradients.ts";
import { tf } from "../../src/tensor/tensorflow.ts";
import { golden } from "../golden/read.ts";

const rows = [
  [1, 2, 3],
  [0, 0, 0],
  [5, -1, 0.5],
];
const labels = [2, 0, 1];
const softmax = (row: readonly number[]) => {
  const sum = row.reduce((total, x) => total + Math.exp(x), 0);
  return row.map((x) => Math.exp(x) / sum);
};
const logits = () => tf.tensor2d(rows) as unknown as ReturnType<typeof tf.tensor>;

test("the loss is the mean of -log softmax at the labels", () => {
  const expected = rows.reduce((sum, row, i) => sum - Math.log(softmax(row)[labels[i] as number] as number), 0) / 3;
  const loss = crossEntropy(logits(), Int32Array.from(labels));
  expect(loss.shape).toEqual([]);
  expect(loss.dataSync()[0]).toBeCloseTo(expected, 6);
});

test("its gradient is softmax minus one at the label, over the number of texts, times what flows in", () => {
  const x = logits();
  const { gradients } = lossAndGradients(() => crossEntropy(x, Int32Array.from(labels)).mul(2), [x]);
  const expected = rows.flatMap((row, i) => softmax(row).map((p, j) => (2 * (p - (j === labels[i] ? 1 : 0))) / 3));
  gradients[0]?.dataSync().forEach((value, i) => {
    expect(value).toBeCloseTo(expected[i] as number, 6);
  });
});

test("logits far apart give neither infinity nor NaN", () => {
  const far = tf.tensor2d([[1000, -1000]]) as unknown as ReturnType<typeof tf.tensor>;
  expect(crossEntropy(far, Int32Array.of(0)).dataSync()[0]).toBe(0);
  expect(crossEntropy(far, Int32Array.of(1)).dataSync()[0]).toBe(2000);
});

test("it leaves its result alone behind", () => {
  const x = markConstant(logits());
  const before = tf.memory().numTensors;
  crossEntropy(x, Int32Array.from(labels)).dispose();
  expect(tf.memory().numTensors).toBe(before);
});

interface MetricsCase {
  name: string;
  labels: number[];
  predictions: number[];
  accuracy: number;
  macro_f1: number;
}

test.each(golden<{ cases: MetricsCase[] }>("metrics.json").cases)("$name: equal to scikit-learn", (expected) => {
  const { accuracy, macroF1 } = classificationMetrics(expected.predictions, expected.labels);
  expect(accuracy).toBeCloseTo(expected.accuracy, 12);
  expect(macroF1).toBeCloseTo(expected.macro_f1, 12);
});
