/**
 * What a stage costs, predicted: forward = 1 and backward = 2 units per layer (1 for the inputs' gradient, 1 for the
 * weights'), the pass through the frozen layers once and then never again.
 */
import { layersHaveWeights } from "../freezing/selection.ts";
import type { Cut, SequenceClassifier } from "../models/sequenceClassifier.ts";

export interface StageWork {
  readonly epochs: number;
  readonly trainable: ReadonlySet<string>;
  readonly cut: Cut;
}

/** Predicted work, in epochs of training everything. */
export interface StageCost {
  /** Work of the pass through the frozen layers, once per stage that needs it. */
  readonly prefix: number;
  /** Work of each epoch. */
  readonly epoch: number;
}

/** Work of so many epochs of a stage, in epochs of training everything. */
export const fullEpochs = ({ prefix, epoch }: StageCost, epochs: number): number => prefix + epochs * epoch;

/** Work of the head beside one encoder layer: it reads one token of each text, the layer all of them. */
const headWork = 0.005;

/**
 * Work of layer `index` for one token, in units of a whole layer. Of the topmost one only key and value are computed for
 * every token, unless the head reads all of its rows.
 */
export function layerWork({ queryRows, config, depth }: SequenceClassifier, index: number): number {
  if (index < depth - 1 || queryRows === "all") return 1;
  const { hiddenSize, intermediateSize } = config;
  return (2 * hiddenSize) / (4 * hiddenSize + 2 * intermediateSize);
}

/** Work of the layers from `from` to below `to`. */
function layersWork(model: SequenceClassifier, from: number, to: number): number {
  let work = 0;
  for (let layer = from; layer < to; layer++) work += layerWork(model, layer);
  return work;
}

/** The predicted work of each stage. */
export function stageCosts(stages: readonly StageWork[], model: SequenceClassifier): StageCost[] {
  const full = 3 * (layersWork(model, 0, model.depth) + headWork);
  const cached = new Set<Cut>();
  const known = new Map<ReadonlySet<string>, number>();
  return stages.map(({ trainable, cut }, index) => {
    const epoch = known.get(trainable) ?? epochWork(trainable, cut, model) / full;
    known.set(trainable, epoch);
    let prefix = 0;
    if (cut >= 0 && !cached.has(cut)) {
      // one pass stores every cut that later stages can use, from the highest one that is there
      const stored = reusableCuts(stages, index);
      const below = [...cached].filter((other) => other <= Math.min(...stored));
      for (const other of stored) cached.add(other);
      prefix = layersWork(model, Math.max(0, ...below), Math.max(...stored)) / full;
    }
    const kept = usefulCuts(stages, index);
    for (const other of [...cached]) if (!kept.includes(other)) cached.delete(other);
    return { prefix, epoch };
  });
}

type Cutting = Pick<StageWork, "cut">;

/** The cuts of this and later stages whose prefix no stage in between trains: one pass over the data serves them all. */
export function reusableCuts(stages: readonly Cutting[], from: number): Cut[] {
  const cuts = new Set<Cut>();
  const least = Math.min(...cutsOf(stages));
  let lowestTrained = Number.POSITIVE_INFINITY;
  for (let index = from; index < stages.length && lowestTrained > least; index++) {
    const { cut } = stages[index] as Cutting;
    if (cut >= 0 && cut <= lowestTrained) cuts.add(cut);
    lowestTrained = Math.min(lowestTrained, cut);
  }
  return [...cuts];
}

/**
 * The cuts of the plan that are worth keeping after stage `index`: nothing below them has trained, nor does it before a
 * later stage that starts at them or above, where they save the way up to them. The next stage decides.
 */
export function usefulCuts(stages: readonly Cutting[], index: number): Cut[] {
  const [present, next] = [stages[index]?.cut ?? -1, stages[index + 1]?.cut ?? -1];
  return cutsOf(stages).filter((cut) => cut >= 0 && cut <= present && cut <= next);
}

const distinct = new WeakMap<readonly Cutting[], readonly Cut[]>();

/** The different cuts of a plan, found once: a plan may have thousands of stages. */
function cutsOf(stages: readonly Cutting[]): readonly Cut[] {
  const cuts = distinct.get(stages) ?? [...new Set(stages.map(({ cut }) => cut))];
  distinct.set(stages, cuts);
  return cuts;
}

function epochWork(trainable: ReadonlySet<string>, cut: Cut, model: SequenceClassifier): number {
  const training = new Set([...trainable].map((name) => model.blocks.get(name)));
  const share = layersHaveWeights(model.blocks) ? undefined : "shared";
  let work = headWork * (training.has("head") ? 3 : 2);
  for (let layer = Math.max(0, cut); layer < model.depth; layer++) {
    work += layerWork(model, layer) * (training.has(share ?? layer) ? 3 : 2);
  }
  return work;
}
