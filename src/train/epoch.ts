/** Runs one epoch of a stage: its optimizer steps, each taken completely or not at all, and the evaluation after it. */
import type { PrefixCache } from "../cache/prefixCache.ts";
import { ThawError } from "../errors.ts";
import { computeLogits } from "../evaluate/computeLogits.ts";
import { type EncodedDataset, labelsOf } from "../evaluate/encodedDataset.ts";
import { type EvaluateResult, evaluateLogits, neverPredicted } from "../evaluate/evaluateLogits.ts";
import { type EncodedText, PackedBatch } from "../models/packedBatch.ts";
import type { SequenceClassifier } from "../models/sequenceClassifier.ts";
import { DropoutRng } from "../nn/dropout.ts";
import type { AdamW } from "../optim/adamW.ts";
import { rowList } from "../optim/nonFinite.ts";
import type { ResolvedArguments } from "../plan/arguments.ts";
import { epochSteps } from "../plan/batches.ts";
import type { Plan, PlannedStage } from "../plan/plan.ts";
import { breathe } from "../platform/threads.ts";
import { stageSchedule } from "../schedule/schedule.ts";
import { section } from "../tensor/section.ts";
import type { TrainerEvent } from "./events.ts";
import type { HistoryRow } from "./runRecord.ts";
import type { RunRecorder } from "./runRecorder.ts";
import { OptimizerStep, type StepResult } from "./step.ts";

/** The inputs and the state of a run, which the parts of the loop share. */
export interface RunState {
  readonly model: SequenceClassifier;
  readonly plan: Plan;
  readonly args: ResolvedArguments;
  readonly train: EncodedDataset;
  readonly evaluation: EncodedDataset | undefined;
  /** Ends the run within one step. */
  readonly signal: AbortSignal;
  readonly optimizer: AdamW;
  readonly recorder: RunRecorder;
  readonly trainCache: PrefixCache;
  readonly evalCache: PrefixCache;
  /** Number of micro-batches so far; it numbers the dropout masks, so that no two micro-batches share one. */
  microBatch: number;
  /** The optimizer step in progress. */
  step: OptimizerStep | undefined;
}

/**
 * Trains one epoch of a stage (`epoch` counts from 0 within the stage) and evaluates it; returns its row of the log.
 */
export async function* runEpoch(
  state: RunState,
  stage: PlannedStage,
  epoch: number,
): AsyncGenerator<TrainerEvent, HistoryRow> {
  const { plan, args, train, recorder } = state;
  const steps = epochSteps(train.texts, args, recorder.epochs);
  const schedule = stageSchedule(stage);
  recorder.during = "training";
  const started = performance.now();
  let sum = 0;
  let gradNorm = 0;
  let factor = 0;
  for (const [i, microBatches] of steps.entries()) {
    factor = schedule(epoch * steps.length + i);
    const result = await runStep(state, stage, microBatches, factor);
    sum += result.loss;
    gradNorm = result.gradNorm;
    recorder.stepDone((i + 1) / steps.length);
    yield { kind: "step", step: recorder.step, epoch: recorder.epoch, loss: sum / (i + 1) };
    await breathe();
  }
  const epochSeconds = (performance.now() - started) / 1000;
  const { learningRate, headLearningRate } = stage.row;
  recorder.during = "evaluation";
  return {
    step: recorder.step,
    epoch: recorder.epochs + 1,
    stage: plan.stages.indexOf(stage),
    loss: sum / steps.length,
    ...(learningRate === undefined ? {} : { learningRate: learningRate * factor }),
    ...(headLearningRate === undefined ? {} : { headLearningRate: headLearningRate * factor }),
    gradNorm,
    epochSeconds,
    ...(yield* within(() => placeOf(state, stage, "the evaluation"), evaluateEpoch(state, stage))),
  };
}

/**
 * Makes one optimizer step, at the stage's learning rates times `factor`. An abort between micro-batches changes no weight.
 */
async function runStep(
  state: RunState,
  stage: PlannedStage,
  microBatches: readonly Uint32Array[],
  factor: number,
): Promise<StepResult> {
  const { model, args, signal, optimizer } = state;
  const step = new OptimizerStep({
    model,
    optimizer,
    examples: microBatches.reduce((sum, { length }) => sum + length, 0),
    learningRates: new Map([...stage.learningRates].map(([name, rate]) => [name, rate * factor])),
    weightDecay: args.weightDecay,
    maxGradNorm: args.maxGradNorm,
  });
  state.step = step;
  try {
    for (const [i, indices] of microBatches.entries()) {
      if (i > 0) await breathe();
      signal.throwIfAborted();
      at(
        () => placeOf(state, stage, indices),
        () => section(() => addMicroBatch(state, stage, step, indices)),
      );
    }
    const all = () => microBatches.flatMap((indices) => [...indices]);
    return at(
      () => placeOf(state, stage, all()),
      () => section(() => step.finish()),
    );
  } finally {
    step.dispose();
    state.step = undefined;
  }
}

/** Adds the gradients of a micro-batch: the examples at these indices of the training data. */
function addMicroBatch(state: RunState, stage: PlannedStage, step: OptimizerStep, indices: Uint32Array): void {
  const { args, train } = state;
  const cut = stage.prefix?.cut ?? -1;
  const batch = PackedBatch.fromTexts(Array.from(indices, (index) => train.texts[index] as EncodedText));
  const rows = cut < 0 ? undefined : state.trainCache.rows(cut, indices, batch);
  try {
    const labels = labelsOf(train, indices);
    const dropoutRng = new DropoutRng(args.seed, state.microBatch);
    const { gradientCheckpointing, precision } = args;
    step.add({ batch, labels, cut, rows, dropoutRng, gradientCheckpointing, precision });
    state.microBatch += 1;
  } finally {
    rows?.dispose();
    batch.dispose();
  }
}

/** Evaluates the model on the validation data, if there is any, and returns the result for the row of the log. */
async function* evaluateEpoch(
  state: RunState,
  stage: PlannedStage,
): AsyncGenerator<TrainerEvent, (EvaluateResult & { evalSeconds: number }) | undefined> {
  const { model, args, evaluation, evalCache, recorder, signal } = state;
  if (evaluation === undefined) return undefined;
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
  recorder.evaluated(recorder.epochs + 1, neverPredicted(next.value, labels, labelNames, model.problemType));
  return {
    ...evaluateLogits(next.value, labels, model.problemType),
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
