/**
 * What a stage needs of memory beside what the process holds already, counted from what nn/ keeps for the backward pass.
 * All in bytes; values are float32, but for what is kept in a narrower precision.
 */
import { nativeOps } from "../engine/native.ts";
import type { Precision } from "../engine/precision.ts";
import type { Cut, SequenceClassifier } from "../models/sequenceClassifier.ts";
import { sizeOf } from "./plan.ts";

export interface MemoryInput {
  readonly model: SequenceClassifier;
  readonly trainable: ReadonlySet<string>;
  /** Where a training step begins. */
  readonly cut: Cut;
  /** Tokens of each text of the largest micro-batch. */
  readonly lengths: readonly number[];
  /** Tokens at most of a batch that is evaluated, or goes through the frozen layers. */
  readonly passTokens: number;
  readonly gradientAccumulationSteps: number;
  readonly gradientCheckpointing: boolean;
  readonly precision: Precision;
  /** Parameters of which the best epoch's values are kept. */
  readonly keptParameters: number;
  /** Bytes that the outputs of the frozen layers take in memory. */
  readonly cache: number;
}

export interface MemoryNeed {
  /** One gradient for each parameter that trains. */
  readonly gradients: number;
  /** The two moments of AdamW. */
  readonly moments: number;
  /** What the forward pass keeps for the backward pass, and what one layer needs beside it. */
  readonly activations: number;
  /** One layer in a pass without gradients. */
  readonly pass: number;
  readonly bestWeights: number;
  readonly cache: number;
  /** At the worst moment: activations go as gradients come, unless these are kept from micro-batch to micro-batch. */
  readonly peak: number;
}

export function stageMemory(input: MemoryInput): MemoryNeed {
  const { model, trainable, cut, lengths, gradientAccumulationSteps, gradientCheckpointing, precision, cache } = input;
  const trained = sizeOf(trainable, model);
  const [gradients, moments, bestWeights] = [4 * trained, 8 * trained, 4 * input.keptParameters];
  const tokens = lengths.reduce((sum, length) => sum + length, 0);
  const layers = model.depth - Math.max(0, cut);
  const layer = layerActivations(model, lengths);
  const row = 4 * model.config.hiddenSize * tokens;
  const embeddings = cut < 0 ? 4 * row : 0;
  const keptLayer = precision === "bfloat16" ? layer / 2 : layer;
  // of the topmost layer little but input, key and value is kept
  const whole = model.asking === "all" || layers === 0 ? layers : layers - 1 + topShare(model);
  const kept = gradientCheckpointing ? layers * row + keptLayer : whole * keptLayer;
  const activations = layers === 0 ? row : kept + layer + embeddings;
  const pass = layerActivations(model, textsOf(input.passTokens, Math.max(...lengths)));
  const together =
    gradientAccumulationSteps > 1 ? gradients + Math.max(activations, pass) : Math.max(gradients, activations, pass);
  const peak = allocatorShare * (moments + bestWeights + cache + together);
  return { gradients, moments, activations, pass, bestWeights, cache, peak };
}

/**
 * What the process holds for each byte in use: pages that the allocator keeps, arrays that wait for garbage collection.
 * Measured on MiniLM with batches of 32, 1.20 to 1.24: all layers, in micro-batches, with gradientCheckpointing.
 */
const allocatorShare = 1.2;

function topShare({ config: { hiddenSize, intermediateSize } }: SequenceClassifier): number {
  return (3 * hiddenSize) / (8 * hiddenSize + intermediateSize);
}

/** So many tokens as texts of this length, the last one shorter. */
function textsOf(tokens: number, length: number): number[] {
  return Array.from({ length: Math.ceil(tokens / length) }, (_, i) => Math.min(length, tokens - i * length));
}

/**
 * Per token: input, query, key, value, context, two normalised rows and the rows between the halves (8 x hidden), and the
 * input of the activation (intermediate). Composed ops keep its output and masks as well, and the padded parts of attention.
 */
function layerActivations({ config }: SequenceClassifier, lengths: readonly number[]): number {
  const { hiddenSize, intermediateSize, numAttentionHeads, hiddenAct } = config;
  const tokens = lengths.reduce((sum, length) => sum + length, 0);
  const longest = Math.max(...lengths);
  const padded = lengths.length * longest;
  const feedForward = nativeOps && hiddenAct === "gelu" ? 0 : tokens * (intermediateSize + 2 * hiddenSize);
  const attention = nativeOps ? 0 : padded * (3 * hiddenSize + 2 * numAttentionHeads * longest);
  return 4 * (tokens * (8 * hiddenSize + intermediateSize + 2) + feedForward + attention);
}
