/**
 * Runs one epoch of a stage: its optimizer steps, each taken completely or not at all, and what follows them: evaluations, rows
 * of the log, links of the hash chain, checkpoints.
 */
import type { PrefixCache } from "../cache/prefixCache.ts";
import { listed } from "../display/listed.ts";
import { ThawError } from "../errors.ts";
import { computeLogits } from "../evaluate/computeLogits.ts";
import type { EncodedDataset } from "../evaluate/encodedDataset.ts";
import { type EvaluateResult, evaluateLogits, exampleLosses, neverPredicted } from "../evaluate/evaluateLogits.ts";
import type { SequenceClassifier } from "../models/sequenceClassifier.ts";
import type { AdamW } from "../optim/adamW.ts";
import { rowList } from "../optim/nonFinite.ts";
import type { ResolvedArguments } from "../plan/arguments.ts";
import { epochSteps } from "../plan/batches.ts";
import type { Plan, PlannedStage } from "../plan/plan.ts";
import { breathe } from "../platform/threads.ts";
import { stageSchedule } from "../schedule/stageSchedule.ts";
import type { Metrics, ModelMetric } from "../task/metrics.ts";
import type { LossOptions } from "../task/task.ts";
import { section } from "../tensor/section.ts";
import type { AlarmWatch } from "./alarmWatch.ts";
import type { TrainerRequest } from "./callbacks.ts";
import type { TrainerEvent } from "./events.ts";
import type { HashChain } from "./hashChain.ts";
import type { HistoryRow } from "./runRecord.ts";
import type { RunRecorder } from "./runRecorder.ts";
import type { StageEvidenceCollector } from "./stageEvidence.ts";
import { addMicroBatch, stepOn } from "./stageStep.ts";
import type { OptimizerStep } from "./step.ts";
import { validationCourse } from "./validationCourse.ts";
import type { KeptWeights } from "./weights.ts";

/** The point that a run has reached, as plain JSON data. It changes only between optimizer steps, all of it at once. */
export interface Progress {
  /** Index of the present stage, or of the next one while `hasBegun` is false; the number of stages after the last. */
  stage: number;
  hasBegun: boolean;
  /** Number of the present epoch within its stage, from 0. */
  epoch: number;
  /** Number of steps taken in the present epoch. */
  step: number;
  /** Whether everything that follows the last step has been done: the evaluation, the row of the log, the link of the chain. */
  isSettled: boolean;
  /** Why the stage ends before its last epoch, if it does. */
  stageEnd: "patience" | "callback" | null;
  /** Whether a callback has ended the run. */
  isStopped: boolean;
  /** Number of micro-batches so far; it numbers the dropout masks, so that no two micro-batches share one. */
  microBatch: number;
  /** Sum of the losses of this epoch's steps. */
  epochLoss: number;
  /** Sum of the losses, and number of the steps, since the last row of the log that has a loss. */
  rowLoss: number;
  rowSteps: number;
  /** Norm of the gradients in the last step. */
  gradNorm: number;
  /** Wall time of this epoch's steps so far, in seconds. */
  epochSeconds: number;
}

/** Returns the point at which a run begins. */
export const beginning = (): Progress => ({
  ...{ stage: 0, hasBegun: false, ...epochBegins, microBatch: 0, gradNorm: 0 },
  ...{ isSettled: true, stageEnd: null, isStopped: false, rowLoss: 0, rowSteps: 0 },
});

const epochBegins = { epoch: 0, step: 0, epochLoss: 0, epochSeconds: 0 };

/** Sets the point of a run to the beginning of the next stage. */
export function enterNextStage(progress: Progress): void {
  Object.assign(progress, epochBegins, { stage: progress.stage + 1, hasBegun: false, stageEnd: null });
}

