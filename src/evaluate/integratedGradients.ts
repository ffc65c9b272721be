/**
 * Integrated gradients (Sundararajan et al. 2017, arXiv:1703.01365) of a logit with regard to the word embeddings of one
 * example. The trained parameters, and what is known of their gradients, stay as they are.
 */
import type { Tensor } from "@tensorflow/tfjs-core";
import { ThawError } from "../errors.ts";
import { type EncodedText, PackedBatch } from "../models/packedBatch.ts";
import type { RunOptions, SequenceClassifier } from "../models/sequenceClassifier.ts";
import { breathe } from "../platform/threads.ts";
import { markConstant, markTrainable } from "../tensor/differentiable.ts";
import { lossAndGradients } from "../tensor/gradients.ts";
import { section } from "../tensor/section.ts";
import { tf } from "../tensor/tensorflow.ts";
import { dataOf } from "../tensor/variable.ts";

/** The largest share of the difference of the logits that the attributions may miss before more steps are taken. */
export const completenessLimit = 0.01;

/** The inputs of `integratedGradients`. */
export interface GradientsInput {
  readonly model: SequenceClassifier;
  /** The example, with its special tokens. */
  readonly text: EncodedText;
  /** Ids of the baseline's tokens, `[tokens]`, as many as the example has. */
  readonly baselineIds: ArrayLike<number>;
  /** Returns the indices of the logits to explain, given the logits; each has a pass of its own over the points. */
  readonly targets: (logits: Float32Array) => readonly number[];
  /** Points on the way from the baseline to the example, from 1 on. */
  readonly steps: number;
  /** Most points: they are doubled up to here while the attributions miss more than `completenessLimit`. */
  readonly maxSteps: number;
  /** Most tokens in a batch of points; at least one point is computed at a time. Default: 1024. */
  readonly batchTokens?: number;
  /** Ends the computation between two batches. */
  readonly signal?: AbortSignal | undefined;
}

/** The attributions of one logit. */
export interface TargetGradients {
  /** Index of the logit. */
  readonly target: number;
  /** The attribution of each token, summed over the width of its embedding: `[tokens]`. */
  readonly attributions: Float64Array;
  /** Points at which the gradient was computed. */
  readonly steps: number;
  /** `|sum of the attributions - (logit - logit of the baseline)|`. */
  readonly completenessError: number;
}

/** The attributions of an example, with the logits that they explain. */
export interface IntegratedGradients {
  /** The logits of the example, `[labels]`. */
  readonly logits: Float32Array;
  /** The logits of the baseline, `[labels]`. */
  readonly baselineLogits: Float32Array;
  /** One for each logit that is explained, in the order of `targets`. */
  readonly targets: readonly TargetGradients[];
}

/**
 * Computes for each token i `sum_w (x_iw - b_iw) * integral_0^1 dF(b + a (x - b)) / dx_iw da`: x are the word embeddings
 * of the example, b those of the baseline, F the logit. Positions, token types and the attention mask are those of the
 * example all the way, as in captum's `LayerIntegratedGradients` over the word embeddings. The integral is a
 * Gauss-Legendre quadrature. Throws `NON_FINITE` if a logit is NaN or infinite.
 */
export async function integratedGradients(input: GradientsInput): Promise<IntegratedGradients> {
  const { model, text, baselineIds } = input;
  const { words, baseline, ends } = bothEnds(model, text, baselineIds);
  const labels = model.config.numLabels;
  const [logits, baselineLogits] = [ends.slice(0, labels), ends.slice(labels)];
  try {
    const found: TargetGradients[] = [];
    for (const target of input.targets(logits)) {
      const difference = (logits[target] as number) - (baselineLogits[target] as number);
      found.push(await explainTarget(input, target, difference, words, baseline));
    }
    return { logits, baselineLogits, targets: found };
  } finally {
    tf.dispose([words, baseline]);
  }
}

/** Doubles the points until the attributions add up to `difference`. */
async function explainTarget(
  input: GradientsInput,
  target: number,
  difference: number,
  words: Tensor,
  baseline: Tensor,
): Promise<TargetGradients> {
  for (let steps = input.steps; ; steps = Math.min(2 * steps, input.maxSteps)) {
    const attributions = await attributionsOf(input, target, steps, words, baseline);
    const completenessError = Math.abs(attributions.reduce((sum, value) => sum + value, 0) - difference);
    const isComplete = completenessError <= completenessLimit * Math.abs(difference);
    if (isComplete || steps >= input.maxSteps) return { target, attributions, steps, completenessError };
  }
}

