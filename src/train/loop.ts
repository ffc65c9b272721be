/** The training loop: stages, epochs, steps. It tells what happens as events, and has it written down. */

import { CacheBudget, cacheMemoryOf } from "../cache/cacheBudget.ts";
import { PrefixCache } from "../cache/prefixCache.ts";
import { computeLogits } from "../evaluate/computeLogits.ts";
import { type EncodedDataset, labelsOf } from "../evaluate/encodedDataset.ts";
import { type EvaluateResult, evaluateLogits, neverPredicted } from "../evaluate/evaluateLogits.ts";
import type { EncodedText } from "../models/packedBatch.ts";
import { PackedBatch } from "../models/packedBatch.ts";
import type { SequenceClassifier } from "../models/sequenceClassifier.ts";
import { DropoutRng } from "../nn/dropout.ts";
import { AdamW } from "../optim/adamW.ts";
import { reusableCuts, usefulCuts } from "../plan/cost.ts";
import type { Plan, PlannedStage } from "../plan/plan.ts";
import { scheduleOf } from "../schedule/schedule.ts";
import type { ModelMetric } from "../task/metrics.ts";
import { section } from "../tensor/section.ts";
import { type ResolvedArguments, usedArguments } from "./arguments.ts";
import { breathe } from "./breathe.ts";
import { epochSteps } from "./epochSteps.ts";
import type { TrainerEvent } from "./events.ts";
import { assertUnchanged, changedNames, fingerprint } from "./fingerprint.ts";
import { KeptWeights } from "./keptWeights.ts";
import { bytesOf } from "./memorySize.ts";
import { at, within } from "./nonFinite.ts";
import { argumentNotices, bestEpochNotices, cutNotices } from "./notices.ts";
import { RunRecorder } from "./recorder.ts";
import type { HistoryRow, RunRecord, RunStatus } from "./runRecord.ts";
import { OptimizerStep, type StepResult } from "./step.ts";

export interface LoopInput {
  readonly model: SequenceClassifier;
  readonly plan: Plan;
  readonly args: ResolvedArguments;
  readonly metric: ModelMetric;
  readonly train: EncodedDataset;
  readonly evaluation: EncodedDataset | undefined;
  /** What the record says of the two data sets. */
  readonly data: RunRecord["data"];
  /** Ends the run within one step. */
  readonly signal: AbortSignal;
  /** Called with the record, when the run has ended in whatever way. */
  readonly ended: (record: RunRecord) => void;
}

/** Trains a plan from its first stage to its last, and tells what happens as events. */
export class TrainingLoop {
  /** The last event is `end`; an abort throws the signal's reason. */
  readonly events: AsyncGenerator<TrainerEvent, void>;
  /** What has been written down of the run so far. */
  readonly recorder: RunRecorder;
  readonly #state: State;
  #isClosed = false;

  constructor(input: LoopInput) {
    const { model, plan, args, metric, train, evaluation, data } = input;
    const { limit: maxLength } = train;
    const optimizer = new AdamW({ beta1: args.adamBeta1, beta2: args.adamBeta2, epsilon: args.adamEpsilon });
    const budget = new CacheBudget({
      memory: cacheMemoryOf(args),
      disk: args.cacheDisk === undefined ? undefined : bytesOf(args.cacheDisk),
    });
    const rows = plan.stages.map(({ row }) => row);
    const used = { metric, maxLength, cacheMemory: budget.memory, cacheDisk: budget.disk };
    const notices = [...argumentNotices(args), ...cutNotices(data.train, data.evaluation, maxLength)];
    this.recorder = new RunRecorder({
      ...{ model, plan, optimizer, metric, data, notices },
      args: usedArguments(args, rows, used),
    });
    this.#state = {
      input,
      optimizer,
      run: this.recorder,
      trainCache: new PrefixCache(model, train.texts, budget, args.precision),
      evalCache: new PrefixCache(model, evaluation?.texts ?? [], budget, args.precision),
      kept: new KeptWeights(model, plan.trainable),
      microBatch: 0,
      step: undefined,
    };
    this.events = this.#run();
  }

  get isClosed(): boolean {
    return this.#isClosed;
  }

  /** Ends a run that did not end by itself, for this reason. What is left of it ends at its signal. */
  close(reason: unknown): void {
    this.#close(this.recorder.status("stopped", reason));
  }

  /** V8 may end this in its middle too, and then it is done again. */
  #close(status: RunStatus): RunRecord | undefined {
    if (this.#isClosed) return undefined;
    const { optimizer, trainCache, evalCache, input } = this.#state;
    try {
      const record = this.recorder.finish(status); // it looks into the optimizer
      input.ended(record);
      return record;
    } finally {
      this.#state.step?.dispose();
      optimizer.dispose();
      for (const cache of [trainCache, evalCache]) cache.dispose();
      this.#isClosed = true;
    }
  }

  async *#run(): AsyncGenerator<TrainerEvent, void> {
    const { signal } = this.#state.input;
    let status: RunStatus | undefined;
    try {
      yield* trainStages(this.#state);
      const run = this.#close({ state: "finished" });
      if (run !== undefined) yield { kind: "end", run };
    } catch (error) {
      status = this.recorder.status(signal.aborted ? "stopped" : "failed", error);
      throw error;
    } finally {
      this.#close(status ?? this.recorder.status("stopped", signal.reason));
    }
  }
}

