/** Makes the record of a run; no other file writes to it. */
import { ThawError } from "../errors.ts";
import type { NeverPredicted } from "../evaluate/evaluateLogits.ts";
import type { SequenceClassifier } from "../models/sequenceClassifier.ts";
import type { AdamW } from "../optim/adamW.ts";
import { fullEpochs } from "../plan/cost.ts";
import { type Plan, type StagePlan, sizeOf } from "../plan/plan.ts";
import { isBetterEpoch, type ModelMetric } from "../task/metrics.ts";
import { neverPredictedNotice } from "./notices.ts";
import {
  type BestRecord,
  bestOfRow,
  type Evidence,
  type HistoryRow,
  type InterruptedStatus,
  type ModelRecord,
  type RunRecord,
  type RunStatus,
  recordVersion,
  type StageOutcome,
} from "./runRecord.ts";
import { versions } from "./sessionInfo.ts";
import { changedNames, combinedHash, type Fingerprint, fingerprint } from "./weights.ts";

/** The inputs of a recorder. */
interface RecorderInput {
  readonly model: SequenceClassifier;
  readonly plan: Plan;
  readonly optimizer: AdamW;
  readonly metric: ModelMetric;
  readonly args: RunRecord["args"];
  readonly data: RunRecord["data"];
  /** Notices that hold from the beginning. */
  readonly notices: readonly string[];
}

/** The history of a model since it was loaded, over all runs. */
interface Past {
  /** SHA-256 of the weights loaded from the checkpoint; null if they were changed before the first run. */
  readonly base: string | null;
  /** Number of optimizer steps that all runs have taken. */
  steps: number;
  /** The record of the latest run, once it has ended. */
  latest?: RunRecord;
}

const pasts = new WeakMap<SequenceClassifier, Past>();

/** Returns the record of the latest finished run of this model by any trainer; undefined if none has ended. */
export const latestRecordOf = (model: SequenceClassifier): RunRecord | undefined => pasts.get(model)?.latest;

/** A stage while it runs: its times, its steps and its best epoch. */
interface StageCourse {
  readonly firstEpoch: number;
  readonly startedAt: number;
  readonly firstStep: number;
  readonly heldBefore: number;
  epochs: number;
  prefixSeconds: number;
  best: BestRecord | undefined;
  sinceBest: number;
  /** Why the stage ended; set at its end. */
  ended: StageOutcome["ended"];
  steps?: number;
  seconds?: number;
  peakMemory?: number | undefined;
}

/** Collects the course of a run and makes its record, at its end or before. */
export class RunRecorder {
  readonly history: HistoryRow[] = [];
  readonly notices: string[];
  /** The current activity of the run. */
  during: InterruptedStatus["during"] = "preparation";
  /** Number of optimizer steps taken. */
  step = 0;
  /** Number of whole epochs done. */
  epochs = 0;
  /** Number of epochs done, including the fraction of the current one. */
  epoch = 0;
  /** The best epoch so far. */
  best: BestRecord | undefined;
  readonly #input: RecorderInput;
  readonly #courses: StageCourse[] = [];
  readonly #startedAt = performance.now();
  readonly #start: Fingerprint;
  readonly #model: ModelRecord;
  readonly #neverPredicted = new Map<number, NeverPredicted>();
  #end: Fingerprint | undefined;
  #isFinished = false;
  /** The best epoch whose weights were restored to the model. */
  #restored: BestRecord | undefined;

  /** Hashes all weights, which takes some time at the start and the end of a run. */
  constructor(input: RecorderInput) {
    this.#input = input;
    this.notices = [...input.notices];
    this.#start = fingerprint(input.model, input.model.parameters.keys());
    this.#model = modelRecord(input.model, this.#start);
  }

  /** Hashes all weights for a record that is made right after; returns the frozen tensors whose bytes have changed. */
  hashEnd(): readonly string[] {
    this.#end = readFingerprint(this.#input.model);
    return this.#evidence(this.#end, this.#trained).changed;
  }

