import { describe, expect, test } from "vitest";
import { composedBiasGelu, fusedBiasGelu } from "../../src/nn/activation.ts";
import {
  composedAttention,
  composedSelfAttention,
  fusedAttention,
  fusedSelfAttention,
} from "../../src/nn/attention/attention.ts";
import { composedDropout, DropoutRng, fusedDropout } from "../../src/nn/dropout.ts";
import { composedLayerNorm, fusedLayerNorm } from "../../src/nn/layerNorm.ts";
import { Packing } from "../../src/nn/packing.ts";
import {
  composedDenseResidualNorm,
  composedFeedForwardNorm,
  composedResidualNorm,
  fusedDenseResidualNorm,
  fusedFeedForwardNorm,
  fusedResidualNorm,
} from "../../src/nn/postNorm.ts";
import { markConstant, markTrainable } from "../../src/tensor/differentiable.ts";
import { lossAndGradients } from "../../src/tensor/gradients.ts";
import { nativeOps } from "../../src/tensor/native.ts";
import { randomNormal } from "../../src/tensor/random.ts";
import { tf } from "../../src/tensor/tensorflow.ts";

type Tensor = ReturnType<typeof tf.tensor>;
/** An op under contract: its inputs, and itself with a dropout generator of masks or without. */
interface Case {
  readonly name: string;
  readonly inputs: readonly (readonly number[])[];
  /** Shape of the result. Default: that of the first input. */
  readonly output?: readonly number[];
  readonly run: (inputs: Tensor[], dropoutRng: DropoutRng | undefined) => Tensor;
}

const size = (shape: readonly number[]) => shape.reduce((a, b) => a * b, 1);
const random = (name: string, shape: readonly number[]) => tf.tensor(randomNormal(11, name, size(shape)), [...shape]);
const lengths = [7, 1, 53, 20]; // 53: more than one block of queries
const tokens = lengths.reduce((a, b) => a + b, 0);
const segments = Int32Array.from({ length: tokens }, (_, i) => (i * i) % 3);

function cases(fused: boolean, width = 32, heads = 2): Case[] {
  const hidden = width * heads;
  const [attend, gelu, norm, residual] = fused
    ? [fusedAttention, fusedBiasGelu, fusedLayerNorm, fusedResidualNorm]
    : [composedAttention, composedBiasGelu, composedLayerNorm, composedResidualNorm];
  const [attendSelf, denseNorm, feedForward] = fused
    ? [fusedSelfAttention, fusedDenseResidualNorm, fusedFeedForwardNorm]
    : [composedSelfAttention, composedDenseResidualNorm, composedFeedForwardNorm];
  const matrix = [tokens, hidden];
  const few = [lengths.length, hidden];
  const table = [2 * 53, hidden];
  const attentionOptions = (dropoutRng: DropoutRng | undefined) => ({
    heads,
    packing: new Packing(lengths),
    dropoutRate: 0.1,
    dropoutRng,
  });
  const square = [hidden, hidden];
  const inner = 2 * hidden + 3;
  const options = (dropoutRng: DropoutRng | undefined) => ({ epsilon: 1e-12, dropoutRate: 0.1, dropoutRng });
  return [
    {
      name: "attention",
      inputs: [matrix, matrix, matrix],
      run: ([q, k, v], dropoutRng) => attend(q as Tensor, k as Tensor, v as Tensor, attentionOptions(dropoutRng)),
    },
    ...(["all", "first", "last"] as const).map((queryRows) => ({
      name: `attention with terms of ${queryRows}`,
      inputs: [queryRows === "all" ? matrix : few, matrix, matrix, table, table, [106, heads], [1, hidden], [1, heads]],
      run: ([q, k, v, ...tables]: Tensor[], dropoutRng: DropoutRng | undefined) => {
        const [byQuery, byKey, byDistance, otherSegment, segmentBias] = tables as [
          Tensor,
          Tensor,
          Tensor,
          Tensor,
          Tensor,
        ];
        const terms = { byQuery, byKey, byDistance, otherSegment, segmentBias, segments, window: 17, factor: 0.1 };
        return attend(q as Tensor, k as Tensor, v as Tensor, { ...attentionOptions(dropoutRng), queryRows, terms });
      },
    })),
    { name: "biasGelu", inputs: [matrix, [hidden]], run: ([x, b]) => gelu(x as Tensor, b as Tensor) },
    {
      name: "layerNorm",
      inputs: [matrix, [hidden], [hidden]],
      run: ([x, w, b]) => norm(x as Tensor, w as Tensor, b as Tensor, 1e-12),
    },
    {
      name: "residualNorm",
      inputs: [matrix, [hidden], matrix, [hidden], [hidden]],
      run: ([x, inputBias, residualInput, weight, bias], dropoutRng) =>
        residual({ x, inputBias, residual: residualInput, weight, bias } as Parameters<typeof residual>[0], {
          epsilon: 1e-12,
          dropoutRate: 0.1,
          dropoutRng,
        }),
    },
    ...(["all", "first", "last"] as const).map((queryRows) => ({
      name: `selfAttention of ${queryRows}`,
      output: queryRows === "all" ? matrix : few,
      inputs: [matrix, square, [hidden], square, [hidden], square, [hidden], [106, heads]],
      run: ([x, ...rest]: Tensor[], dropoutRng: DropoutRng | undefined) => {
        // small weights, as a model has them: with large ones rounding drowns the slopes that are measured
        const part = (i: number) => ({
          weight: (rest[2 * i] as Tensor).mul(0.1) as Tensor,
          bias: rest[2 * i + 1] as Tensor,
        });
        const terms = { byDistance: rest[6] as Tensor };
        return attendSelf(x as Tensor, [part(0), part(1), part(2)], {
          ...attentionOptions(dropoutRng),
          queryRows,
          terms,
        });
      },
    })),
    {
      name: "denseResidualNorm",
      inputs: [matrix, square, [hidden], matrix, [hidden], [hidden]],
      run: ([x, projection, inputBias, residualInput, weight, bias], dropoutRng) =>
        denseNorm(
          { x, projection, inputBias, residual: residualInput, weight, bias } as Parameters<typeof denseNorm>[0],
          options(dropoutRng),
        ),
    },
    {
      name: "feedForwardNorm",
      inputs: [matrix, [inner, hidden], [inner], [hidden, inner], [hidden], [hidden], [hidden]],
      run: ([x, upWeight, upBias, downWeight, downBias, weight, bias], dropoutRng) =>
        feedForward(
          {
            x,
            up: { weight: (upWeight as Tensor).mul(0.1), bias: upBias },
            down: { weight: (downWeight as Tensor).mul(0.1), bias: downBias },
            norm: { weight, bias },
          } as Parameters<typeof feedForward>[0],
          options(dropoutRng),
        ),
    },
  ];
}

