/** Every op with a gradient of its own, in each of its forms, against central differences of its formula in PyTorch's float64. */
import { describe, expect, test } from "vitest";
import { activate, activationNames, composedBiasGelu, fusedBiasGelu, gelu } from "../../src/nn/activation.ts";
import {
  composedAttention,
  composedSelfAttention,
  fusedAttention,
  fusedSelfAttention,
} from "../../src/nn/attention/attention.ts";
import { rotate } from "../../src/nn/attention/rotary.ts";
import { biasProducts, segmentDifference } from "../../src/nn/attention/scoreTables.ts";
import { tokenConvolution } from "../../src/nn/convolution.ts";
import { composedDropout, fusedDropout } from "../../src/nn/dropout.ts";
import { embedding } from "../../src/nn/embedding.ts";
import { composedLayerNorm, fusedLayerNorm } from "../../src/nn/layerNorm.ts";
import { fromHeads, linear, project, toHeads } from "../../src/nn/linear.ts";
import { Packing, type QueryRows } from "../../src/nn/packing.ts";
import {
  composedDenseResidualNorm,
  composedFeedForwardNorm,
  composedResidualNorm,
  fusedDenseResidualNorm,
  fusedFeedForwardNorm,
  fusedResidualNorm,
} from "../../src/nn/postNorm.ts";
import { addBias, addRows, meanRows, multiplyRows, part, placeRows, scaleRows, selectRows } from "../../src/nn/rows.ts";
import { binaryCrossEntropy } from "../../src/task/multiLabel.ts";
import { meanSquaredError } from "../../src/task/regression.ts";
import { crossEntropy } from "../../src/task/singleLabel.ts";
import { differentiable } from "../../src/tensor/differentiable.ts";
import { lossAndGradients, recomputed } from "../../src/tensor/gradients.ts";
import { nativeOps } from "../../src/tensor/native.ts";
import { tf } from "../../src/tensor/tensorflow.ts";
import { golden } from "../golden/read.ts";
import { uniform } from "../models/familyModel.ts";
import { dropoutRngAt, type Tensor } from "./compare.ts";
import { type Slopes, worstOf } from "./slopes.ts";

interface GoldenOp {
  readonly inputs: readonly number[][];
  readonly output: readonly number[];
  readonly slopes: readonly Slopes[];
}
const { made_with: _, ...goldens } = golden<Record<string, GoldenOp>>("op_differences.json");

const packing = new Packing([5, 1, 9]);
const [heads, epsilon] = [2, 1e-5];
const segments = Int32Array.from({ length: packing.tokens }, (_, i) => (i * i) % 3);
const dropoutRng = (drops: boolean) => (drops ? dropoutRngAt([3, 2560]) : undefined);
const withDropout = (drops: boolean) => ({ dropoutRate: 0.25, dropoutRng: dropoutRng(drops), epsilon });

/** The op of a golden's name; most have one form only. */
type Op = (x: Tensor[]) => Tensor;

