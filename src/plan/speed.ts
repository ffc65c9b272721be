/**
 * Measures the speed of a model on this machine, on its top layers for a few tenths of a second, once per model, and
 * predicts the time of a stage from it.
 */
import type { Tensor } from "@tensorflow/tfjs-core";
import { layersHaveWeights } from "../freezing/selection.ts";
import { PackedBatch } from "../models/packedBatch.ts";
import type { Parameter } from "../models/parameter.ts";
import type { Cut, SequenceClassifier } from "../models/sequenceClassifier.ts";
import { DropoutRng } from "../nn/dropout.ts";
import { AdamW } from "../optim/adamW.ts";
import { globalNorm } from "../optim/gradients.ts";
import { taskOf } from "../task/taskOf.ts";
import { markConstant } from "../tensor/differentiable.ts";
import { lossAndGradients } from "../tensor/gradients.ts";
import type { Precision } from "../tensor/precision.ts";
import { sha256Of } from "../tensor/sha256.ts";
import { tf } from "../tensor/tensorflow.ts";
import { NativeVariable } from "../tensor/variable.ts";
import { sizeOf } from "./plan.ts";

/** The measured times of the parts of training, in seconds. */
interface Speed {
  /** The time of one token in one layer, forward only. */
  readonly forward: number;
  /** The time of one token in one layer, forward and backward, with all gradients. */
  readonly both: number;
  /** The time of one token in the topmost layer, which computes only the rows that the head reads, forward only. */
  readonly topForward: number;
  /** The time of one token in the topmost layer, forward and backward, with all gradients. */
  readonly topBoth: number;
  /** The time of the head, forward and backward, for one micro-batch of any length. */
  readonly head: number;
  /** The time of the gradient's norm and the optimizer's update, for one parameter value. */
  readonly update: number;
  /** The time of SHA-256 over one parameter value. */
  readonly hash: number;
}

const measured: Readonly<Record<Precision, WeakMap<SequenceClassifier, Speed>>> = {
  float32: new WeakMap(),
  bfloat16: new WeakMap(),
};

/**
 * Measures the speed of a model. `lengths` are the tokens of each example of a typical batch, of which at most 512
 * tokens are used.
 */
export function speedOf(
  model: SequenceClassifier,
  lengths: readonly number[],
  precision: Precision = "float32",
): Speed {
  let speed = measured[precision].get(model);
  if (speed === undefined) {
    speed = measure(model, lengths, precision);
    measured[precision].set(model, speed);
  }
  return speed;
}

function measure(model: SequenceClassifier, lengths: readonly number[], precision: Precision): Speed {
  const top = model.depth - 1;
  const parameters = [...model.parameters.values()];
  const flags = parameters.map(({ requiresGrad }) => requiresGrad);
  const batch = batchOf(lengths);
  const { tokens } = batch.packing;
  try {
    const below = Math.max(0, top - 1); // the topmost alone where there is no other
    const measuredBlocks = [below, top, "shared", "head"];
    for (const parameter of parameters) parameter.requiresGrad = measuredBlocks.includes(parameter.block);
    const trained = parameters.filter(({ requiresGrad }) => requiresGrad);
    const rows = rowsFor(model, tokens);
    const pooled = rowsFor(model, batch.packing.batch);
    const head = secondsOf(() => stepThrough(model, pooled, model.depth, batch, trained, precision));
    const forwardFrom = (cut: number) =>
      secondsOf(() => model.run(markConstant(rows.clone()), cut, batch, { precision }));
    const bothFrom = (cut: number) => secondsOf(() => stepThrough(model, rows, cut, batch, trained, precision));
    // differences of measured times: on a busy machine they may come out below what is certainly needed
    const topForward = forwardFrom(top);
    const topBoth = Math.max(topForward, bothFrom(top) - head);
    const forward = below === top ? topForward : Math.max(topForward, forwardFrom(below) - topForward);
    const both = below === top ? topBoth : Math.max(topBoth, bothFrom(below) - head - topBoth);
    rows.dispose();
    pooled.dispose();
    return {
      forward: forward / tokens,
      both: both / tokens,
      topForward: topForward / tokens,
      topBoth: topBoth / tokens,
      head,
      ...machineSpeed(),
    };
  } finally {
    parameters.forEach((parameter, i) => {
      parameter.requiresGrad = flags[i] as boolean;
    });
    batch.dispose();
  }
}

/** The inputs of a prediction of time. */
interface SecondsInput {
  readonly model: SequenceClassifier;
  readonly trainable: ReadonlySet<string>;
  /** The cut at which a training step, and an evaluation, begins. */
  readonly cut: Cut;
  readonly epochs: number;
  /** Number of optimizer steps of one epoch. */
  readonly steps: number;
  /** Number of forward and backward passes of one epoch: each takes one micro-batch. */
  readonly microBatches: number;
  /** Number of tokens of the training data. */
  readonly trainTokens: number;
  /** Number of tokens of the evaluation data. */
  readonly evalTokens: number;
  /** The layers [from, to) through which both data sets pass once before the stage. */
  readonly prefix: readonly [from: number, to: number];
  readonly gradientCheckpointing: boolean;
  /** Number of parameter values that are hashed before and after the stage. */
  readonly hashed: number;
  readonly speed: Speed;
}