/** The inputs and the state of a run, which the parts of the loop share. */
export interface RunState {
  readonly model: SequenceClassifier;
  readonly plan: Plan;
  readonly args: ResolvedArguments;
  readonly metric: ModelMetric;
  readonly loss: LossOptions;
  readonly train: EncodedDataset;
  readonly evaluation: EncodedDataset | undefined;
  /** Computes the user's own metrics from the logits of the validation data; undefined if there are none. */
  readonly ownMetrics: ((logits: readonly Float32Array[]) => Promise<Metrics>) | undefined;
  /** Ends the run within one step. */
  readonly signal: AbortSignal;
  readonly optimizer: AdamW;
  readonly recorder: RunRecorder;
  readonly chain: HashChain;
  /** Finds what goes wrong in the losses. */
  readonly watch: AlarmWatch;
  /** Collects the evidence of the present stage; undefined between two stages. */
  evidence: StageEvidenceCollector | undefined;
  readonly trainCache: PrefixCache;
  readonly evalCache: PrefixCache;
  /** Copies of the best weights, of the run and of the present stage; undefined where nobody will want them back. */
  readonly kept: KeptWeights | undefined;
  readonly keptOfStage: KeptWeights | undefined;
  readonly progress: Progress;
  /** The requests of callbacks that have not been met yet. */
  readonly requests: Set<TrainerRequest>;
  /** Writes a row of the log to the output folder. */
  readonly log: (row: HistoryRow) => Generator<TrainerEvent>;
  /** Saves a checkpoint of the present point. */
  readonly save: () => AsyncGenerator<TrainerEvent>;
  /** The optimizer step in progress. */
  step: OptimizerStep | undefined;
  /** Whether weights may have changed without the counters that belong to them: V8 can end a step in its middle. */
  isTorn: boolean;
}

/**
 * Trains the present epoch of a stage from the step that the run has reached, or until the stage or the run ends; evaluates,
 * logs and saves where it is due.
 */
export async function* runEpoch(state: RunState, stage: PlannedStage): AsyncGenerator<TrainerEvent> {
  const { args, train, recorder, progress } = state;
  const steps = epochSteps(train.texts, args, recorder.epochs);
  const before = progress.epoch * steps.length;
  const last = Math.min(steps.length, stage.steps - before);
  const place = { stage: progress.stage, joined: stage.joined };
  // made anew after each evaluation: that of a plateau follows the validation
  const presentSchedule = () => stageSchedule(stage, validationCourse(recorder.history, place, state.metric));
  let schedule = presentSchedule();
  const rate = () => schedule(before + progress.step - 1);
  const { epoch } = progress;
  yield* meet(state);
  const settled = async function* () {
    const isEvaluated = yield* settle(state, stage, rate(), progress.step === last);
    if (isEvaluated) schedule = presentSchedule();
  };
  if (!progress.isSettled) yield* settled();
  const isOver = () => progress.epoch !== epoch || progress.stageEnd !== null || progress.isStopped;
  while (!isOver()) {
    recorder.during = "training";
    const started = performance.now();
    const { step: index } = progress;
    const stepLoss = await runStep(state, stage, steps[index] as Uint32Array[], schedule(before + index), {
      started,
      share: (index + 1) / steps.length,
    });
    const loss = progress.epochLoss / progress.step;
    yield { kind: "step", step: recorder.step, epoch: recorder.epoch, loss, stepLoss };
    yield* recorder.tellAlarms();
    await breathe();
    yield* settled();
  }
}

/**
 * Does what follows a step: evaluates if that is due, then logs, links and counts in one piece, then saves if that is due. Returns
 * whether it has evaluated.
 */
