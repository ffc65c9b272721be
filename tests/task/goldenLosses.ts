/** A loss against PyTorch's and against differences, the same for each kind of loss with a number a cell. */
import { expect, test } from "vitest";
import { markConstant } from "../../src/tensor/differentiable.ts";
import { lossAndGradients } from "../../src/tensor/gradients.ts";
import { tf } from "../../src/tensor/tensorflow.ts";
import { golden } from "../golden/read.ts";

type Tensor = ReturnType<typeof tf.tensor>;
type Loss = (logits: Tensor, labels: Float32Array, texts?: number) => Tensor;

interface GoldenLoss {
  readonly name: string;
  readonly logits: number[][];
  readonly labels: number[][];
  readonly loss: number;
  readonly gradient: number[][];
}

const tensorOf = (rows: number[][]) => tf.tensor2d(rows) as unknown as Tensor;

/** `cell` is the loss of one logit and its label. */
export function testLoss(loss: Loss, key: string, cell: (logit: number, label: number) => number): void {
  const cases = golden<Record<string, GoldenLoss[]>>("problem_types.json")[key] as GoldenLoss[];

  test.each(cases)("$name: loss and gradient equal PyTorch's", ({ logits, labels, loss: expected, gradient }) => {
    const x = tensorOf(logits);
    const { loss: mine, gradients } = lossAndGradients(() => loss(x, Float32Array.from(labels.flat())), [x]);
    expect(mine.shape).toEqual([]);
    const error = Math.abs((mine.dataSync()[0] as number) - expected) / expected;
    const values = (gradients[0] as Tensor).dataSync();
    const largest = Math.max(...gradient.flat().map(Math.abs));
    const worst = Math.max(...gradient.flat().map((value, i) => Math.abs(value - (values[i] as number)))) / largest;
    console.log(
      `${key}: loss within ${error.toExponential(1)}, gradient within ${worst.toExponential(1)} (asked: 1e-6)`,
    );
    expect(error).toBeLessThanOrEqual(1e-6);
    expect(worst).toBeLessThanOrEqual(1e-6);
  });

  const [rows, labels] = [
    [
      [0.5, -1.5],
      [2, 0],
      [-0.25, 1],
    ],
    [1, 0, 0, 1, 1, 1],
  ];

  test("it is the mean of the formula over all cells, and its gradient is the formula's slope times what flows in", () => {
    const x = tensorOf(rows);
    const flat = rows.flat();
    const { loss: doubled, gradients } = lossAndGradients(() => loss(x, Float32Array.from(labels)).mul(2), [x]);
    const mean = flat.reduce((sum, logit, i) => sum + cell(logit, labels[i] as number), 0) / flat.length;
    expect(doubled.dataSync()[0]).toBeCloseTo(2 * mean, 6);
    const h = 1e-5;
    flat.forEach((logit, i) => {
      const label = labels[i] as number;
      const slope = (cell(logit + h, label) - cell(logit - h, label)) / (2 * h);
      expect(gradients[0]?.dataSync()[i]).toBeCloseTo((2 * slope) / flat.length, 6);
    });
  });

  test("the losses and gradients of the parts of a batch add up to those of the whole", () => {
    const x = tensorOf(rows);
    const whole = lossAndGradients(() => loss(x, Float32Array.from(labels)), [x]);
    const [first, rest] = [rows.slice(0, 1), rows.slice(1)].map(tensorOf) as [Tensor, Tensor];
    const parts = [
      lossAndGradients(() => loss(first, Float32Array.from(labels.slice(0, 2)), 3), [first]),
      lossAndGradients(() => loss(rest, Float32Array.from(labels.slice(2)), 3), [rest]),
    ];
    const sum = parts.reduce((total, part) => total + (part.loss.dataSync()[0] as number), 0);
    expect(sum).toBeCloseTo(whole.loss.dataSync()[0] as number, 6);
    const joined = parts.flatMap(({ gradients }) => [...(gradients[0] as Tensor).dataSync()]);
    joined.forEach((value, i) => {
      expect(value).toBeCloseTo(whole.gradients[0]?.dataSync()[i] as number, 6);
    });
  });

  test("it leaves its result alone behind", () => {
    const x = markConstant(tensorOf(rows));
    const before = tf.memory().numTensors;
    loss(x, Float32Array.from(labels)).dispose();
    expect(tf.memory().numTensors).toBe(before);
  });
}