  /** Begins the next stage. */
  enterStage(): void {
    this.#courses.push({
      firstEpoch: this.epochs + 1,
      startedAt: performance.now(),
      firstStep: this.step,
      heldBefore: largestResident(),
      epochs: 0,
      prefixSeconds: 0,
      best: undefined,
      sinceBest: 0,
      ended: "running",
    });
  }

  /** Adds the time that a pass through the frozen layers has taken. */
  passedFrozenLayers(seconds: number): void {
    this.#course.prefixSeconds += seconds;
  }

  /** Counts an optimizer step, after which `share` of the epoch is done. */
  stepDone(share: number): void {
    this.step += 1;
    this.epoch = this.epochs + share;
  }

  /** Adds the row of a finished epoch, evaluated or not. Returns whether it is the best of the run so far. */
  epochDone(row: HistoryRow): boolean {
    const { metric } = this.#input;
    const course = this.#course;
    this.history.push(row);
    this.epochs = row.epoch;
    this.epoch = row.epoch;
    course.epochs += 1;
    if (isBetterEpoch(row, course.best, metric)) {
      course.best = bestOfRow(row, metric);
      course.sinceBest = 0;
    } else course.sinceBest += 1;
    if (!isBetterEpoch(row, this.best, metric)) return false;
    this.best = bestOfRow(row, metric);
    return true;
  }

  /** Number of epochs of the present stage since its best one. */
  get epochsSinceBest(): number {
    return this.#course.sinceBest;
  }

  /** Number of whole epochs of the present stage. */
  get stageEpochs(): number {
    return this.#course.epochs;
  }

  /** Whether a stage ended before all of its epochs were done. */
  get endedByPatience(): boolean {
    return this.#courses.some(({ ended }) => ended === "patience");
  }

  /** Records the labels that the model predicted for no example in the evaluation of an epoch. */
  evaluated(epoch: number, missed: NeverPredicted | undefined): void {
    if (missed !== undefined) this.#neverPredicted.set(epoch, missed);
  }

  /** Records that the weights of the best epoch were restored. */
  restored(): void {
    this.#restored = this.best;
  }

  /** Ends the current stage and returns its outcome. */
  endStage(ended: StageOutcome["ended"]): StageOutcome {
    const course = this.#course;
    course.ended = ended;
    course.steps = this.step - course.firstStep;
    course.seconds = (performance.now() - course.startedAt) / 1000;
    course.peakMemory = peakSince(course.heldBefore);
    return this.#outcome(this.#courses.length - 1);
  }

  /** The notice about labels that the model with its current weights never predicts; undefined if there is none. */
  get labelNotice(): string | undefined {
    const epoch = this.#restored?.epoch ?? this.history.at(-1)?.epoch;
    const missed = epoch === undefined ? undefined : this.#neverPredicted.get(epoch);
    return missed === undefined ? undefined : neverPredictedNotice(missed, `the validation of epoch ${epoch}`);
  }

  /** Returns the status of the run at its current point, with the given state and reason. */
  status(state: InterruptedStatus["state"], reason?: unknown): InterruptedStatus {
    const { step, epoch, during } = this;
    const words = reason === undefined ? undefined : reason instanceof Error ? reason.message : String(reason);
    const code = state === "failed" && reason instanceof ThawError ? reason.code : undefined;
    return {
      ...{ state, stage: this.#courses.length - 1, during, step, epoch },
      ...(words === undefined ? {} : { reason: words }),
      ...(code === undefined ? {} : { code }),
    };
  }

  /** Makes the record of the run as it stands now; hashes all weights. */
  record(status: RunStatus): RunRecord {
    const { model, plan, metric, args, data } = this.#input;
    const trained = this.#trained;
    const end = this.#end ?? readFingerprint(model);
    this.#end = undefined; // weights may change before the next record
    const { step, epoch } = this.#restored ?? this;
    const notice = status.state === "finished" ? undefined : this.labelNotice;
    return {
      version: recordVersion,
      status,
      model: this.#model,
      data,
      args,
      stages: plan.stages.map(({ row }, i) => ({
        plan: row,
        ...(i < this.#courses.length ? { outcome: this.#outcome(i) } : {}),
      })),
      history: [...this.history],
      metric,
      ...(this.best === undefined ? {} : { best: this.best }),
      weights: {
        start: combinedHash(this.#start),
        end: end === undefined ? null : combinedHash(end),
        step,
        epoch,
      },
      evidence: this.#evidence(end, trained),
      totalParameters: plan.totalParameters,
      trainableParameters: sizeOf(trained, model),
      seconds: (performance.now() - this.#startedAt) / 1000,
      versions: versions(),
      notices: [...this.notices, ...(notice === undefined ? [] : [notice])],
    };
  }

  /** Makes the record of the run, which has ended; the model remembers it. */
  finish(status: RunStatus): RunRecord {
    if (status.state === "stopped" || status.state === "failed") {
      if (this.#courses.at(-1)?.ended === "running") this.endStage(status.state);
    }
    const record = this.record(status);
    const past = pasts.get(this.#input.model) as Past;
    if (!this.#isFinished) past.steps += this.step;
    this.#isFinished = true;
    past.latest = record;
    return record;
  }

  get #course(): StageCourse {
    return this.#courses.at(-1) as StageCourse;
  }

  #outcome(index: number): StageOutcome {
    const { ended, epochs, firstEpoch, prefixSeconds, best, ...course } = this.#courses[index] as StageCourse;
    const { steps = this.step - course.firstStep, peakMemory } = course;
    const planned = this.#input.plan.stages[index]?.row as StagePlan;
    return {
      ended,
      epochs,
      steps,
      firstEpoch,
      fullEpochs: fullEpochs(planned.cost, (steps / planned.steps) * planned.epochs),
      seconds: course.seconds ?? (performance.now() - course.startedAt) / 1000,
      prefixSeconds,
      ...(peakMemory === undefined ? {} : { peakMemory }),
      ...(best === undefined ? {} : { best }),
    };
  }

  /** Names of the parameters that train in any stage begun so far. */
  get #trained(): ReadonlySet<string> {
    const begun = this.#input.plan.stages.slice(0, this.#courses.length);
    return new Set(begun.flatMap(({ trainable }) => [...trainable]));
  }

  #evidence(end: Fingerprint | undefined, trained: ReadonlySet<string>): Evidence {
    const { model, optimizer } = this.#input;
    const frozen = [...this.#start.keys()].filter((name) => !trained.has(name));
    const isFrozen = new Set(frozen);
    const of = (hashes: Fingerprint): Fingerprint => new Map([...hashes].filter(([name]) => isFrozen.has(name)));
    const [before, after] = [of(this.#start), end === undefined ? undefined : of(end)];
    const inOptimizer = optimizer.names.filter((name) => isFrozen.has(name));
    return {
      frozenParameters: sizeOf(frozen, model),
      frozenTensors: frozen.length,
      before: combinedHash(before),
      after: after === undefined ? null : combinedHash(after),
      changed: after === undefined ? [] : changedNames(before, after),
      optimizerBytesForFrozen: 8 * sizeOf(inOptimizer, model), // two float32 moments
    };
  }
}

/** Hashes all weights; undefined if they can no longer be read because the model was disposed. */
function readFingerprint(model: SequenceClassifier): Fingerprint | undefined {
  try {
    return fingerprint(model, model.parameters.keys());
  } catch (error) {
    if (error instanceof ThawError && error.code === "DISPOSED") return undefined;
    throw error;
  }
}

/** Returns the record of the model that a run begins with; stores the hash of the loaded weights at the first run. */
function modelRecord(model: SequenceClassifier, start: Fingerprint): ModelRecord {
  const parameters = [...model.parameters.values()];
  const isUntouched = parameters.every(({ isAsMade }) => isAsMade);
  let past = pasts.get(model);
  if (past === undefined) {
    const fromFile = parameters.filter(({ newlyInitialized }) => !newlyInitialized).map(({ name }) => name);
    const base = new Map(fromFile.map((name) => [name, start.get(name) as string]));
    past = { base: isUntouched ? combinedHash(base) : null, steps: 0 };
    pasts.set(model, past);
  }
  const { config, family, newlyInitialized, blocks } = model;
  const hasRandomHead = newlyInitialized.some((name) => blocks.get(name) === "head");
  const ofLatest = past.latest?.weights.end === combinedHash(start);
  return {
    name: model.name ?? null,
    family: family.modelType,
    problemType: model.problemType ?? "single_label_classification",
    labels: config.id2label,
    baseSha256: past.base,
    newlyInitialized,
    start: isUntouched ? (hasRandomHead ? "pretrained" : "trained") : past.steps > 0 && ofLatest ? "trained" : "edited",
    earlierSteps: past.steps,
  };
}

/** Returns the largest resident memory of this process since it began, in bytes. */
function largestResident(): number {
  return 1024 * process.resourceUsage().maxRSS;
}

/**
 * Returns the largest resident memory of a stage in bytes; undefined if the process held as much before, to within a
 * few pages.
 */
function peakSince(heldBefore: number): number | undefined {
  const peak = largestResident();
  return peak > 1.01 * heldBefore ? peak : undefined;
}
