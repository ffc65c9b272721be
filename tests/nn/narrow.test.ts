/** The fused parts of a layer in bfloat16 against themselves in float32. */
import { describe, expect, test } from "vitest";
import { fusedSelfAttention } from "../../src/nn/attention/attention.ts";
import { DropoutRng } from "../../src/nn/dropout.ts";
import { Packing } from "../../src/nn/packing.ts";
import { fusedDenseResidualNorm, fusedFeedForwardNorm } from "../../src/nn/postNorm.ts";
import { lossAndGradients } from "../../src/tensor/gradients.ts";
import { nativeOps } from "../../src/tensor/native.ts";
import type { Precision } from "../../src/tensor/precision.ts";
import { randomNormal } from "../../src/tensor/random.ts";
import { tf } from "../../src/tensor/tensorflow.ts";

type Tensor = ReturnType<typeof tf.tensor>;
const lengths = [7, 1, 53, 20];
const tokens = lengths.reduce((a, b) => a + b, 0);
const packing = new Packing(lengths);
void packing.lengthsTensor; // made and kept once, before anything is counted
const heads = 2;
const hidden = 64;
const inner = 131; // the last of an odd number lies alone in its word
const [matrix, square] = [
  [tokens, hidden],
  [hidden, hidden],
];

/** A part of a layer: the shapes of its inputs, and itself. Matrices get small weights, as a model has them. */
interface Part {
  readonly name: string;
  readonly inputs: readonly (readonly number[])[];
  readonly run: (inputs: readonly Tensor[], precision: Precision, dropoutRng?: DropoutRng) => Tensor;
}

const options = (precision: Precision, dropoutRng: DropoutRng | undefined) => ({
  ...{ heads, packing, epsilon: 1e-12, dropoutRate: 0.1, dropoutRng, precision },
});

const parts: readonly Part[] = [
  {
    name: "selfAttention",
    inputs: [matrix, square, [hidden], square, [hidden], square, [hidden]],
    run: (inputs, precision, dropoutRng) => {
      const [x, q, qBias, k, kBias, v, vBias] = inputs as Required<
        readonly [Tensor, Tensor, Tensor, Tensor, Tensor, Tensor, Tensor]
      >;
      const [query, key] = [
        { weight: q, bias: qBias },
        { weight: k, bias: kBias },
      ];
      return fusedSelfAttention(x, [query, key, { weight: v, bias: vBias }], options(precision, dropoutRng));
    },
  },
  {
    name: "denseResidualNorm",
    inputs: [matrix, square, [hidden], matrix, [hidden], [hidden]],
    run: (inputs, precision, dropoutRng) => {
      const [x, projection, inputBias, residual, weight, bias] = inputs as [
        Tensor,
        Tensor,
        Tensor,
        Tensor,
        Tensor,
        Tensor,
      ];
      return fusedDenseResidualNorm(
        { x, projection, inputBias, residual, weight, bias },
        options(precision, dropoutRng),
      );
    },
  },
  {
    name: "feedForwardNorm",
    inputs: [matrix, [inner, hidden], [inner], [hidden, inner], [hidden], [hidden], [hidden]],
    run: (inputs, precision, dropoutRng) => {
      const [x, up, upBias, down, downBias, weight, bias] = inputs as [
        Tensor,
        Tensor,
        Tensor,
        Tensor,
        Tensor,
        Tensor,
        Tensor,
      ];
      const rest = { up: { weight: up, bias: upBias }, down: { weight: down, bias: downBias }, norm: { weight, bias } };
      return fusedFeedForwardNorm({ x, ...rest }, options(precision, dropoutRng));
    },
  },
];

const tensorsOf = ({ name, inputs }: Part): Tensor[] =>
  inputs.map((shape, i) => {
    const values = randomNormal(
      11,
      `${name} ${i}`,
      shape.reduce((a, b) => a * b, 1),
    );
    const isWeight = shape.length === 2 && shape[0] !== tokens;
    return tf.tensor(isWeight ? values.map((value) => value * 0.1) : values, [...shape]);
  });

/** Value and gradients of `sum(part(inputs) * weights)`. */
function valueAndGradients(part: Part, precision: Precision, withDropout: boolean): Tensor[] {
  const tensors = tensorsOf(part);
  const weights = tf.tensor(randomNormal(11, `${part.name} weights`, tokens * hidden), matrix);
  const run = () => part.run(tensors, precision, withDropout ? new DropoutRng(3, 5) : undefined);
  return [run(), ...(lossAndGradients(() => run().mul(weights).sum(), tensors).gradients as Tensor[])];
}

/** In the L2 norm. */
const relativeError = (mine: Tensor, theirs: Tensor): number =>
  mine.sub(theirs).norm().div(theirs.norm()).dataSync()[0] as number;

/** The input whose gradient is zero in exact arithmetic: the bias of the keys. */
const isZero = (part: Part, input: number) => part.name === "selfAttention" && input === 4;

describe.skipIf(!nativeOps)("in bfloat16", () => {
  test.each(parts.flatMap((part) => [false, true].map((withDropout) => [part.name, withDropout, part] as const)))(
    "%s, dropout %s, is float32's but for the rounding of factors, and so are its gradients",
    (_, withDropout, part) => {
      const [narrow, wide] = [
        valueAndGradients(part, "bfloat16", withDropout),
        valueAndGradients(part, "float32", withDropout),
      ];
      const errors = narrow.flatMap((mine, i) => (isZero(part, i - 1) ? [] : [relativeError(mine, wide[i] as Tensor)]));
      console.log(`${part.name}: relative errors ${errors.map((error) => error.toExponential(1)).join(" ")}`);
      for (const error of errors) expect(error).toBeLessThan(2 ** -7);
      expect(errors[0]).toBeGreaterThan(2 ** -13); // it was not computed in float32
    },
  );

  test.each(parts.map((part) => [part.name, part] as const))("%s repeats itself bit by bit", (_, part) => {
    const [first, second] = [valueAndGradients(part, "bfloat16", true), valueAndGradients(part, "bfloat16", true)];
    first.forEach((tensor, i) => {
      expect(tensor.dataSync()).toEqual((second[i] as Tensor).dataSync());
    });
  });

  test("a chain of parts keeps half of what it keeps in float32, and nothing is left behind", () => {
    const tensors = parts.map(tensorsOf);
    const kept = (precision: Precision, times: number): number => {
      const before = tf.memory();
      let bytes = 0;
      tf.tidy(() => {
        const loss = () => {
          let x = tf.zeros(matrix) as Tensor;
          for (let i = 0; i < times; i++) {
            for (const [index, part] of parts.entries()) {
              const below = x;
              x = tf.tidy(() => {
                const rest = tensors[index]?.slice(1) ?? [];
                return part.run([below, ...rest], precision);
              });
              below.dispose();
            }
          }
          bytes = tf.memory().numBytes - before.numBytes;
          return x.sum() as Tensor;
        };
        lossAndGradients(loss, tensors.flat());
      });
      expect(tf.memory().numTensors).toBe(before.numTensors);
      return bytes;
    };
    const perRound = (precision: Precision) => (kept(precision, 6) - kept(precision, 2)) / 4;
    const [wide, narrow] = [perRound("float32"), perRound("bfloat16")];
    console.log(`kept by a layer: ${wide} bytes in float32, ${narrow} in bfloat16`);
    const rows = tokens * (8 * hidden + inner);
    const odd = tokens; // the empty half of a word
    expect(wide).toBeGreaterThan(4 * rows); // tfjs counts the weights, of which there are no copies
    expect(wide - narrow).toBe(4 * rows - 2 * (rows + odd));
  });
});