/** Predicts how long a stage takes, in seconds. */
export function stageSeconds(input: SecondsInput): number {
  const { model, trainable, epochs, steps, microBatches, trainTokens, evalTokens, speed } = input;
  const { head, update, hash } = speed;
  const last = model.depth - 1;
  const forward = (layer: number) => (layer === last ? speed.topForward : speed.forward);
  const both = (layer: number) => (layer === last ? speed.topBoth : speed.both);
  const training = new Set([...trainable].map((name) => model.blocks.get(name)));
  const lowest =
    training.has("embeddings") || training.has("shared")
      ? 0
      : Math.min(...[...training].map((b) => (typeof b === "number" ? b : model.depth)));
  const share = layersHaveWeights(model.blocks) ? undefined : "shared";
  let token = 0;
  for (let layer = Math.max(0, input.cut); layer < model.depth; layer++) {
    const [once, back] = [forward(layer), both(layer)];
    if (layer < lowest)
      token += once; // frozen, and run all the same for its dropout
    else token += (training.has(share ?? layer) ? back : (once + back) / 2) + (input.gradientCheckpointing ? once : 0);
  }
  const pass = (from: number, to: number) => {
    let seconds = 0;
    for (let layer = from; layer < to; layer++) seconds += forward(layer);
    return seconds;
  };
  const epoch =
    trainTokens * token +
    microBatches * head +
    steps * sizeOf(trainable, model) * update +
    evalTokens * pass(Math.max(0, input.cut), model.depth);
  return (trainTokens + evalTokens) * pass(...input.prefix) + epochs * epoch + 2 * input.hashed * hash;
}

const tokensAtMost = 512;

/** Makes a batch of examples of these lengths, of at most 512 tokens (or one example). */
export function batchOf(lengths: readonly number[]): PackedBatch {
  let tokens = 0;
  const texts: { inputIds: Int32Array }[] = [];
  for (const length of lengths) {
    tokens += length;
    if (texts.length > 0 && tokens > tokensAtMost) break;
    texts.push({ inputIds: new Int32Array(length) });
  }
  return PackedBatch.fromTexts(texts);
}

/** Makes hidden states `[rows, hidden]` of the magnitude of a layer norm's output. */
export function rowsFor({ config }: SequenceClassifier, rows: number): Tensor {
  const values = Float32Array.from({ length: rows * config.hiddenSize }, (_, i) => Math.sin(i));
  return tf.tensor2d(values, [rows, config.hiddenSize]);
}

function stepThrough(
  model: SequenceClassifier,
  rows: Tensor,
  cut: number,
  batch: PackedBatch,
  trained: readonly Parameter[],
  precision: Precision,
): void {
  const { numLabels, problemType } = model.config;
  const task = taskOf(problemType);
  const labels = new Int32Array(batch.packing.batch * task.labelsPerExample(numLabels));
  const parts = trained.filter(({ block }) =>
    typeof block === "string" ? block === "head" || cut < model.depth : block >= cut,
  );
  lossAndGradients(
    () => task.loss(model.run(rows, cut, batch, { dropoutRng: new DropoutRng(0, 0), precision }), labels),
    [rows, ...parts.map(({ tensor }) => tensor)],
  );
}

let machine: Pick<Speed, "update" | "hash"> | undefined;

/** Returns what depends on no model, and is measured once. */
function machineSpeed(): Pick<Speed, "update" | "hash"> {
  machine ??= { update: updateSeconds(), hash: hashSeconds() };
  return machine;
}

function updateSeconds(): number {
  const shape = [1_000_000];
  const [variable, gradient] = [new NativeVariable(shape), tf.zeros(shape) as Tensor];
  const optimizer = new AdamW();
  const parameter = { name: "measured", shape, variable };
  const seconds = secondsOf(() => {
    globalNorm([gradient]);
    optimizer.step([{ parameter, gradient, learningRate: 0 }]);
  });
  optimizer.dispose();
  variable.dispose();
  gradient.dispose();
  return seconds / 1_000_000;
}

function hashSeconds(): number {
  const tensors = [0, 1].map(() => tf.zeros([500_000])); // as many as there are threads at least: several are hashed at once
  const seconds = secondsOf(() => sha256Of(tensors));
  tf.dispose(tensors);
  return seconds / 1_000_000;
}

/** Returns the median of at least three runs after a first one, and of as many as fit into 15 ms. */
function secondsOf(run: () => unknown): number {
  const took: number[] = [];
  tf.tidy(() => void run());
  for (let sum = 0; took.length < 3 || sum < 0.015; ) {
    const started = performance.now();
    tf.tidy(() => void run());
    const seconds = (performance.now() - started) / 1000;
    took.push(seconds);
    sum += seconds;
  }
  return took.sort((a, b) => a - b)[took.length >> 1] as number;
}