/** Value and gradients of `sum(op(inputs) * weights)`. */
function valueAndGradients({ name, inputs, output, run }: Case, dropoutRng: () => DropoutRng | undefined): Tensor[] {
  const tensors = inputs.map((shape, i) => random(`${name} ${i}`, shape));
  const weights = random(`${name} weights`, output ?? (inputs[0] as number[]));
  const { gradients } = lossAndGradients(() => run(tensors, dropoutRng()).mul(weights).sum(), tensors);
  return [run(tensors, dropoutRng()), ...(gradients as Tensor[])];
}

function expectClose(mine: Tensor, theirs: Tensor, tolerance: number, what: string): void {
  const scale = theirs.abs().max().dataSync()[0] as number;
  const worst = mine.sub(theirs).abs().max().dataSync()[0] as number;
  expect(worst, what).toBeLessThanOrEqual(tolerance * scale);
}

const none = () => undefined;
const dropoutRng = () => new DropoutRng(3, 5);
const variants = nativeOps ? [false, true] : [false]; // the fused forms need the library that set-up builds

describe.skipIf(!nativeOps)("fused and composed forms", () => {
  test.each([
    [32, 2],
    [64, 1],
    [5, 3],
  ])("have the same values and gradients at %i columns x %i heads, with and without dropout", (width, heads) => {
    for (const masks of [none, dropoutRng]) {
      cases(true, width, heads).forEach((fused, i) => {
        const mine = valueAndGradients(fused, masks);
        valueAndGradients(cases(false, width, heads)[i] as Case, masks).forEach((theirs, j) => {
          expectClose(mine[j] as Tensor, theirs, 2e-6, `${fused.name} ${j === 0 ? "value" : `gradient ${j - 1}`}`);
        });
      });
    }
  });

  test("attention keeps its precision where scores are far apart", () => {
    const [fused, composed] = [cases(true)[0] as Case, cases(false)[0] as Case];
    const inputs = fused.inputs.map((shape, i) => random(`far ${i}`, shape).mul(4) as Tensor);
    expectClose(fused.run(inputs, undefined), composed.run(inputs, undefined), 1e-5, "value");
  });

  test("attention does not hide a number that is none", () => {
    const [op] = cases(true) as [Case];
    const inputs = op.inputs.map((shape) => tf.fill([...shape], Number.NaN) as Tensor);
    expect(op.run(inputs, undefined).dataSync().every(Number.isNaN)).toBe(true);
  });
});