function opsOf(fused: boolean): Readonly<Record<string, Op>> {
  const [attend, attendSelf, biasGelu, norm] = fused
    ? [fusedAttention, fusedSelfAttention, fusedBiasGelu, fusedLayerNorm]
    : [composedAttention, composedSelfAttention, composedBiasGelu, composedLayerNorm];
  const [drop, residual, denseNorm, feedForward] = fused
    ? [fusedDropout, fusedResidualNorm, fusedDenseResidualNorm, fusedFeedForwardNorm]
    : [composedDropout, composedResidualNorm, composedDenseResidualNorm, composedFeedForwardNorm];
  const attention = ([q, k, v]: Tensor[], terms: object, { queryRows = "all" as QueryRows, drops = false } = {}) =>
    attend(q as Tensor, k as Tensor, v as Tensor, { heads, packing, queryRows, terms, ...withDropout(drops) });
  const both = <T>(make: (drops: boolean) => T) => [false, true].map(make);
  const everywhere = ["all", "first", "last"] as const;
  const ops: [string, Op][] = [
    ...activationNames.map((name): [string, Op] => [`activation ${name}`, ([x]) => activate(name, x as Tensor)]),
    ["biasGelu", ([x, b]) => biasGelu(x as Tensor, b as Tensor)],
    ["layerNorm", ([x, w, b]) => norm(x as Tensor, w as Tensor, b as Tensor, epsilon)],
    ["dropout", ([x]) => drop(x as Tensor, 0.25, dropoutRng(true))],
    ...both((drops): [string, Op] => [
      `residualNorm${drops ? " with dropout" : ""}`,
      (t) => {
        const [x, inputBias, residualInput, weight, bias] = t as [Tensor, Tensor, Tensor, Tensor, Tensor];
        return residual({ x, inputBias, residual: residualInput, weight, bias }, withDropout(drops));
      },
    ]),
    ...both((drops): [string, Op] => [
      `denseResidualNorm${drops ? " with dropout" : ""}`,
      (t) => {
        const [x, projection, inputBias, residual, weight, bias] = t as [
          Tensor,
          Tensor,
          Tensor,
          Tensor,
          Tensor,
          Tensor,
        ];
        return denseNorm({ x, projection, inputBias, residual, weight, bias }, withDropout(drops));
      },
    ]),
    ...["gelu", "silu"].flatMap((activation) =>
      both((drops): [string, Op] => [
        `feedForwardNorm of ${activation}${drops ? " with dropout" : ""}`,
        (t) => {
          const [x, up, upBias, down, downBias, weight, bias] = t as [
            Tensor,
            Tensor,
            Tensor,
            Tensor,
            Tensor,
            Tensor,
            Tensor,
          ];
          const inputs = {
            x,
            up: { weight: up, bias: upBias },
            down: { weight: down, bias: downBias },
            norm: { weight, bias },
          };
          return feedForward(inputs, { ...withDropout(drops), activation });
        },
      ]),
    ),
    ["attention", (t) => attention(t, {})],
    ["attention by query", (t) => attention(t, { byQuery: t[3] })],
    ["attention by key", (t) => attention(t, { byKey: t[3] })],
    ["attention by distance", (t) => attention(t, { byDistance: t[3] })],
    ["attention by segment", (t) => attention(t, { otherSegment: t[3], segmentBias: t[4], segments })],
    ...everywhere.flatMap((queryRows) =>
      both((drops): [string, Op] => [
        `attention of ${queryRows} with all terms${drops ? " and dropout" : ""}`,
        (t) => {
          const [byQuery, byKey, byDistance, otherSegment, segmentBias] = t.slice(3);
          const tables = { byQuery, byKey, byDistance, otherSegment, segmentBias };
          return attention(t, { ...tables, segments, window: 3, factor: 0.375 }, { queryRows, drops });
        },
      ]),
    ),
    ...everywhere.flatMap((queryRows) =>
      both((drops): [string, Op] => [
        `selfAttention of ${queryRows}${drops ? " with dropout" : ""}`,
        ([x, ...t]) => {
          const projection = (i: number) => ({ weight: t[2 * i] as Tensor, bias: t[2 * i + 1] as Tensor });
          const terms = { byDistance: t[6] as Tensor };
          const options = { heads, packing, queryRows, terms, ...withDropout(drops) };
          return attendSelf(x as Tensor, [projection(0), projection(1), projection(2)], options);
        },
      ]),
    ),
  ];
  return Object.fromEntries(ops);
}

const angles = Array.from({ length: packing.tokens * 2 }, (_, i) => Math.fround((i >> 1) * 0.3 * ((i & 1) + 1)));
const wave = (f: (x: number) => number) => tf.tensor3d(angles.map(f), [packing.tokens, 1, 2]) as Tensor;
const count = (length: number) => Array.from({ length }, (_, i) => i);
const picked = Int32Array.of(4, 0, 2);

const single: Readonly<Record<string, Op>> = {
  linear: ([x, w, b]) => linear(x as Tensor, w as Tensor, b as Tensor),
  project: ([x, w]) => project(x as Tensor, w as Tensor),
  embedding: ([table]) => embedding(table as Tensor, Int32Array.of(0, 3, 3, 1, 5, 3)),
  biasProducts: ([rows, u, v]) => biasProducts(rows as Tensor, u as Tensor, v as Tensor, 0.5),
  segmentDifference: ([table]) => segmentDifference(table as Tensor),
  toHeads: ([x, w]) => toHeads(x as Tensor, w as Tensor),
  fromHeads: ([x, w]) => fromHeads(x as Tensor, w as Tensor),
  meanRows: ([x]) => meanRows(x as Tensor, packing),
  part: ([x]) => part(x as Tensor, { index: 1, of: 3, groups: 2 }),
  rotate: ([x]) => rotate(x as Tensor, heads, { cos: wave(Math.cos), sin: wave(Math.sin) }),
  addRows: ([a, b]) => addRows(a as Tensor, b as Tensor),
  scaleRows: ([x]) => scaleRows(x as Tensor, 0.375),
  addBias: ([x, b]) => addBias(x as Tensor, b as Tensor),
  multiplyRows: ([a, b]) => multiplyRows(a as Tensor, b as Tensor),
  selectRows: ([x]) => selectRows(x as Tensor, picked),
  placeRows: ([x]) => placeRows(x as Tensor, picked, 6),
  textConvolution: ([x, weight, bias]) =>
    tokenConvolution({ x: x as Tensor, weight: weight as Tensor, bias: bias as Tensor }, packing),
  recomputed: ([x, w, b]) =>
    recomputed({ x: x as Tensor, w: w as Tensor, b: b as Tensor }, ({ x, w, b }) => gelu(linear(x, w, b))),
  crossEntropy: ([x]) =>
    crossEntropy(
      x as Tensor,
      Int32Array.from(count(6), (i) => i % 3),
    ),
  binaryCrossEntropy: ([x]) =>
    binaryCrossEntropy(
      x as Tensor,
      Float32Array.from(count(18), (i) => i % 2),
    ),
  meanSquaredError: ([x]) =>
    meanSquaredError(
      x as Tensor,
      Float32Array.from(count(18), (i) => i / 8),
    ),
};

