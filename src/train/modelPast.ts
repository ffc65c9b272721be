/** Remembers the runs of a model since it was loaded, and makes the record of the model that a run begins with. */
import type { SequenceClassifier } from "../models/sequenceClassifier.ts";
import { taskOf } from "../task/taskOf.ts";
import type { ModelRecord, RunRecord } from "./runRecord.ts";
import { combinedHash, type Fingerprint } from "./weights.ts";

/** The history of a model since it was loaded, over all runs. */
export interface Past {
  /** SHA-256 of the weights loaded from the checkpoint; null if they were changed before the first run. */
  readonly base: string | null;
  /** Number of optimizer steps that all runs have taken. */
  steps: number;
  /** The record of the latest run, once it has ended. */
  latest?: RunRecord;
}

const pasts = new WeakMap<SequenceClassifier, Past>();

/** Returns the history of a model; `base` is that of its loaded weights, where none of its runs is known yet. */
export function pastOf(model: SequenceClassifier, base: string | null): Past {
  const past = pasts.get(model) ?? { base, steps: 0 };
  pasts.set(model, past);
  return past;
}

/** Returns the record of the latest finished run of this model by any trainer; undefined if none has ended. */
export const latestRecordOf = (model: SequenceClassifier): RunRecord | undefined => pasts.get(model)?.latest;

/** Returns the record of the model that a run begins with; stores the hash of the loaded weights at the first run. */
export function modelRecord(model: SequenceClassifier, start: Fingerprint): ModelRecord {
  const parameters = [...model.parameters.values()];
  const isUntouched = parameters.every(({ isAsMade }) => isAsMade);
  const fromFile = parameters.filter(({ newlyInitialized }) => !newlyInitialized).map(({ name }) => name);
  const base = new Map(fromFile.map((name) => [name, start.get(name) as string]));
  const past = pastOf(model, isUntouched ? combinedHash(base) : null);
  const { config, family, newlyInitialized, blocks } = model;
  const hasRandomHead = newlyInitialized.some((name) => blocks.get(name) === "head");
  const ofLatest = past.latest?.weights.end === combinedHash(start);
  return {
    name: model.name ?? null,
    family: family.modelType,
    problemType: taskOf(model.problemType).problemType,
    labels: config.id2label,
    baseSha256: past.base,
    newlyInitialized,
    start: isUntouched ? (hasRandomHead ? "pretrained" : "trained") : past.steps > 0 && ofLatest ? "trained" : "edited",
    earlierSteps: past.steps,
  };
}