/** Where a run stands; shared by the parts of the loop. */
interface State {
  readonly input: LoopInput;
  readonly optimizer: AdamW;
  readonly run: RunRecorder;
  readonly trainCache: PrefixCache;
  readonly evalCache: PrefixCache;
  /** Those of the best epoch. */
  readonly kept: KeptWeights;
  /** Micro-batches so far: no two of them share a dropout mask. */
  microBatch: number;
  /** The step that is being taken. */
  step: OptimizerStep | undefined;
}

async function* trainStages(state: State): AsyncGenerator<TrainerEvent> {
  const { run, input } = state;
  const { plan, args, metric } = input;
  yield {
    kind: "begin",
    stages: plan.stages.map(({ row }) => row),
    totalSteps: plan.steps,
    totalEpochs: plan.epochs,
    metric,
  };
  const ofArguments = argumentNotices(args); // of how it was trained, for the report
  for (const notice of run.notices) if (!ofArguments.includes(notice)) yield { kind: "notice", notice };
  for (const [index, stage] of plan.stages.entries()) yield* runStage(state, stage, index);
  run.during = "preparation";
  if (args.loadBestModelAtEnd && run.best !== undefined) {
    state.kept.restore();
    run.restored();
  }
  yield* notices(state, bestEpochNotices(run.history, metric, run.endedByPatience));
  if (run.labelNotice !== undefined) yield* notices(state, [run.labelNotice]);
  assertUnchanged(run.hashEnd(), "the run");
}

async function* runStage(state: State, stage: PlannedStage, index: number): AsyncGenerator<TrainerEvent> {
  const { run, input } = state;
  const { model, plan, args } = input;
  run.enterStage();
  run.during = "preparation";
  yield { kind: "stage", stage: index };
  for (const [name, parameter] of model.parameters) parameter.requiresGrad = stage.trainable.has(name);
  state.optimizer.keepOnly(stage.trainable);
  const frozenNow = [...plan.trainable].filter((name) => !stage.trainable.has(name));
  const before = fingerprint(model, frozenNow);
  if (stage.cut >= 0 && !args.frozenDropout) {
    const place = () => placeOf(state, stage, "the pass through the frozen layers");
    yield* within(place, fillCaches(state, reusableCuts(plan.stages, index)));
  }
  let isOver = false;
  for (let epoch = 0; epoch < stage.stage.epochs && !isOver; epoch++) {
    const row = yield* runEpoch(state, stage, index, epoch);
    const isBest = run.epochDone(row);
    if (isBest && args.loadBestModelAtEnd) state.kept.keep();
    yield { kind: "epoch", row };
    isOver = stage.stage.patience !== undefined && run.epochsSinceBest >= stage.stage.patience;
  }
  run.during = "preparation";
  assertUnchanged(changedNames(before, fingerprint(model, frozenNow)), `stage ${index}`);
  const useful = usefulCuts(plan.stages, index);
  for (const cache of [state.trainCache, state.evalCache]) cache.keepOnly(useful);
  const endedEarly = isOver && run.stageEpochs < stage.stage.epochs;
  yield { kind: "stageEnd", stage: index, outcome: run.endStage(endedEarly ? "patience" : "all epochs") };
}

/** One pass over both data sets through the frozen layers. */
async function* fillCaches(state: State, cuts: readonly number[]): AsyncGenerator<TrainerEvent> {
  const { train, evaluation, signal } = state.input;
  const started = performance.now();
  const total = train.texts.length + (evaluation?.texts.length ?? 0);
  state.run.during = "frozen layers";
  let isFilled = false;
  for await (const done of state.trainCache.fill(cuts, signal)) {
    isFilled = true;
    yield { kind: "prefix", done, total };
  }
  for await (const done of state.evalCache.fill(cuts, signal)) {
    yield { kind: "prefix", done: train.texts.length + done, total };
  }
  if (isFilled) state.run.passedFrozenLayers((performance.now() - started) / 1000);
  yield* notices(state, [...state.trainCache.notices, ...state.evalCache.notices]);
}

/** Each is told once. */
function* notices({ run }: State, sentences: readonly string[]): Generator<TrainerEvent> {
  for (const notice of sentences) {
    if (run.notices.includes(notice)) continue;
    run.notices.push(notice);
    yield { kind: "notice", notice };
  }
}