/** Of all inputs of an op, in units of what is allowed. */
function worstOfOp(name: string, op: Op): number {
  const { inputs, output, slopes } = goldens[name] as GoldenOp;
  return tf.tidy(() => {
    const tensor = (what: string, shape: readonly number[]) => {
      const values = Float32Array.from(
        uniform(
          `${name} ${what}`,
          shape.reduce((a, b) => a * b, 1),
        ),
      );
      return tf.tensor(values, [...shape]) as Tensor;
    };
    const x = inputs.map((shape, i) => tensor(String(i), shape));
    const weights = tensor("weights", output);
    const { gradients } = lossAndGradients(() => op(x).mul(weights).sum() as Tensor, x);
    return Math.max(...slopes.map((each, i) => worstOf(gradients[i]?.dataSync(), each)));
  });
}

test("every op has a golden, and every golden an op", () => {
  const aliases = ["activation gelu_python", "activation gelu_pytorch_tanh", "activation linear", "activation swish"];
  const mine = [...Object.keys(opsOf(false)), ...Object.keys(single)].filter((name) => !aliases.includes(name));
  expect(mine.sort()).toEqual(Object.keys(goldens).sort());
});

describe.each([["composed", opsOf(false)] as const, ...(nativeOps ? [["native", opsOf(true)] as const] : [])])(
  "gradients of %s ops are the slopes of their formulas",
  (form, ops) => {
    test("at 20 points of each input", () => {
      const all = Object.entries({ ...ops, ...single }).filter(([name]) => name in goldens);
      const found = all.map(([name, op]) => ({ name, worst: worstOfOp(name, op) }));
      const points = all.reduce((sum, [name]) => sum + (goldens[name] as GoldenOp).slopes.flat().length, 0);
      const worst = found.reduce((a, b) => (b.worst > a.worst ? b : a));
      console.log(
        `${form}: ${all.length} ops, ${points} points; farthest from its slope by ${worst.worst.toFixed(3)} of what is ` +
          `allowed (1e-5 + 1e-3 of the slope): ${worst.name}`,
      );
      expect(found.filter(({ worst }) => !(worst <= 1))).toEqual([]);
    });

    test("and the same with a gradient that is 1 % too large are not: for no op", () => {
      const scaled =
        (op: Op): Op =>
        (t) =>
          op(t.map((x) => wrong(x, (dy) => dy.mul(1.01) as Tensor)));
      for (const [name, op] of Object.entries({ ...ops, ...single })) {
        if (name in goldens) expect(worstOfOp(name, scaled(op)), name).toBeGreaterThan(1);
      }
    });
  },
);

/** The identity, with a gradient that is not its own. */
const wrong = (x: Tensor, gradient: (dy: Tensor) => Tensor): Tensor =>
  differentiable({ x }, () => ({ value: x.clone(), gradient: (dy) => ({ x: () => gradient(dy) }) }));

test.each<[string, string, Op]>([
  [
    "a normalisation that forgets what it takes from the mean",
    "layerNorm",
    ([x, w, b]) =>
      differentiable({ x: x as Tensor, w: w as Tensor, b: b as Tensor }, () => ({
        value: composedLayerNorm(x as Tensor, w as Tensor, b as Tensor, epsilon).clone(),
        saved: { x: x as Tensor, w: w as Tensor },
        gradient: (dy, { x, w }) => {
          const { mean, variance } = tf.moments(x, -1, true);
          const inverse = variance.add(epsilon).rsqrt();
          const normal = x.sub(mean).mul(inverse);
          return { x: () => dy.mul(w).mul(inverse), w: () => dy.mul(normal).sum(0), b: () => dy.sum(0) };
        },
      })),
  ],
  [
    "the other GELU's derivative",
    "activation gelu",
    ([x]) =>
      differentiable({ x: x as Tensor }, () => ({
        value: gelu(x as Tensor).clone(),
        saved: { x: x as Tensor },
        gradient: (dy, { x }) => ({
          x: () => {
            const ofOther = lossAndGradients(() => activate("gelu_new", x).sum() as Tensor, [x]);
            return dy.mul(ofOther.gradients[0] as Tensor) as Tensor;
          },
        }),
      })),
  ],
  [
    "a mask of another site in the backward pass",
    "dropout",
    ([x]) =>
      differentiable({ x: x as Tensor }, () => ({
        value: composedDropout(x as Tensor, 0.25, dropoutRngAt([3, 2560])).clone(),
        gradient: (dy) => ({ x: () => composedDropout(dy, 0.25, dropoutRngAt([3, 2561])).clone() }),
      })),
  ],
  [
    "rows that are added where they are to be summed",
    "embedding",
    ([table]) => embedding(table as Tensor, Int32Array.of(0, 3, 3, 1, 5, 3), 3),
  ],
])("%s is found", (_, name, op) => {
  expect(worstOfOp(name, op)).toBeGreaterThan(1);
});
