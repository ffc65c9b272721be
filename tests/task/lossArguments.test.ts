/** Smoothed and weighted losses against PyTorch, transformers and scikit-learn. */
import { expect, test } from "vitest";
import {
  balancedLabels,
  balancedPositives,
  type ClassWeights,
  checkLossArguments,
  resolveLoss,
} from "../../src/task/lossArguments.ts";
import type { LossOptions, ProblemType } from "../../src/task/task.ts";
import { taskOf } from "../../src/task/taskOf.ts";
import { lossAndGradients } from "../../src/tensor/gradients.ts";
import { tf } from "../../src/tensor/tensorflow.ts";
import { golden } from "../golden/read.ts";

type Tensor = ReturnType<typeof tf.tensor>;
interface GoldenLoss {
  readonly name: string;
  readonly weights: number[] | null;
  readonly logits: number[][];
  readonly loss: number;
  readonly gradient: number[][];
}
interface Golden {
  readonly single: readonly (GoldenLoss & { smoothing: number; labels: number[]; smoother?: number })[];
  readonly multi: readonly (GoldenLoss & { labels: number[][] })[];
  readonly balanced: readonly { labels: number[]; classes: number[]; weights: number[] }[];
}
const { single, multi, balanced } = golden<Golden>("label_losses.json");
const cases = [
  ...single.map((each) => ({
    ...each,
    problemType: "single_label_classification" as const,
    title: `${each.name}, weights ${each.weights}, smoothing ${each.smoothing}`,
    flat: Int32Array.from(each.labels),
    options: {
      ...(each.smoothing > 0 ? { labelSmoothing: each.smoothing } : {}),
      ...(each.weights === null ? {} : { classWeights: each.weights }),
    },
  })),
  ...multi.map((each) => ({
    ...each,
    problemType: "multi_label_classification" as const,
    title: `${each.name}, positive weights ${each.weights}`,
    flat: Float32Array.from(each.labels.flat()),
    options: { classWeights: each.weights as number[] },
  })),
];

const tensorOf = (rows: number[][]) => tf.tensor2d(rows) as unknown as Tensor;
const relative = (mine: number, theirs: number) => Math.abs(mine - theirs) / Math.abs(theirs);

/** The loss and its gradient, of the rows together or one after the other. */
function computed(
  problemType: ProblemType,
  logits: number[][],
  labels: Int32Array | Float32Array,
  options: LossOptions,
  parts: number,
) {
  const task = taskOf(problemType);
  const total = task.lossTotal(labels, logits.length, options);
  const perRow = labels.length / logits.length;
  const size = Math.ceil(logits.length / parts);
  let loss = 0;
  const gradient: number[] = [];
  for (let first = 0; first < logits.length; first += size) {
    const x = tensorOf(logits.slice(first, first + size));
    const own = labels.slice(first * perRow, (first + size) * perRow);
    const part = lossAndGradients(() => task.loss(x, own, total, options), [x]);
    loss += part.loss.dataSync()[0] as number;
    gradient.push(...(part.gradients[0] as Tensor).dataSync());
  }
  return { loss, gradient };
}

test.each(cases)("$title: loss and gradient equal PyTorch's, in one batch and in micro-batches", (each) => {
  const { problemType, logits, flat, options, loss, gradient } = each;
  for (const parts of [1, 3]) {
    const mine = computed(problemType, logits, flat, options, parts);
    const largest = Math.max(...gradient.flat().map(Math.abs));
    const worst =
      Math.max(...gradient.flat().map((value, i) => Math.abs(value - (mine.gradient[i] as number)))) / largest;
    console.log(
      `${each.title}, ${parts} parts: loss within ${relative(mine.loss, loss).toExponential(1)}, gradient ${worst.toExponential(1)}`,
    );
    expect(relative(mine.loss, loss)).toBeLessThanOrEqual(1e-6);
    expect(worst).toBeLessThanOrEqual(1e-6);
  }
});

test.each(cases)(
  "$title: without a total it is the mean of its own batch",
  ({ problemType, logits, flat, options, loss }) => {
    const x = tensorOf(logits);
    expect(relative(taskOf(problemType).loss(x, flat, undefined, options).dataSync()[0] as number, loss)).toBeLessThan(
      1e-6,
    );
  },
);

test.each(cases)("$title: the validation loss is the same", ({ problemType, logits, flat, options, loss }) => {
  const rows = logits.map((row) => Float32Array.from(row));
  const { evalLoss } = taskOf(problemType).evaluate(rows, flat, options);
  expect(relative(evalLoss as number, loss)).toBeLessThan(1e-6);
});

