/** The training loop: stages, epochs, steps. It tells what happens as events, and does nothing else with them. */
import { ThawError } from "../errors.ts";
import type { TrainerEvent } from "../history/events.ts";
import type { HistoryRow, RunRecord } from "../history/history.ts";
import type { EncodedText } from "../models/packedBatch.ts";
import { PackedBatch } from "../models/packedBatch.ts";
import type { SequenceClassifier } from "../models/sequenceClassifier.ts";
import { DropoutStream } from "../nn/dropout.ts";
import { AdamW } from "../optim/adamW.ts";
import { reusableCuts, usefulCuts } from "../plan/cost.ts";
import type { Plan, PlannedStage } from "../plan/plan.ts";
import { sizeOf } from "../plan/plan.ts";
import { scheduleOf } from "../schedule/schedule.ts";
import type { ResolvedArguments } from "./arguments.ts";
import { BestEpoch } from "./bestEpoch.ts";
import { breathe } from "./breathe.ts";
import { CacheBudget, cacheMemoryOf } from "./cacheBudget.ts";
import { computeLogits } from "./computeLogits.ts";
import { type EncodedDataset, labelsOf } from "./encodedDataset.ts";
import { epochSteps } from "./epochSteps.ts";
import { type EvaluateResult, evaluateLogits } from "./evaluateLogits.ts";
import { assertUnchanged, changedNames, evidenceOf, fingerprint } from "./fingerprint.ts";
import { bytesOf } from "./memorySize.ts";
import { modelMetric } from "./modelMetric.ts";
import { assertFiniteWeights, at, within } from "./nonFinite.ts";
import { argumentNotices, bestEpochNotices } from "./notices.ts";
import { PrefixCache } from "./prefixCache.ts";
import { StageClock } from "./stageClock.ts";
import { OptimizerStep, type StepResult } from "./step.ts";

export interface LoopInput {
  readonly model: SequenceClassifier;
  readonly plan: Plan;
  readonly args: ResolvedArguments;
  readonly train: EncodedDataset;
  readonly evaluation: EncodedDataset | undefined;
  readonly signal: AbortSignal | undefined;
}

/** Where a run stands; shared by the parts of the loop. */
interface State {
  readonly input: LoopInput;
  readonly optimizer: AdamW;
  readonly trainCache: PrefixCache;
  readonly evalCache: PrefixCache;
  readonly best: BestEpoch;
  readonly clocks: StageClock[];
  readonly history: HistoryRow[];
  /** Sentences for the run's report. */
  readonly notices: string[];
  /** Done so far, over the whole run. */
  step: number;
  /** Micro-batches: no two of them share a dropout mask. */
  microBatch: number;
  epoch: number;
}

/** Models that a loop is working on. */
const inTraining = new WeakSet<SequenceClassifier>();

/** Trains the plan from its first stage to its last. The last event is `end`; an abort throws the signal's reason. */
export async function* trainingLoop(input: LoopInput): AsyncGenerator<TrainerEvent> {
  const { model, plan, args, train, evaluation } = input;
  if (inTraining.has(model)) {
    throw new ThawError(
      "IN_TRAINING",
      "This model is being trained already, by a run that has not ended: two at once would mix their steps. " +
        "Wait for the first (await trainer.train()), or stop it.",
    );
  }
  assertFiniteWeights(model);
  inTraining.add(model);
  const started = performance.now();
  const metric = modelMetric(args, model.problemType ?? "single_label_classification");
  const optimizer = new AdamW({ beta1: args.adamBeta1, beta2: args.adamBeta2, epsilon: args.adamEpsilon });
  const budget = new CacheBudget({
    memory: cacheMemoryOf(args),
    disk: args.cacheDisk === undefined ? undefined : bytesOf(args.cacheDisk),
  });
  const state: State = {
    input,
    optimizer,
    trainCache: new PrefixCache(model, train.texts, budget, args.precision),
    evalCache: new PrefixCache(model, evaluation?.texts ?? [], budget, args.precision),
    best: new BestEpoch(model, plan.trainable, metric),
    clocks: plan.stages.map((stage) => new StageClock(stage.row, metric)),
    history: [],
    notices: argumentNotices(args),
    step: 0,
    microBatch: 0,
    epoch: 0,
  };
  try {
    yield {
      kind: "begin",
      stages: plan.stages.map(({ row }) => row),
      totalSteps: plan.steps,
      totalEpochs: plan.epochs,
      metric,
    };
    const alwaysFrozen = [...model.parameters.keys()].filter((name) => !plan.trainable.has(name));
    const before = fingerprint(model, alwaysFrozen);
    for (const [index, stage] of plan.stages.entries()) yield* runStage(state, stage, index);
    if (args.loadBestModelAtEnd) state.best.restore();
    const evidence = evidenceOf(model, before, fingerprint(model, alwaysFrozen), optimizer);
    assertUnchanged(evidence.changed, "the run");
    const best = args.loadBestModelAtEnd ? state.best.epoch : undefined;
    if (best !== undefined) yield* notices(state, bestEpochNotices(state.history, metric));
    const run: RunRecord = {
      history: state.history,
      stages: state.clocks.map((clock) => clock.record()),
      totalParameters: plan.totalParameters,
      trainableParameters: sizeOf(plan.trainable, model),
      seconds: (performance.now() - started) / 1000,
      seed: args.seed,
      evidence,
      notices: state.notices,
      metric,
      ...(best === undefined ? {} : { best }),
    };
    yield { kind: "end", run };
  } finally {
    optimizer.dispose();
    for (const cache of [state.trainCache, state.evalCache]) cache.dispose();
    inTraining.delete(model);
  }
}