async function* settle(
  state: RunState,
  stage: PlannedStage,
  factor: number,
  isEpochEnd: boolean,
): AsyncGenerator<TrainerEvent, boolean> {
  const { args, evaluation, recorder, chain, progress, requests, model, optimizer, watch } = state;
  const { step } = recorder;
  const isDue = (every: number | undefined) => every !== undefined && step % every === 0;
  const evaluates =
    evaluation !== undefined &&
    (requests.has("evaluate") ||
      (args.evalStrategy === "epoch" && isEpochEnd) ||
      (args.evalStrategy === "steps" && isDue(args.evalSteps ?? args.loggingSteps ?? 500)));
  const isPlannedSave =
    (args.saveStrategy === "epoch" && isEpochEnd) || (args.saveStrategy === "steps" && isDue(args.saveSteps ?? 500));
  if (evaluates) recorder.during = "evaluation";
  const metrics = evaluates
    ? yield* within(() => placeOf(state, stage, "the evaluation"), evaluate(state, stage))
    : undefined;
  let row: HistoryRow | undefined;
  if (isEpochEnd || evaluates || isDue(args.loggingSteps)) {
    row = rowOf(state, stage, factor, { isEpochEnd, metrics });
    const { isBest, isBestOfStage } = recorder.add(row, evaluates);
    if (isBest) state.kept?.keep();
    if (isBestOfStage) state.keptOfStage?.keep();
    Object.assign(progress, { rowLoss: 0, rowSteps: 0 });
    recorder.raise(watch.rowDone(row, isEpochEnd));
  }
  if (isEpochEnd) {
    recorder.epochDone();
    Object.assign(progress, epochBegins, { epoch: progress.epoch + 1 });
  }
  const { patience } = stage.stage;
  const isOutOfPatience = evaluates && patience !== undefined && recorder.evaluationsSinceBest >= patience;
  if (isOutOfPatience && !isLastStep(state, stage)) progress.stageEnd ??= "patience";
  if (args.hashSteps === undefined ? isEpochEnd || isPlannedSave : isDue(args.hashSteps)) {
    const { epochs } = recorder;
    chain.link(model, recorder.trained, optimizer, {
      ...{ stage: progress.stage, step, epochs, microBatch: progress.microBatch },
    });
  }
  requests.delete("evaluate");
  progress.isSettled = true;
  if (row !== undefined) {
    yield* state.log(row);
    yield { kind: isEpochEnd ? "epoch" : "log", row };
  }
  yield* recorder.tellAlarms();
  if (isPlannedSave) state.requests.add("save");
  yield* meet(state);
  return evaluates;
}

/** Meets the requests that need no further step; callbacks make them at any event. */
async function* meet({ progress, requests, save }: RunState): AsyncGenerator<TrainerEvent> {
  if (requests.delete("nextStage")) progress.stageEnd ??= "callback";
  if (requests.delete("stop")) progress.isStopped = true;
  if (requests.delete("save")) yield* save();
}

/** Whether all steps of the stage have been taken. */
const isLastStep = ({ progress }: RunState, stage: PlannedStage): boolean =>
  progress.step === 0 && progress.epoch >= stage.row.epochs;

/** Makes the row of the log at the present step. */
function rowOf(
  { progress, recorder }: RunState,
  stage: PlannedStage,
  factor: number,
  { isEpochEnd, metrics }: { readonly isEpochEnd: boolean; readonly metrics: Metrics | undefined },
): HistoryRow {
  const { learningRate, headLearningRate } = stage.row;
  const { rowLoss, rowSteps, gradNorm, epochSeconds } = progress;
  return {
    step: recorder.step,
    epoch: recorder.epoch,
    stage: progress.stage,
    ...(rowSteps === 0 ? {} : { loss: rowLoss / rowSteps }),
    ...(learningRate === undefined ? {} : { learningRate: learningRate * factor }),
    ...(headLearningRate === undefined ? {} : { headLearningRate: headLearningRate * factor }),
    gradNorm,
    ...(isEpochEnd ? { epochSeconds } : {}),
    ...metrics,
  };
}

/**
 * Makes one optimizer step, at the stage's learning rates times `factor`, and returns its loss. An abort between micro-batches
 * changes no weight.
 */
async function runStep(
  state: RunState,
  stage: PlannedStage,
  microBatches: readonly Uint32Array[],
  factor: number,
  { started, share }: { readonly started: number; readonly share: number },
): Promise<number> {
  const { model, signal, progress, recorder, chain, train } = state;
  assertMask(model, stage);
  const all = microBatches.flatMap((indices) => [...indices]);
  const rates = new Map([...stage.learningRates].map(([name, rate]) => [name, rate * factor]));
  const step = stepOn(state, microBatches, rates);
  state.step = step;
  try {
    for (const [i, indices] of microBatches.entries()) {
      if (i > 0) await breathe();
      signal.throwIfAborted();
      at(
        () => placeOf(state, stage, indices),
        () => section(() => addMicroBatch(step, state, stage, indices, progress.microBatch + i)),
      );
    }
    const rows = all.map((index) => train.rows[index] as number);
    return at(
      () => placeOf(state, stage, all),
      () =>
        section(() => {
          const taken = step.finish(() => {
            state.isTorn = true;
          });
          chain.saw(rows);
          recorder.stepDone(share);
          state.evidence?.stepDone(taken.updated);
          recorder.raise(state.watch.stepDone(taken.loss, recorder.step, recorder.epoch));
          progress.step += 1;
          progress.microBatch += microBatches.length;
          progress.epochLoss += taken.loss;
          progress.rowLoss += taken.loss;
          progress.rowSteps += 1;
          progress.gradNorm = taken.gradNorm;
          progress.epochSeconds += (performance.now() - started) / 1000;
          progress.isSettled = false;
          state.isTorn = false;
          return taken.loss;
        }),
    );
  } finally {
    step.dispose();
    state.step = undefined;
  }
}

