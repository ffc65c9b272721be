/**
 * Predicts the memory that a stage needs in addition to what the process holds already. All sizes are in bytes; values
 * are float32, except those kept in bfloat16.
 */
import type { Tensor } from "@tensorflow/tfjs-core";
import type { Block } from "../freezing/selection.ts";
import type { PackedBatch } from "../models/packedBatch.ts";
import type { Cut, SequenceClassifier } from "../models/sequenceClassifier.ts";
import { DropoutRng } from "../nn/dropout.ts";
import { lossAndGradients } from "../tensor/gradients.ts";
import { type PoolUse, poolUse, releaseMemory } from "../tensor/memory.ts";
import { nativeOps } from "../tensor/native.ts";
import type { Precision } from "../tensor/precision.ts";
import { tf } from "../tensor/tensorflow.ts";
import { sizeOf } from "./plan.ts";
import { batchOf, rowsFor } from "./speed.ts";

/** The inputs of a prediction of memory. */
export interface MemoryInput {
  readonly model: SequenceClassifier;
  /** Names of the parameters that train. */
  readonly trainable: ReadonlySet<string>;
  /** The cut at which a training step begins. */
  readonly cut: Cut;
  /** Number of tokens of each example of the largest micro-batch. */
  readonly lengths: readonly number[];
  /** Largest number of tokens of a batch in evaluation and in the pass through the frozen layers. */
  readonly passTokens: number;
  readonly gradientAccumulationSteps: number;
  readonly gradientCheckpointing: boolean;
  readonly precision: Precision;
  /** Number of parameter values of which a copy from the best epoch is kept. */
  readonly keptParameters: number;
  /** Number of values of the largest parameter that is copied, to be hashed or to be kept. */
  readonly largestCopy: number;
  /** Bytes that the outputs of the frozen layers take in memory. */
  readonly cache: number;
}

/** The memory that a stage needs, by use, in bytes. */
export interface MemoryNeed {
  /** One gradient per trainable parameter. */
  readonly gradients: number;
  /** The two moments of AdamW. */
  readonly moments: number;
  /** Values that the forward pass keeps for the backward pass, plus the working memory of one layer. */
  readonly activations: number;
  /** Values of one layer in a pass without gradients. */
  readonly pass: number;
  /** Copies of the weights of the best epoch. */
  readonly bestWeights: number;
  /** Outputs of the frozen layers. */
  readonly cache: number;
  /** The part of the peak that tensors take. */
  readonly tensors: number;
  /**
   * Peak memory: activations are freed while gradients are made, unless gradients are accumulated over micro-batches.
   */
  readonly peak: number;
}

/** Predicts the memory that a stage needs; the first time it measures what one layer of the model holds. */
export function stageMemory(input: MemoryInput): MemoryNeed {
  const { model, trainable, cut, lengths, gradientAccumulationSteps, gradientCheckpointing, precision, cache } = input;
  const trained = sizeOf(trainable, model);
  const [gradients, moments, bestWeights] = [4 * trained, 8 * trained, 4 * input.keptParameters];
  const tables = 4 * sizeOf(tablesOf(model, trainable), model);
  const tokens = lengths.reduce((sum, length) => sum + length, 0);
  const held = heldBy(model, lengths, precision);
  const layers = model.depth - Math.max(0, cut);
  const row = 4 * model.config.hiddenSize * tokens;
  const layer = held.layer * tokens + scoresOf(model, lengths);
  const work = held.backward * tokens + scoresOf(model, lengths);
  const whole = gradientCheckpointing ? layers * row + layer : (layers - 1) * layer + held.top * tokens;
  const activations = layers === 0 ? row : whole + work + (cut < 0 ? embeddingRows * row : 0);
  const passTexts = textsOf(input.passTokens, Math.max(...lengths));
  const pass = (held.layer + held.forward) * input.passTokens + scoresOf(model, passTexts);
  const lowest = layers === 0 ? 0 : layer + work; // the layer whose gradients come last
  // the gradient of a table is kept from step to step, and beside the sum of those of micro-batches
  const together =
    gradientAccumulationSteps > 1
      ? gradients + tables + activations
      : tables + Math.max(activations, gradients - tables + lowest);
  const panels = layers === 0 ? 0 : 4 * tokens * model.config.intermediateSize;
  const pool = (gradientAccumulationSteps > 1 ? mixedShare : poolShare) * (moments + Math.max(together, pass));
  const peak = pool + panels + bestWeights + cache + javaScript + 4 * input.largestCopy;
  return { gradients, moments, activations, pass, bestWeights, cache, tensors: pool, peak };
}

/**
 * Number of matrices `[tokens, hidden]` that the embeddings keep: sums of table rows, the layer norm and the dropout
 * mask.
 */
const embeddingRows = 6;
/** Bytes that the pool takes per byte of a tensor; more if gradients lie between kept activations. */
const [poolShare, mixedShare] = [1.12, 1.25];
/** Bytes of V8's heap growth and of arrays that wait for garbage collection. */
const javaScript = 55e6;

