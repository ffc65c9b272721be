/**
 * Predicts the work of a stage: per layer 1 unit for the forward pass and 2 for the backward pass (1 for the inputs'
 * gradient, 1 for the weights'); the pass through the frozen layers counts once, unless they are computed in every
 * epoch.
 */
import { layersHaveWeights } from "../freezing/selection.ts";
import type { Cut, SequenceClassifier } from "../models/sequenceClassifier.ts";
import type { PrefixDecision } from "./prefix.ts";

/** The inputs of a prediction of work, for one stage. */
interface StageWork {
  readonly trainable: ReadonlySet<string>;
  readonly cut: Cut;
  readonly prefix: PrefixDecision | undefined;
}

/** Predicted work, in units of one epoch of full fine-tuning. */
export interface StageCost {
  /** Work of the pass through the frozen layers, once per stage that needs it. */
  readonly prefix: number;
  /** Work of each epoch. */
  readonly epoch: number;
}

/** Returns the work of `epochs` epochs of a stage, in units of one epoch of full fine-tuning. */
export const fullEpochs = ({ prefix, epoch }: StageCost, epochs: number): number => prefix + epochs * epoch;

/** Work of the head in units of one encoder layer; it reads one token of each example, a layer all of them. */
const headWork = 0.005;

/**
 * Returns the work of layer `index` for one token, in units of a whole layer. The topmost layer computes only key and
 * value for every token, unless the head reads all of its outputs.
 */
export function layerWork({ queryRows, config, depth }: SequenceClassifier, index: number): number {
  if (index < depth - 1 || queryRows === "all") return 1;
  const { hiddenSize, intermediateSize } = config;
  return (2 * hiddenSize) / (4 * hiddenSize + 2 * intermediateSize);
}

/** Returns the work of the layers from `from` to below `to`. */
function layersWork(model: SequenceClassifier, from: number, to: number): number {
  let work = 0;
  for (let layer = from; layer < to; layer++) work += layerWork(model, layer);
  return work;
}

/** Predicts the work of each stage. */
export function stageCosts(stages: readonly StageWork[], model: SequenceClassifier): StageCost[] {
  const full = 3 * (layersWork(model, 0, model.depth) + headWork);
  const known = new Map<ReadonlySet<string>, number>();
  return stages.map(({ trainable, cut, prefix }) => {
    const epoch = known.get(trainable) ?? epochWork(trainable, cut, prefix, model) / full;
    known.set(trainable, epoch);
    return { prefix: prefix === undefined ? 0 : layersWork(model, ...prefix.pass) / full, epoch };
  });
}

/**
 * Returns the work of one epoch. The layers below the cut have only a forward pass, and none if their outputs are
 * stored.
 */
function epochWork(
  trainable: ReadonlySet<string>,
  cut: Cut,
  prefix: PrefixDecision | undefined,
  model: SequenceClassifier,
): number {
  const training = new Set([...trainable].map((name) => model.blocks.get(name)));
  const share = layersHaveWeights(model.blocks) ? undefined : "shared";
  let work = headWork * (training.has("head") ? 3 : 2);
  for (let layer = prefix === undefined ? 0 : cut; layer < model.depth; layer++) {
    const units = layer < cut ? 1 : training.has(share ?? layer) ? 3 : 2;
    work += layerWork(model, layer) * units;
  }
  return work;
}