/**
 * Throws `MASK_CHANGED` if somebody has frozen or unfrozen parameters since the stage began: the run would not be what its plan and
 * its record say.
 */
function assertMask(model: SequenceClassifier, { trainable, row }: PlannedStage): void {
  const changed = [...model.parameters.values()].filter(
    ({ name, requiresGrad }) => requiresGrad !== trainable.has(name),
  );
  if (changed.length === 0) return;
  throw new ThawError(
    "MASK_CHANGED",
    `${listed(changed.map(({ name }) => name))} ${changed.length === 1 ? "was" : "were"} frozen or unfrozen while the stage ` +
      `"${row.name}" trains. A run follows its plan: give a stage for each selection, and let a callback ask for "nextStage" ` +
      "where the time of the change is not known before.",
  );
}

/** Evaluates the model on the validation data and returns the result for the row of the log. */
async function* evaluate(
  state: RunState,
  stage: PlannedStage,
): AsyncGenerator<TrainerEvent, EvaluateResult & { evalSeconds: number }> {
  const { model, args, evalCache, recorder, signal } = state;
  const evaluation = state.evaluation as EncodedDataset;
  const started = performance.now();
  const { texts, labels, labelNames } = evaluation;
  const cut = stage.prefix?.cut;
  const cached = cut !== undefined && evalCache.has(cut) ? { cache: evalCache, cut } : undefined;
  const { perDeviceEvalBatchSize: batchSize, precision } = args;
  const computation = computeLogits({ model, texts, batchSize, cached, precision, signal });
  let next = await computation.next();
  while (!next.done) {
    yield { kind: "evaluate", done: next.value, total: texts.length };
    next = await computation.next();
  }
  state.watch.evaluated(exampleLosses(next.value, labels, model.problemType));
  recorder.evaluated(recorder.epoch, neverPredicted(next.value, labels, labelNames, model.problemType));
  return {
    ...evaluateLogits(next.value, labels, model.problemType, state.loss),
    ...(await state.ownMetrics?.(next.value)),
    evalSeconds: (performance.now() - started) / 1000,
  };
}

/** The point in a run at which something was computed, for error messages. */
interface Place {
  /** Name of the work, such as `step 12` or `the evaluation after step 12`. */
  readonly what: string;
  /** Number of the stage, from 0, and its name. */
  readonly stage: number;
  readonly name: string;
  /** Rows of the data, counted from 1, and the name of the data. */
  readonly rows?: ArrayLike<number>;
  readonly data?: string;
}

/** Returns the current point of a run: a step on the examples at these indices of the training data, or other work. */
export function placeOf(state: RunState, stage: PlannedStage, work: ArrayLike<number> | string): Place {
  const { plan, train, recorder } = state;
  const of = { stage: plan.stages.indexOf(stage), name: stage.row.name };
  if (typeof work === "string") return { ...of, what: `${work} after step ${recorder.step}` };
  return {
    ...of,
    what: `step ${recorder.step + 1}`,
    rows: Array.from(work, (index) => train.rows[index] as number),
    data: "training data",
  };
}

/** Runs a computation and adds the point in the run to the message of a `NON_FINITE` error. */
function at<T>(place: () => Place, run: () => T): T {
  try {
    return run();
  } catch (error) {
    throw located(error, place());
  }
}

/** Runs a generator and adds the point in the run to the message of a `NON_FINITE` error. */
export async function* within<T, R>(place: () => Place, generator: AsyncGenerator<T, R>): AsyncGenerator<T, R> {
  try {
    return yield* generator;
  } catch (error) {
    throw located(error, place());
  }
}

function located(error: unknown, { what, stage, name, rows, data }: Place): unknown {
  if (!(error instanceof ThawError) || error.code !== "NON_FINITE") return error;
  const texts = rows === undefined ? "" : `, ${rowList(rows)} of the ${data}`;
  return new ThawError("NON_FINITE", `Stage ${stage} (${name}), ${what}${texts}: ${error.message}`, { cause: error });
}