async function* runEpoch(
  state: State,
  stage: PlannedStage,
  index: number,
  epoch: number,
): AsyncGenerator<TrainerEvent, HistoryRow> {
  const { run, input } = state;
  const steps = epochSteps(input.train.texts, input.args, run.epochs);
  const schedule = scheduleOf(stage.lrSchedulerType, {
    numWarmupSteps: stage.warmupSteps,
    numTrainingSteps: stage.steps,
  });
  run.during = "training";
  const started = performance.now();
  let sum = 0;
  let gradNorm = 0;
  let factor = 0;
  for (const [i, microBatches] of steps.entries()) {
    factor = schedule(epoch * steps.length + i);
    const result = await runStep(state, stage, microBatches, factor);
    sum += result.loss;
    gradNorm = result.gradNorm;
    run.stepDone((i + 1) / steps.length);
    yield { kind: "step", step: run.step, epoch: run.epoch, loss: sum / (i + 1) };
    await breathe();
  }
  const epochSeconds = (performance.now() - started) / 1000;
  const { learningRate, headLearningRate } = stage.row;
  run.during = "evaluation";
  return {
    step: run.step,
    epoch: run.epochs + 1,
    stage: index,
    loss: sum / steps.length,
    ...(learningRate === undefined ? {} : { learningRate: learningRate * factor }),
    ...(headLearningRate === undefined ? {} : { headLearningRate: headLearningRate * factor }),
    gradNorm,
    epochSeconds,
    ...(yield* within(() => placeOf(state, stage, "the evaluation"), evaluateEpoch(state, stage))),
  };
}

/** One optimizer step, at the stage's learning rates times `factor`. An abort between micro-batches changes no weight. */
async function runStep(
  state: State,
  stage: PlannedStage,
  microBatches: readonly Uint32Array[],
  factor: number,
): Promise<StepResult> {
  const { model, args, signal } = state.input;
  const step = new OptimizerStep({
    model,
    optimizer: state.optimizer,
    texts: microBatches.reduce((sum, { length }) => sum + length, 0),
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
    return at(
      () =>
        placeOf(
          state,
          stage,
          microBatches.flatMap((rows) => [...rows]),
        ),
      () => section(() => step.finish()),
    );
  } finally {
    step.dispose();
    state.step = undefined;
  }
}

/** The step that is being made on these rows of the training data, or what is done outside of steps, for an error. */
function placeOf(state: State, stage: PlannedStage, place: ArrayLike<number> | string) {
  const { input } = state;
  const of = { stage: input.plan.stages.indexOf(stage), name: stage.row.name };
  if (typeof place === "string") return { ...of, what: `${place} after step ${state.run.step}` };
  return {
    ...of,
    what: `step ${state.run.step + 1}`,
    rows: Array.from(place, (i) => input.train.rows[i] as number),
    data: "training data",
  };
}

function addMicroBatch(state: State, stage: PlannedStage, step: OptimizerStep, indices: Uint32Array): void {
  const { args, train } = state.input;
  const fromCut = stage.cut >= 0 && !args.frozenDropout;
  const batch = PackedBatch.fromTexts(Array.from(indices, (text) => train.texts[text] as EncodedText));
  const rows = fromCut ? state.trainCache.rows(stage.cut, indices, batch) : undefined;
  try {
    const labels = labelsOf(train, indices);
    const dropoutRng = new DropoutRng(args.seed, state.microBatch);
    const { gradientCheckpointing, precision } = args;
    step.add({ batch, labels, cut: fromCut ? stage.cut : -1, rows, dropoutRng, gradientCheckpointing, precision });
    state.microBatch += 1;
  } finally {
    rows?.dispose();
    batch.dispose();
  }
}

async function* evaluateEpoch(
  state: State,
  stage: PlannedStage,
): AsyncGenerator<TrainerEvent, (EvaluateResult & { evalSeconds: number }) | undefined> {
  const { model, args, evaluation, signal } = state.input;
  if (evaluation === undefined) return undefined;
  const started = performance.now();
  const { texts, labels } = evaluation;
  const cached = state.evalCache.has(stage.cut) ? { cache: state.evalCache, cut: stage.cut } : undefined;
  const { perDeviceEvalBatchSize: batchSize, precision } = args;
  const computation = computeLogits({ model, texts, batchSize, cached, precision, signal });
  let next = await computation.next();
  while (!next.done) {
    yield { kind: "evaluate", done: next.value, total: texts.length };
    next = await computation.next();
  }
  const names = state.input.data.evaluation?.labels ?? [];
  const missed = neverPredicted(next.value, labels, names, model.problemType);
  state.run.evaluated(state.run.epochs + 1, missed);
  return {
    ...evaluateLogits(next.value, labels, model.problemType),
    evalSeconds: (performance.now() - started) / 1000,
  };
}