test("without weights a smoothed loss is that of the LabelSmoother of transformers", () => {
  const smoothed = single.filter(({ smoother }) => smoother !== undefined);
  for (const { smoother, loss } of smoothed) expect(relative(smoother as number, loss)).toBeLessThan(1e-7); // it sums in float32
  expect(smoothed.length).toBeGreaterThan(3);
});

test("a smoothed loss leaves its result alone behind", () => {
  const { logits, flat, options } = cases[1] as (typeof cases)[0];
  const x = tensorOf(logits);
  const before = tf.memory().numTensors;
  tf.tidy(() => taskOf(undefined).loss(x, flat, undefined, options)).dispose();
  expect(tf.memory().numTensors).toBe(before);
});

test("balanced weights are scikit-learn's; a label without an example has the weight 1", () => {
  for (const { labels, classes, weights } of balanced) {
    const mine = balancedLabels(Int32Array.from(labels), 6);
    classes.forEach((label, i) => {
      expect(mine[label]).toBeCloseTo(weights[i] as number, 12);
    });
    for (const label of [0, 1, 2, 3, 4, 5].filter((each) => !classes.includes(each))) expect(mine[label]).toBe(1);
  }
});

test("balanced positive weights are negatives over positives, and 1 where there is nothing to balance", () => {
  expect(balancedPositives(Float32Array.from([1, 0, 1, 1, 0, 1, 0, 0, 1, 0, 0, 1]), 3)).toEqual([1, 1, 1]);
  expect(balancedPositives(Float32Array.from([1, 0, 0, 0, 0, 0, 0, 1]), 2)).toEqual([3, 3]);
  expect(balancedPositives(Float32Array.from([1, 1, 1, 0, 1, 1, 1, 1]), 2)).toEqual([1, 1 / 3]);
});

const data = {
  problemType: "single_label_classification",
  labels: Int32Array.from([0, 1, 1, 2]),
  names: ["a", "b", "c"],
} as const;
const args = (classWeights: unknown, labelSmoothingFactor = 0) => ({
  labelSmoothingFactor,
  classWeights: classWeights as ClassWeights | undefined,
});

test("weights are given in order, by name or balanced", () => {
  expect(resolveLoss(args(undefined), data)).toEqual({});
  expect(resolveLoss(args([1, 2, 3], 0.1), data)).toEqual({ labelSmoothing: 0.1, classWeights: [1, 2, 3] });
  expect(resolveLoss(args({ c: 3, a: 1, b: 2 }), data)).toEqual({ classWeights: [1, 2, 3] });
  expect(resolveLoss(args("balanced"), data).classWeights?.[1]).toBeCloseTo(4 / 6, 12);
  const several = {
    problemType: "multi_label_classification",
    labels: Float32Array.from([1, 0, 0, 0, 0, 1]),
    names: ["a", "b"],
  } as const;
  expect(resolveLoss(args("balanced"), several)).toEqual({ classWeights: [2, 2] });
});

test.each<[unknown, number, RegExp]>([
  [undefined, 1, /labelSmoothingFactor is 1; it must be a number from 0 to below 1/],
  [undefined, Number.NaN, /labelSmoothingFactor is NaN/],
  ["auto", 0, /classWeights is 'auto'; it must be "balanced", a list/],
  [null, 0, /classWeights is null/],
  [[1, 0, 2], 0, /label '1' the weight 0; it must be a number above 0.*leave its rows out/],
  [{ a: -1 }, 0, /label 'a' the weight -1/],
  [{ a: 1e-60 }, 0, /label 'a' the weight/],
])("classWeights %j with smoothing %d is refused", (classWeights, factor, message) => {
  expect(() => checkLossArguments(args(classWeights, factor))).toThrow(message);
  expect(() => checkLossArguments(args(classWeights, factor))).toThrow(
    expect.objectContaining({ code: "BAD_ARGUMENT" }),
  );
});

test.each<[unknown, number, object, RegExp]>([
  [[1, 2], 0, {}, /classWeights has 2 weights, but there are 3 labels/],
  [{ a: 1, b: 1, c: 1, d: 1 }, 0, {}, /weight for "d", which is no label/],
  [{ a: 1, b: 1 }, 0, {}, /no weight for the label "c".*1 where it is as others/],
  [undefined, 0.1, { problemType: "multi_label_classification" }, /only a distribution over labels/],
  [undefined, 0.1, { problemType: "regression" }, /"regression": only a distribution/],
  ["balanced", 0, { problemType: "regression" }, /a regression has numbers and no labels to weigh/],
])("classWeights %j with smoothing %d is refused for data %j", (classWeights, factor, change, message) => {
  expect(() => resolveLoss(args(classWeights, factor), { ...data, ...change })).toThrow(message);
});