describe.each(variants)("with fused = %s", (fused) => {
  test.each(cases(fused).map((op) => [op.name, op] as const))("%s repeats itself bit by bit", (_name, op) => {
    const [first, second] = [valueAndGradients(op, dropoutRng), valueAndGradients(op, dropoutRng)];
    first.forEach((tensor, i) => {
      expect(tensor.dataSync()).toEqual((second[i] as Tensor).dataSync());
    });
  });

  test.each(cases(fused).map((op) => [op.name, op] as const))(
    "the gradient of %s follows the masks of its forward pass",
    (_name, op) => {
      const tensors = op.inputs.map((shape, i) => random(`${op.name} ${i}`, shape));
      const weights = random(`${op.name} weights`, op.output ?? (op.inputs[0] as number[]));
      const loss = (inputs: Tensor[]) => op.run(inputs, dropoutRng()).mul(weights).sum();
      const { gradients } = lossAndGradients(() => loss(tensors), tensors);
      tensors.forEach((tensor, i) => {
        const direction = random(`${op.name} direction ${i}`, tensor.shape);
        const at = (h: number) =>
          loss(tensors.map((t, j) => (i === j ? (t.add(direction.mul(h)) as Tensor) : t))).dataSync()[0] as number;
        const slope = (at(2e-3) - at(-2e-3)) / 4e-3;
        const predicted = (gradients[i] as Tensor).mul(direction).sum().dataSync()[0] as number;
        const norm = (gradients[i] as Tensor).norm().dataSync()[0] as number;
        expect(Math.abs(slope - predicted), `input ${i}`).toBeLessThan(0.02 * norm + 0.02);
      });
    },
  );

  test("dropout keeps 90 % of the values, scaled, the gradient as the value, and no two sites alike", () => {
    const drop = fused ? fusedDropout : composedDropout;
    const x = tf.ones([300, 500]) as Tensor;
    const both = new DropoutRng(1, 2);
    const [first, second] = [drop(x, 0.1, both), drop(x, 0.1, both)].map((t) => t.dataSync() as Float32Array);
    const kept = (values: Float32Array) => values.filter((value) => value !== 0);
    const zero = 1 - kept(first as Float32Array).length / x.size;
    expect(Math.abs(zero - 0.1)).toBeLessThan(0.003); // 4 standard deviations
    for (const value of kept(first as Float32Array)) expect(value).toBeCloseTo(1 / 0.9, 5);
    const together = (first as Float32Array).filter((value, i) => value === 0 && second?.[i] === 0).length;
    expect(Math.abs(together / x.size - 0.01)).toBeLessThan(0.001);
    const { gradients } = lossAndGradients(() => drop(x, 0.1, new DropoutRng(1, 2)).sum(), [x]);
    expect((gradients[0] as Tensor).dataSync()).toEqual(first);
    const rows = tf
      .tensor(first as Float32Array, [300, 500])
      .equal(0)
      .sum(1)
      .dataSync();
    expect(Math.max(...rows)).toBeLessThan(50 + 6 * 6.7);
    expect(Math.min(...rows)).toBeGreaterThan(50 - 6 * 6.7);
  });

  test("attention's masks keep 90 % of the probabilities, scaled", () => {
    const attend = fused ? fusedAttention : composedAttention;
    const length = 64;
    const packing = new Packing([length]);
    // equal scores, and values that pick one key each: the result is the dropped probabilities themselves
    const [zeros, identity] = [tf.zeros([length, length]) as Tensor, tf.eye(length) as Tensor];
    const result = attend(zeros, zeros, identity, { heads: 1, packing, dropoutRate: 0.1, dropoutRng: dropoutRng() });
    const values = result.dataSync() as Float32Array;
    const kept = values.filter((value) => value !== 0);
    expect(Math.abs(kept.length / values.length - 0.9)).toBeLessThan(0.02);
    for (const value of kept) expect(value).toBeCloseTo(1 / (0.9 * length), 6);
  });

  test("a frozen input gets no gradient, and the others are what they were", () => {
    for (const op of cases(fused)) {
      const tensors = op.inputs.map((shape, i) => random(`${op.name} ${i}`, shape));
      const run = (wanted: Tensor[]) => lossAndGradients(() => op.run(tensors, undefined).square().sum(), wanted);
      const all = run(tensors).gradients as Tensor[];
      tensors.forEach((frozen, i) => {
        markConstant(frozen);
        const rest = tensors.filter((tensor) => tensor !== frozen);
        const expected = all.filter((_, j) => j !== i);
        run(rest).gradients.forEach((gradient, j) => {
          expectClose(gradient as Tensor, expected[j] as Tensor, 1e-6, `${op.name} without ${i}`);
        });
        markTrainable(frozen);
      });
    }
  });

  test("nothing is left behind", () => {
    for (const op of cases(fused)) {
      const tensors = op.inputs.map((shape, i) => random(`${op.name} ${i}`, shape));
      const once = () =>
        tf.tidy(() => {
          lossAndGradients(() => op.run(tensors, dropoutRng()).sum(), tensors);
        });
      once();
      const before = tf.memory().numTensors;
      once();
      expect(tf.memory().numTensors - before, op.name).toBeLessThanOrEqual(2); // a new packing keeps its layout
    }
  });
});
