/**
 * What a stage costs, predicted: forward = 1 and backward = 2 units a layer (1 for the inputs' gradient, 1 for the
 * weights'), the frozen prefix once and then never again.
 */
import { layersHaveWeights } from "../freezing/selection.ts";
import type { Cut, SequenceClassifier } from "../models/sequenceClassifier.ts";

export interface StageWork {
  readonly epochs: number;
  readonly trainable: ReadonlySet<string>;
  readonly cut: Cut;
}

/** Work of the head beside one encoder layer: it reads one token of each text, the layer all of them. */
const headWork = 0.005;

/** Per stage the work relative to training everything for as many epochs. */
export function stageCosts(stages: readonly StageWork[], model: SequenceClassifier): number[] {
  const { depth } = model;
  const full = 3 * (depth + headWork);
  const cached = new Set<Cut>();
  return stages.map(({ epochs, trainable, cut }, index) => {
    const epoch = epochWork(trainable, cut, model);
    let prefix = 0;
    if (cut >= 0 && !cached.has(cut)) {
      // one pass stores every cut that later stages can use, from the highest one that is there
      const stored = reusableCuts(stages, index);
      const below = [...cached].filter((other) => other <= Math.min(...stored));
      for (const other of stored) cached.add(other);
      prefix = Math.max(...stored) - Math.max(0, ...below);
    }
    const kept = usefulCuts(stages, index);
    for (const other of [...cached]) if (!kept.includes(other)) cached.delete(other);
    return (prefix + epochs * epoch) / (epochs * full);
  });
}

/** The cuts of this and later stages whose prefix no stage in between trains: one pass over the data serves them all. */
export function reusableCuts(stages: readonly Pick<StageWork, "cut">[], from: number): Cut[] {
  const cuts = new Set<Cut>();
  let lowestTrained = Number.POSITIVE_INFINITY;
  for (const { cut } of stages.slice(from)) {
    if (cut >= 0 && cut <= lowestTrained) cuts.add(cut);
    lowestTrained = Math.min(lowestTrained, cut);
  }
  return [...cuts];
}

/**
 * The cuts of the stages so far that are worth keeping after stage `index`: nothing below them has trained, nor does it
 * before a later stage that starts at them or above, where they save the way up to them.
 */
export function usefulCuts(stages: readonly Pick<StageWork, "cut">[], index: number): Cut[] {
  const cuts = [...new Set(stages.map(({ cut }) => cut))].filter((cut) => cut >= 0);
  return cuts.filter((cut) => {
    if (cut > (stages[index]?.cut ?? -1)) return false;
    const later = stages.slice(index + 1);
    const trains = later.findIndex((stage) => stage.cut < cut);
    return later.slice(0, trains < 0 ? later.length : trains).some((stage) => stage.cut >= cut);
  });
}

function epochWork(trainable: ReadonlySet<string>, cut: Cut, model: SequenceClassifier): number {
  const training = new Set([...trainable].map((name) => model.blocks.get(name)));
  const share = layersHaveWeights(model.blocks) ? undefined : "shared";
  let work = headWork * (training.has("head") ? 3 : 2);
  for (let layer = Math.max(0, cut); layer < model.depth; layer++) work += training.has(share ?? layer) ? 3 : 2;
  return work;
}
