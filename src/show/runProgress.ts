/** The progress of a run, from its events: steps, rows, measured times and the remaining time, ready to be drawn. */
import type { StagePlan } from "../plan/plan.ts";
import { accuracyMetric, type ModelMetric } from "../task/metrics.ts";
import type { Alarm } from "../train/alarms.ts";
import type { TrainerEvent } from "../train/events.ts";
import type { HistoryRow, RunRecord, StageOutcome } from "../train/runRecord.ts";
import { type LiveStage, LossCourse } from "./liveCurves.ts";

/**
 * Work other than training steps, with a progress bar of its own: the pass through the frozen layers, or an evaluation.
 */
interface SideTask {
  readonly kind: "prefix" | "evaluate";
  /** The number of examples that are done. */
  readonly done: number;
  /** The number of examples in all. */
  readonly total: number;
  readonly seconds: number;
}

/** Follows a run by its events, which it takes one by one. Its clock gives seconds. */
export class RunProgress {
  stages: readonly StagePlan[] = [];
  stage = 0;
  step = 0;
  epoch = 0;
  /** The step of the newest checkpoint; undefined if there is none. */
  savedStep: number | undefined;
  /** The planned steps and epochs, without those that were left out by stages which ended early. */
  totalSteps = 0;
  totalEpochs = 0;
  /** The outcomes of the stages that have ended, by the index of the stage. */
  readonly outcomes = new Map<number, StageOutcome>();
  /** Seconds that the pass through the frozen layers took, by the index of the stage. */
  readonly prefixSeconds = new Map<number, number>();
  /** The running mean of the training loss in this epoch. */
  loss: number | undefined;
  /** The training loss by step. */
  readonly losses = new LossCourse();
  /** One row per epoch, in the order of the run. */
  rows: HistoryRow[] = [];
  metric: ModelMetric = accuracyMetric;
  sideTask: SideTask | undefined;
  run: RunRecord | undefined;
  readonly notices: string[] = [];
  readonly alarms: Alarm[] = [];
  readonly #clock: () => number;
  #startedAt = 0;
  /** The time of the last event. The time until the next event was spent on that next one. */
  #lastAt = 0;
  #firstStep = 0;
  /** Steps of the stage that were taken before the run went on from a checkpoint. */
  #resumedSteps = 0;
  #sideSeconds = 0;
  #measured: Measured = nothingMeasured;

  constructor(clock: () => number) {
    this.#clock = clock;
  }

  get elapsedSeconds(): number {
    return this.run?.seconds ?? this.#lastAt - this.#startedAt;
  }

  get secondsPerStep(): number | undefined {
    return this.#measured.secondsPerStep;
  }

  /** Predicts the time until the end of the last stage; undefined before anything has been measured. */
  get remainingSeconds(): number | undefined {
    const { stage } = this;
    const planned = this.stages.slice(stage).reduce((sum, { epochs }) => sum + epochs, 0);
    // Counted by stage: the evaluations of one that stopped early will not be made up for.
    const evaluationsLeft = Math.max(0, planned - this.rows.filter((row) => row.stage === stage).length);
    return remainingSeconds(this.stages, { ...this.#measured, evaluationsLeft });
  }

  /** The stages, each with its place in the run: as measured where it has begun, as planned where it has not. */
  get liveStages(): LiveStage[] {
    let firstEpoch = 0;
    return this.stages.map((plan, i) => {
      const outcome = this.outcomes.get(i);
      const taken = i < this.stage ? plan.steps : i > this.stage ? 0 : this.step - this.#firstStep;
      const stage = { plan, firstEpoch, steps: outcome?.steps ?? taken };
      firstEpoch += outcome?.epochs ?? plan.epochs;
      return stage;
    });
  }

  take(event: TrainerEvent): void {
    const now = this.#clock();
    const passed = event.kind === "begin" ? 0 : now - this.#lastAt;
    this.#lastAt = now;
    switch (event.kind) {
      case "begin":
        this.stages = event.stages;
        this.totalSteps = event.totalSteps;
        this.totalEpochs = event.totalEpochs;
        this.metric = event.metric;
        this.#startedAt = now;
        break;
      case "stage":
        this.#enter(event.stage);
        break;
      case "prefix":
        this.#measured = { ...this.#measured, prefixSeconds: this.#measured.prefixSeconds + passed };
        this.prefixSeconds.set(this.stage, this.#measured.prefixSeconds);
        this.#side(event, passed);
        break;
      case "notice":
        this.notices.push(event.notice);
        break;
      case "alarm":
        this.alarms.push(event.alarm);
        break;
      case "evaluate":
        this.#side(event, passed);
        break;
      case "step":
        this.#advance(event, passed);
        break;
      case "epoch":
      case "log":
        this.#finishEpoch(event.row, passed);
        break;
      case "save":
        this.savedStep = event.step;
        break;
      case "resume":
        this.step = event.step;
        this.savedStep = event.step;
        this.epoch = event.epoch;
        this.rows.push(...event.history);
        for (const { epoch, loss } of event.history) if (loss !== undefined) this.losses.add(epoch, loss);
        this.#resumedSteps = event.stageSteps;
        break;
      case "stageEnd":
        this.#leave(event.stage, event.outcome);
        break;
      case "end":
        this.sideTask = undefined;
        this.run = event.run;
        break;
    }
  }

  #enter(stage: number): void {
    const left = this.stages[this.stage];
    const full = left === undefined ? undefined : fullStepSeconds(left, this.#measured);
    const { evalSeconds } = this.#measured;
    this.stage = stage;
    this.#firstStep = this.step - this.#resumedSteps;
    this.#resumedSteps = 0;
    this.#endSide();
    this.#measured = { ...nothingMeasured, stage, evalSeconds, fullStepSeconds: full };
  }

  #leave(stage: number, outcome: StageOutcome): void {
    this.outcomes.set(stage, outcome);
    this.totalSteps -= (this.stages[stage]?.steps ?? outcome.steps) - outcome.steps;
    this.totalEpochs -= (this.stages[stage]?.epochs ?? outcome.epochs) - outcome.epochs;
  }

  #side({ kind, done, total }: Omit<SideTask, "seconds">, passed: number): void {
    this.#sideSeconds = (this.sideTask?.kind === kind ? this.#sideSeconds : 0) + passed;
    this.sideTask = { kind, done, total, seconds: this.#sideSeconds };
  }

  #endSide(): void {
    this.sideTask = undefined;
    this.#sideSeconds = 0;
  }

  #advance(event: Extract<TrainerEvent, { kind: "step" }>, passed: number): void {
    this.#endSide();
    this.step = event.step;
    this.epoch = event.epoch;
    this.loss = event.loss;
    this.losses.add(event.epoch, event.stepLoss);
    const stepsDone = event.step - this.#firstStep;
    const before = this.#measured.secondsPerStep ?? passed;
    // A plain mean at first, then one that forgets: examples differ in length, and a cached prefix makes later epochs faster.
    const weight = Math.max(0.05, 1 / Math.max(1, stepsDone));
    this.#measured = { ...this.#measured, stepsDone, secondsPerStep: before + weight * (passed - before) };
  }