/** Returns the trainable embedding tables: their gradients are dense, however few rows a batch uses. */
function tablesOf({ parameters }: SequenceClassifier, trainable: ReadonlySet<string>): string[] {
  return [...trainable].filter((name) => {
    const parameter = parameters.get(name);
    return parameter?.block === "embeddings" && parameter.shape.length === 2;
  });
}

/** Bytes that a model holds for each token. */
interface Held {
  /** Bytes of one layer, until the backward pass. */
  readonly layer: number;
  /**
   * Bytes of the topmost layer and the head: little more than input, key and value if the head reads one token per
   * example.
   */
  readonly top: number;
  /** Bytes of one layer while it is computed forward. */
  readonly forward: number;
  /** Bytes of one layer while its gradients are computed. */
  readonly backward: number;
}

const known: Readonly<Record<Precision, WeakMap<SequenceClassifier, Held>>> = {
  float32: new WeakMap(),
  bfloat16: new WeakMap(),
};

/**
 * Measures a model once, since every family has other ops; if the pool's memory cannot be measured, it is computed for
 * the simplest family.
 */
function heldBy(model: SequenceClassifier, lengths: readonly number[], precision: Precision): Held {
  const before = known[precision].get(model);
  if (before !== undefined) return before;
  const held = poolUse() === undefined ? composedLayer(model) : measuredLayer(model, lengths, precision);
  known[precision].set(model, held);
  return held;
}

function measuredLayer(model: SequenceClassifier, lengths: readonly number[], precision: Precision): Held {
  const batch = batchOf(lengths);
  const { tokens } = batch.packing;
  const { depth } = model;
  const flags = [...model.parameters.values()].map((parameter) => [parameter, parameter.requiresGrad] as const);
  try {
    for (const [parameter] of flags) parameter.requiresGrad = true;
    releaseMemory(); // free memory would be handed out in pieces that are too large
    const [two, top] = [depth - 2, depth - 1].map((cut) => passFrom(model, Math.max(0, cut), batch, precision)) as [
      PassSizes,
      PassSizes,
    ];
    const layer = depth > 1 ? two.kept - top.kept : top.kept;
    // the gradients of the upper layer are there when those of the lower one are computed, and added where both are one
    const blocks: Block[] = ["head", "shared", "shared", depth - 1, depth - 2];
    const gradients = blocks.reduce((sum: number, block) => sum + 4 * sizeOfBlock(model, block), 0);
    return {
      layer: layer / tokens,
      top: top.kept / tokens + 4 * model.config.hiddenSize,
      forward: two.forward / tokens,
      backward: Math.max(layer, two.backward + top.given - gradients) / tokens,
    };
  } finally {
    for (const [parameter, requiresGrad] of flags) parameter.requiresGrad = requiresGrad;
    batch.dispose();
  }
}

const sizeOfBlock = ({ parameters }: SequenceClassifier, wanted: Block): number =>
  [...parameters.values()].reduce((sum, { block, size }) => (block === wanted ? sum + size : sum), 0);

/** Bytes that a pass keeps at its top, as requested and as allocated by the pool, and its additional peaks. */
interface PassSizes {
  readonly kept: number;
  readonly given: number;
  /** Additional bytes at the peak of the forward pass. */
  readonly forward: number;
  /** Additional bytes at the peak of the backward pass. */
  readonly backward: number;
}

function passFrom(model: SequenceClassifier, cut: Cut, batch: PackedBatch, precision: Precision): PassSizes {
  const use = () => poolUse({ reset: true }) as PoolUse;
  let [kept, given, forward, backward] = [0, 0, 0, 0];
  tf.tidy(() => {
    const rows = rowsFor(model, batch.packing.tokens).mul(1) as Tensor; // in the pool: an array may lie outside of it
    const trained = [...model.parameters.values()].map(({ tensor }) => tensor);
    const before = use();
    lossAndGradients(() => {
      const logits = model.run(rows, cut, batch, { dropoutRng: new DropoutRng(0, 0), precision });
      const { inUse, peak, requested } = use();
      [kept, given, forward] = [requested - before.requested, inUse - before.inUse, peak - inUse];
      return logits.sum();
    }, trained);
    backward = use().peak - before.inUse - given;
  });
  return { kept, given, forward, backward };
}

/**
 * Counts the values of a layer: input, query, key, value, context, normalised rows, masks, and the input and output of
 * the activation.
 */
function composedLayer({ config: { hiddenSize, intermediateSize } }: SequenceClassifier): Held {
  const layer = 4 * (13 * hiddenSize + 2 * intermediateSize);
  return { layer, top: layer, forward: layer, backward: 1.5 * layer };
}

/** Splits `tokens` tokens into examples of `length` tokens, the last one possibly shorter. */
function textsOf(tokens: number, length: number): number[] {
  return Array.from({ length: Math.ceil(tokens / length) }, (_, i) => Math.min(length, tokens - i * length));
}

/**
 * Returns the bytes of scores, probabilities and masks of padded examples, which a layer holds only without the ops of
 * native/.
 */
function scoresOf({ config }: SequenceClassifier, lengths: readonly number[]): number {
  if (nativeOps) return 0;
  const longest = Math.max(...lengths);
  return 4 * 3 * config.numAttentionHeads * lengths.length * longest * longest;
}
