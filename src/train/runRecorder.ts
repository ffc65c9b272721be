/** Makes the record of a run; no other file writes to it. */
import { formatEpoch } from "../display/numbers.ts";
import { ThawError } from "../errors.ts";
import type { NeverPredicted } from "../evaluate/evaluateLogits.ts";
import type { SequenceClassifier } from "../models/sequenceClassifier.ts";
import type { AdamW } from "../optim/adamW.ts";
import { fullEpochs } from "../plan/cost.ts";
import { type Plan, type StagePlan, sizeOf } from "../plan/plan.ts";
import { isBetterEpoch, isImprovement, type ModelMetric } from "../task/metrics.ts";
import { type Alarm, neverPredictedAlarm } from "./alarms.ts";
import type { TrainerEvent } from "./events.ts";
import { modelRecord, pastOf } from "./modelPast.ts";
import {
  type BestRecord,
  bestOfRow,
  type ChainLink,
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
import type { StageEvidence } from "./stageEvidence.ts";
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

/** A stage while it runs: its times, its steps and its best epoch. */
interface StageCourse {
  readonly firstEpoch: number;
  /** When the stage began, as `performance.now()`; for a resumed stage, when it would have begun in this process. */
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
  evidence?: StageEvidence | undefined;
}

/** The course of a run so far as plain JSON data, from which another recorder goes on. */
export interface RecorderState {
  readonly history: readonly HistoryRow[];
  readonly notices: readonly string[];
  readonly alarms: readonly Alarm[];
  readonly step: number;
  readonly epochs: number;
  readonly epoch: number;
  readonly best: BestRecord | null;
  /** The stages begun so far; `seconds` is the time that each has taken. */
  readonly courses: readonly (Omit<StageCourse, "startedAt" | "heldBefore" | "best"> & {
    readonly best: BestRecord | null;
    readonly seconds: number;
  })[];
  /** The time that the run has taken. */
  readonly seconds: number;
  /** SHA-256 of each parameter when the run began. */
  readonly start: Readonly<Record<string, string>>;
  readonly model: ModelRecord;
  readonly neverPredicted: readonly (readonly [epoch: number, missed: NeverPredicted])[];
  /** The evaluation whose weights were restored to the model after the last step; null if none were. */
  readonly restored: BestRecord | null;
  /** The steps after which the run was resumed so far. */
  readonly resumedAt: readonly number[];
}

/** Collects the course of a run and makes its record, at its end or before. */
export class RunRecorder {
  readonly history: HistoryRow[] = [];
  readonly notices: string[];
  readonly alarms: Alarm[] = [];
  /** Number of alarms for which an event was yielded; those of a resumed run are told once more. */
  #told = 0;
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
  readonly #startedAt: number;
  readonly #start: Fingerprint;
  readonly #model: ModelRecord;
  readonly #resumedAt: readonly number[];
  /** The links of the hash chain so far. */
  #links: readonly ChainLink[] = [];
  readonly #neverPredicted = new Map<number, NeverPredicted>();
  #end: Fingerprint | undefined;
  #isFinished = false;
  /** The evaluation whose weights were restored to the model after the last step; undefined if none were. */
  #restored: BestRecord | undefined;

  /**
   * Hashes all weights, which takes some time at the start and the end of a run. With the state of another recorder it
   * goes on with that run.
   */
  constructor(input: RecorderInput, state?: RecorderState) {
    this.#input = input;
    if (state === undefined) {
      this.notices = [...input.notices];
      this.#startedAt = performance.now();
      this.#start = fingerprint(input.model, input.model.parameters.keys());
      this.#model = modelRecord(input.model, this.#start);
      this.#resumedAt = [];
      return;
    }
    const now = performance.now();
    this.notices = [...new Set([...state.notices, ...input.notices])];
    this.#startedAt = now - 1000 * state.seconds;
    this.#start = new Map(Object.entries(state.start));
    this.#model = state.model;
    this.#resumedAt = [...state.resumedAt, state.step];
    this.history.push(...state.history);
    this.alarms.push(...state.alarms);
    this.step = state.step;
    this.epochs = state.epochs;
    this.epoch = state.epoch;
    this.best = state.best ?? undefined;
    this.#restored = state.restored ?? undefined;
    for (const { seconds, best, ...course } of state.courses) {
      const times = course.ended === "running" ? {} : { seconds };
      const begun = { startedAt: now - 1000 * seconds, heldBefore: largestResident() };
      this.#courses.push({ ...course, ...begun, ...times, best: best ?? undefined });
    }
    for (const [epoch, missed] of state.neverPredicted) this.#neverPredicted.set(epoch, missed);
    const past = pastOf(input.model, state.model.baseSha256);
    past.steps = Math.max(past.steps, state.model.earlierSteps);
  }

  /** Returns the course of the run so far as plain data. */
  state(): RecorderState {
    const now = performance.now();
    return {
      history: [...this.history],
      notices: [...this.notices],
      alarms: [...this.alarms],
      step: this.step,
      epochs: this.epochs,
      epoch: this.epoch,
      best: this.best ?? null,
      courses: this.#courses.map(({ startedAt, heldBefore: _, best, seconds, ...course }) => ({
        ...course,
        best: best ?? null,
        seconds: seconds ?? (now - startedAt) / 1000,
      })),
      seconds: (now - this.#startedAt) / 1000,
      start: Object.fromEntries(this.#start),
      model: this.#model,
      neverPredicted: [...this.#neverPredicted],
      restored: this.#restored ?? null,
      resumedAt: this.#resumedAt,
    };
  }

  /** Takes the links of the hash chain so far into the record. */
  linked(links: readonly ChainLink[]): void {
    this.#links = links;
  }

  /** Hashes all weights for a record that is made right after; returns the frozen tensors whose bytes have changed. */
  hashEnd(): readonly string[] {
    this.#end = readFingerprint(this.#input.model);
    return this.#evidence(this.#end, this.trained).changed;
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
    this.#restored = undefined;
  }

  /** Counts an epoch whose last step has been taken. */
  epochDone(): void {
    this.epochs += 1;
    this.#course.epochs += 1;
  }

  /** Adds a row to the log, evaluated or not; says whether its evaluation is the best of the run, and of the stage. */
  add(row: HistoryRow, isEvaluated: boolean): { readonly isBest: boolean; readonly isBestOfStage: boolean } {
    const { metric, plan } = this.#input;
    const course = this.#course;
    this.history.push(row);
    const { minDelta = 0 } = plan.stages[this.#courses.length - 1]?.stage ?? {};
    if (isImprovement(row, course.best, metric, minDelta)) course.sinceBest = 0;
    else if (isEvaluated) course.sinceBest += 1;
    const isBestOfStage = isBetterEpoch(row, course.best, metric);
    if (isBestOfStage) course.best = bestOfRow(row, metric);
    const isBest = isBetterEpoch(row, this.best, metric);
    if (isBest) this.best = bestOfRow(row, metric);
    return { isBest, isBestOfStage };
  }

  /** Number of evaluations of the present stage since the last one that was better by more than its `minDelta`. */
  get evaluationsSinceBest(): number {
    return this.#course.sinceBest;
  }

  /** The best evaluation of the present stage so far. */
  get bestOfStage(): BestRecord | undefined {
    return this.#course.best;
  }

  /** Number of optimizer steps of the present stage. */
  get stageSteps(): number {
    return this.step - this.#course.firstStep;
  }

  /** Whether a stage ended before all of its epochs were done. */
  get endedByPatience(): boolean {
    return this.#courses.some(({ ended }) => ended === "patience");
  }

  /** Records the labels that the model predicted for no example in the evaluation of an epoch. */
  evaluated(epoch: number, missed: NeverPredicted | undefined): void {
    if (missed !== undefined) this.#neverPredicted.set(epoch, missed);
  }

  /** Records alarms; one that is recorded already is left out. */
  raise(alarms: readonly (Alarm | undefined)[]): void {
    for (const alarm of alarms) {
      if (alarm === undefined) continue;
      const isKnown = this.alarms.some(({ code, sentence }) => code === alarm.code && sentence === alarm.sentence);
      if (!isKnown) this.alarms.push(alarm);
    }
  }

  /** Yields an event for each alarm that has had none in this process. */
  *tellAlarms(): Generator<TrainerEvent> {
    for (let next = this.alarms[this.#told]; next !== undefined; next = this.alarms[this.#told]) {
      this.#told += 1;
      yield { kind: "alarm", alarm: next };
    }
  }

  /** Records that the weights of this evaluation were restored to the model. */
  restored(best: BestRecord): void {
    this.#restored = best;
  }

  /** Ends the current stage and returns its outcome. */
  endStage(ended: StageOutcome["ended"], evidence?: StageEvidence): StageOutcome {
    const course = this.#course;
    course.evidence = evidence;
    course.ended = ended;
    course.steps = this.step - course.firstStep;
    course.seconds = (performance.now() - course.startedAt) / 1000;
    course.peakMemory = peakSince(course.heldBefore);
    return this.#outcome(this.#courses.length - 1);
  }

  /** The alarm about labels that the model with its current weights never predicts; undefined if there is none. */
  get labelAlarm(): Alarm | undefined {
    const epoch = this.#restored?.epoch ?? this.history.findLast(({ evalLoss }) => evalLoss !== undefined)?.epoch;
    const missed = epoch === undefined ? undefined : this.#neverPredicted.get(epoch);
    if (epoch === undefined || missed === undefined) return undefined;
    const { step } = this.#restored ?? this;
    return { ...neverPredictedAlarm(missed, `the validation of epoch ${formatEpoch(epoch)}`), epoch, step };
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

  /**
   * Makes the record of the run as it stands now; hashes all weights. With `presentFingerprint` it takes these hashes instead, and
   * leaves the evidence for the frozen weights open, which they do not give.
   */
  record(status: RunStatus, hashes?: Fingerprint): RunRecord {
    const { model, plan, metric, args, data } = this.#input;
    const trained = this.trained;
    const end = hashes ?? this.#end ?? readFingerprint(model);
    this.#end = undefined; // weights may change before the next record
    const { step, epoch } = this.#restored ?? this;
    const alarm = status.state === "finished" ? undefined : this.labelAlarm;
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
      evidence: this.#evidence(hashes === undefined ? end : undefined, trained),
      totalParameters: plan.totalParameters,
      trainableParameters: sizeOf(trained, model),
      seconds: (performance.now() - this.#startedAt) / 1000,
      versions: versions(),
      ...(this.#links.length === 0 ? {} : { hashChain: this.#links }),
      ...(this.#resumedAt.length === 0 ? {} : { resumedAt: this.#resumedAt }),
      notices: [...this.notices],
      alarms: [...this.alarms, ...(alarm === undefined ? [] : [alarm])],
    };
  }

  /** Makes the record of the run, which has ended; the model remembers it. */
  finish(status: RunStatus): RunRecord {
    if (status.state === "stopped" || status.state === "failed") {
      if (this.#courses.at(-1)?.ended === "running") this.endStage(status.state);
    }
    const record = this.record(status);
    const past = pastOf(this.#input.model, this.#model.baseSha256);
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
    const { steps = this.step - course.firstStep, peakMemory, evidence } = course;
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
      ...(evidence === undefined ? {} : { evidence }),
      ...(best === undefined ? {} : { best }),
    };
  }

  /** Hashes the present weights that train; of parameters that have not trained in this run, the hashes at its start are taken. */
  presentFingerprint(): Fingerprint {
    const now = fingerprint(this.#input.model, this.trained);
    return new Map([...this.#start].map(([name, hash]) => [name, now.get(name) ?? hash]));
  }

  /** Names of the parameters that train in any stage begun so far. */
  get trained(): ReadonlySet<string> {
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