async function* runStage(state: State, stage: PlannedStage, index: number): AsyncGenerator<TrainerEvent> {
  const { model, plan, args } = state.input;
  const clock = state.clocks[index] as StageClock;
  yield { kind: "stage", stage: index };
  clock.start();
  for (const [name, parameter] of model.parameters) parameter.requiresGrad = stage.trainable.has(name);
  state.optimizer.keepOnly(stage.trainable);
  const frozenNow = [...plan.trainable].filter((name) => !stage.trainable.has(name));
  const before = fingerprint(model, frozenNow);
  if (stage.cut >= 0 && !args.frozenDropout) {
    const place = () => placeOf(state, stage, "the pass through the frozen layers");
    yield* within(place, fillCaches(state, reusableCuts(plan.stages, index)));
  }
  let sinceBest = 0;
  for (let epoch = 0; epoch < stage.stage.epochs; epoch++) {
    const row = yield* runEpoch(state, stage, index, epoch);
    state.history.push(row);
    if (row.evalLoss !== undefined) {
      sinceBest = clock.evaluated(row) ? 0 : sinceBest + 1;
      if (args.loadBestModelAtEnd) state.best.offer(row);
    }
    clock.epochDone();
    yield { kind: "epoch", row };
    if (stage.stage.patience !== undefined && sinceBest >= stage.stage.patience) break;
  }
  assertUnchanged(changedNames(before, fingerprint(model, frozenNow)), `stage ${index}`);
  const useful = usefulCuts(plan.stages, index);
  for (const cache of [state.trainCache, state.evalCache]) cache.keepOnly(useful);
  clock.stop();
}

/** One pass over both data sets through the frozen layers. */
async function* fillCaches(state: State, cuts: readonly number[]): AsyncGenerator<TrainerEvent> {
  const { train, evaluation, signal } = state.input;
  const total = train.texts.length + (evaluation?.texts.length ?? 0);
  for await (const done of state.trainCache.fill(cuts, signal)) yield { kind: "prefix", done, total };
  for await (const done of state.evalCache.fill(cuts, signal)) {
    yield { kind: "prefix", done: train.texts.length + done, total };
  }
  yield* notices(state, [...state.trainCache.notices, ...state.evalCache.notices]);
}

/** Each is told once. */
function* notices(state: State, sentences: readonly string[]): Generator<TrainerEvent> {
  for (const notice of sentences) {
    if (state.notices.includes(notice)) continue;
    state.notices.push(notice);
    yield { kind: "notice", notice };
  }
}

async function* runEpoch(
  state: State,
  stage: PlannedStage,
  index: number,
  epoch: number,
): AsyncGenerator<TrainerEvent, HistoryRow> {
  const { args, train } = state.input;
  const steps = epochSteps(train.texts, args, state.epoch);
  const schedule = scheduleOf(stage.lrSchedulerType, {
    numWarmupSteps: stage.warmupSteps,
    numTrainingSteps: stage.steps,
  });
  const started = performance.now();
  let sum = 0;
  let gradNorm = 0;
  let factor = 0;
  for (const [i, microBatches] of steps.entries()) {
    factor = schedule(epoch * steps.length + i);
    const result = await runStep(state, stage, microBatches, factor);
    sum += result.loss;
    gradNorm = result.gradNorm;
    state.step += 1;
    yield { kind: "step", step: state.step, epoch: state.epoch + (i + 1) / steps.length, loss: sum / (i + 1) };
    await breathe();
  }
  const epochSeconds = (performance.now() - started) / 1000;
  state.epoch += 1;
  const { learningRate, headLearningRate } = stage.row;
  return {
    step: state.step,
    epoch: state.epoch,
    stage: index,
    loss: sum / steps.length,
    learningRate: (learningRate ?? headLearningRate ?? 0) * factor,
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
  try {
    for (const [i, indices] of microBatches.entries()) {
      if (i > 0) await breathe();
      signal?.throwIfAborted();
      at(
        () => placeOf(state, stage, indices),
        () => addMicroBatch(state, stage, step, indices),
      );
    }
    return at(
      () =>
        placeOf(
          state,
          stage,
          microBatches.flatMap((rows) => [...rows]),
        ),
      () => step.finish(),
    );
  } finally {
    step.dispose();
  }
}

/** The step that is being made on these rows of the training data, or what is done outside of steps, for an error. */
function placeOf(state: State, stage: PlannedStage, place: ArrayLike<number> | string) {
  const of = { stage: state.input.plan.stages.indexOf(stage), name: stage.row.name };
  if (typeof place === "string") return { ...of, what: `${place} after step ${state.step}` };
  return { ...of, what: `step ${state.step + 1}`, rows: place, data: "training data" };
}

function addMicroBatch(state: State, stage: PlannedStage, step: OptimizerStep, indices: Uint32Array): void {
  const { args, train } = state.input;
  const fromCut = stage.cut >= 0 && !args.frozenDropout;
  const batch = PackedBatch.fromTexts(Array.from(indices, (text) => train.texts[text] as EncodedText));
  const rows = fromCut ? state.trainCache.rows(stage.cut, indices, batch) : undefined;
  try {
    const labels = labelsOf(train, indices);
    const stream = new DropoutStream(args.seed, state.microBatch);
    const { gradientCheckpointing, precision } = args;
    step.add({ batch, labels, cut: fromCut ? stage.cut : -1, rows, stream, gradientCheckpointing, precision });
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
  return {
    ...evaluateLogits(next.value, labels, model.problemType),
    evalSeconds: (performance.now() - started) / 1000,
  };
}