/** Integrates over `steps` points, a batch of them at a time. */
async function attributionsOf(
  { model, text, batchTokens = 1024, signal }: GradientsInput,
  target: number,
  steps: number,
  words: Tensor,
  baseline: Tensor,
): Promise<Float64Array> {
  const tokens = text.inputIds.length;
  const attributions = new Float64Array(tokens);
  const { points, weights } = gaussLegendre(steps);
  const atOnce = Math.max(1, Math.floor(batchTokens / tokens));
  for (let start = 0; start < steps; start += atOnce) {
    signal?.throwIfAborted();
    const own = points.subarray(start, start + atOnce);
    const products = section(() => gradientProducts(model, text, target, own, words, baseline));
    products.forEach((product, i) => {
      attributions[i % tokens] =
        (attributions[i % tokens] as number) + product * (weights[start + Math.floor(i / tokens)] as number);
    });
    await breathe();
  }
  return attributions;
}

/** Computes `sum_w (x - b)_w dF/dx_w` of each token at each of the points: `[points * tokens]`. */
function gradientProducts(
  model: SequenceClassifier,
  text: EncodedText,
  target: number,
  points: Float64Array,
  words: Tensor,
  baseline: Tensor,
): Float32Array {
  const batch = PackedBatch.fromTexts(Array.from(points, () => text));
  try {
    return tf.tidy(() => {
      const [tokens, width] = words.shape as [number, number];
      const all = [points.length * tokens, width];
      const way = words.sub(baseline);
      const shares = tf.tensor3d(Float32Array.from(points), [points.length, 1, 1]);
      const between = markTrainable(baseline.add(way.mul(shares)).reshape(all));
      const isTarget = Float32Array.from({ length: model.config.numLabels }, (_, label) => Number(label === target));
      const { gradients } = lossAndGradients(
        () => model.run(undefined, -1, batch, { ...frozen, throughWords: () => between }),
        [between],
        tf.tensor2d(isTarget, [1, isTarget.length]).tile([points.length, 1]),
      );
      const gradient = gradients[0] ?? tf.zeros(all);
      return dataOf(gradient.mul(way.tile([points.length, 1])).sum(1));
    });
  } finally {
    batch.dispose();
  }
}

/** No gradient is wanted of any parameter; whether it trains is asked anew at its next use. */
const frozen: RunOptions = { through: (_, tensor) => markConstant(tensor) };

/**
 * Looks up the word embeddings of the example and of its baseline, `[tokens, width]` each, which the caller disposes,
 * and computes the logits of both with what else the example has: `[2 * labels]`.
 */
function bothEnds(model: SequenceClassifier, text: EncodedText, baselineIds: ArrayLike<number>) {
  const tokens = text.inputIds.length;
  const looked: Tensor[] = [];
  const run = (texts: readonly EncodedText[], throughWords: (words: Tensor) => Tensor): Float32Array => {
    const batch = PackedBatch.fromTexts(texts);
    try {
      return section(() => tf.tidy(() => dataOf(model.run(undefined, -1, batch, { ...frozen, throughWords }))));
    } finally {
      batch.dispose();
    }
  };
  try {
    run([text, { ...text, inputIds: baselineIds }], (words) => {
      looked.push(tf.keep(words.slice([0, 0], [tokens, -1])), tf.keep(words.slice([tokens, 0], [tokens, -1])));
      return words;
    });
    const [words, baseline] = looked as [Tensor, Tensor];
    // the positions of some families depend on the ids: both ends have those of the example
    const ends = run([text, text], () => markConstant(tf.concat([words, baseline])));
    if (!ends.every(Number.isFinite)) {
      throw new ThawError(
        "NON_FINITE",
        `The logits of the text or of its baseline are ${[...ends].join(", ")}: the model's weights are damaged. Load it again.`,
      );
    }
    return { words, baseline, ends };
  } catch (error) {
    tf.dispose(looked);
    throw error;
  }
}

/**
 * Makes the points and weights of the Gauss-Legendre quadrature over [0, 1], points ascending: the roots of the Legendre
 * polynomial P_n, each by Newton's method from `cos(pi (k + 3/4) / (n + 1/2))`, and `1 / ((1 - x^2) P_n'(x)^2)`.
 */
export function gaussLegendre(count: number): { readonly points: Float64Array; readonly weights: Float64Array } {
  const [points, weights] = [new Float64Array(count), new Float64Array(count)];
  for (let k = 0; k < count; k++) {
    let x = -Math.cos((Math.PI * (k + 0.75)) / (count + 0.5));
    let { value, slope } = legendre(count, x);
    for (let round = 0; round < 8 && Math.abs(value / slope) > 1e-16; round++) {
      x -= value / slope;
      ({ value, slope } = legendre(count, x));
    }
    points[k] = (1 + x) / 2;
    weights[k] = 1 / ((1 - x * x) * slope * slope);
  }
  return { points, weights };
}

/** P_n(x) and its derivative, by Bonnet's recursion. */
function legendre(n: number, x: number): { value: number; slope: number } {
  let [before, value] = [1, x];
  for (let k = 2; k <= n; k++) [before, value] = [value, ((2 * k - 1) * x * value - (k - 1) * before) / k];
  return { value, slope: (n * (x * value - before)) / (x * x - 1) };
}