  #finishEpoch(row: HistoryRow, passed: number): void {
    const evaluating = this.sideTask?.kind === "evaluate" ? this.#sideSeconds + passed : undefined;
    const evalSeconds = row.evalSeconds ?? evaluating ?? this.#measured.evalSeconds;
    this.#measured = { ...this.#measured, evalSeconds };
    this.#endSide();
    this.epoch = row.epoch;
    const same = this.rows.findIndex(({ epoch }) => epoch === row.epoch);
    if (same >= 0) this.rows[same] = row;
    else this.rows.push(row);
  }
}

/** The times that have been measured so far in the stage that runs now, in seconds. */
export interface Measured {
  /** The index of the stage. */
  readonly stage: number;
  readonly stepsDone: number;
  /** The time of one optimizer step as of late; undefined before the first step of the stage. */
  readonly secondsPerStep: number | undefined;
  /** The time of the pass through the frozen layers, ahead of the stage. */
  readonly prefixSeconds: number;
  /** The time of one evaluation; 0 where nothing is evaluated. */
  readonly evalSeconds: number;
  readonly evaluationsLeft: number;
  /** The time of a step of full fine-tuning in seconds, estimated from earlier stages; undefined in the first stage. */
  readonly fullStepSeconds: number | undefined;
}

const nothingMeasured: Measured = {
  stage: 0,
  stepsDone: 0,
  secondsPerStep: undefined,
  prefixSeconds: 0,
  evalSeconds: 0,
  evaluationsLeft: 0,
  fullStepSeconds: undefined,
};

/** A stage is never predicted to be free: one whose cost rounds to 0 would make all others endless. */
const smallestCost = 1e-3;

/**
 * Estimates the time of a step of full fine-tuning in seconds from this stage; undefined before the first measurement.
 */
export function fullStepSeconds(stage: StagePlan, measured: Measured): number | undefined {
  if (measured.secondsPerStep === undefined || stage.steps === 0) return measured.fullStepSeconds;
  const perStep = measured.secondsPerStep + measured.prefixSeconds / stage.steps; // the prefix is part of the stage's cost
  return perStep / Math.max(stage.relativeCost, smallestCost);
}

/** Predicts the seconds until the end of the last stage; undefined before anything has been measured. */
export function remainingSeconds(stages: readonly StagePlan[], measured: Measured): number | undefined {
  const current = stages[measured.stage];
  if (current === undefined) return undefined;
  const full = fullStepSeconds(current, measured);
  if (full === undefined) return undefined;
  const perStep = measured.secondsPerStep ?? full * current.relativeCost;
  const later = stages
    .slice(measured.stage + 1)
    .reduce((sum, { steps, relativeCost }) => sum + steps * relativeCost, 0);
  return (
    Math.max(0, current.steps - measured.stepsDone) * perStep +
    full * later +
    measured.evaluationsLeft * measured.evalSeconds
  );
}
