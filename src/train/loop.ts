/** The training loop: trains a model through the stages of a plan, yields events, and records the run. */
import { PrefixCache } from "../cache/prefixCache.ts";
import { CacheBudget, cacheMemoryOf } from "../cache/rowStore.ts";
import type { EncodedDataset } from "../evaluate/encodedDataset.ts";
import type { SequenceClassifier } from "../models/sequenceClassifier.ts";
import { AdamW } from "../optim/adamW.ts";
import { bytesOf } from "../options.ts";
import type { ResolvedArguments } from "../plan/arguments.ts";
import type { Plan, PlannedStage } from "../plan/plan.ts";
import type { ModelMetric } from "../task/metrics.ts";
import { placeOf, type RunState, runEpoch, within } from "./epoch.ts";
import type { TrainerEvent } from "./events.ts";
import { argumentNotices, bestEpochNotices, cutNotices } from "./notices.ts";
import { type RunRecord, type RunStatus, usedArguments } from "./runRecord.ts";
import { RunRecorder } from "./runRecorder.ts";
import { assertUnchanged, changedNames, fingerprint, KeptWeights } from "./weights.ts";

/** The inputs of a training loop. */
interface LoopInput {
  readonly model: SequenceClassifier;
  readonly plan: Plan;
  readonly args: ResolvedArguments;
  readonly metric: ModelMetric;
  readonly train: EncodedDataset;
  readonly evaluation: EncodedDataset | undefined;
  /** The facts about both data sets that the record keeps. */
  readonly data: RunRecord["data"];
  /** Ends the run within one step. */
  readonly signal: AbortSignal;
  /** Called with the record when the run has ended for any reason. */
  readonly ended: (record: RunRecord) => void;
}

/** Trains all stages of a plan in order and yields events. */
export class TrainingLoop {
  /** The events of the run, `end` last; an abort throws the signal's reason. */
  readonly events: AsyncGenerator<TrainerEvent, void>;
  /** Recorder of the run so far. */
  readonly recorder: RunRecorder;
  readonly #input: LoopInput;
  readonly #state: RunState;
  /** Copies of the weights of the best epoch. */
  readonly #kept: KeptWeights;
  #isClosed = false;

  constructor(input: LoopInput) {
    const { model, plan, args, metric, train, evaluation, data, signal } = input;
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
    this.#input = input;
    this.#state = {
      ...{ model, plan, args, train, evaluation, signal, optimizer, recorder: this.recorder },
      trainCache: new PrefixCache(model, train.texts, budget, args.precision),
      evalCache: new PrefixCache(model, evaluation?.texts ?? [], budget, args.precision),
      microBatch: 0,
      step: undefined,
    };
    this.#kept = new KeptWeights(model, plan.trainable);
    this.events = this.#run();
  }

  /** Whether the run has ended and everything is freed. */
  get isClosed(): boolean {
    return this.#isClosed;
  }

  /** Ends an unfinished run for this reason. The rest of the loop ends at its signal. */
  close(reason: unknown): void {
    this.#close(this.recorder.status("stopped", reason));
  }

  /** Makes the record and frees everything. It can be repeated, because V8 may terminate it halfway. */
  #close(status: RunStatus): RunRecord | undefined {
    if (this.#isClosed) return undefined;
    const { step, optimizer, trainCache, evalCache } = this.#state;
    try {
      const record = this.recorder.finish(status); // it looks into the optimizer
      this.#input.ended(record);
      return record;
    } finally {
      step?.dispose();
      optimizer.dispose();
      for (const cache of [trainCache, evalCache]) cache.dispose();
      this.#isClosed = true;
    }
  }

  async *#run(): AsyncGenerator<TrainerEvent, void> {
    const { signal } = this.#input;
    let status: RunStatus | undefined;
    try {
      yield* this.#stages();
      const run = this.#close({ state: "finished" });
      if (run !== undefined) yield { kind: "end", run };
    } catch (error) {
      status = this.recorder.status(signal.aborted ? "stopped" : "failed", error);
      throw error;
    } finally {
      this.#close(status ?? this.recorder.status("stopped", signal.reason));
    }
  }

  async *#stages(): AsyncGenerator<TrainerEvent> {
    const { recorder } = this;
    const { plan, args, metric } = this.#input;
    yield {
      kind: "begin",
      stages: plan.stages.map(({ row }) => row),
      totalSteps: plan.steps,
      totalEpochs: plan.epochs,
      metric,
    };
    const ofArguments = argumentNotices(args); // of how it was trained, for the report
    for (const notice of recorder.notices) if (!ofArguments.includes(notice)) yield { kind: "notice", notice };
    for (const [index, stage] of plan.stages.entries()) yield* this.#stage(stage, index);
    recorder.during = "preparation";
    if (args.loadBestModelAtEnd && recorder.best !== undefined) {
      this.#kept.restore();
      recorder.restored();
    }
    yield* this.#tell(bestEpochNotices(recorder.history, metric, recorder.endedByPatience));
    if (recorder.labelNotice !== undefined) yield* this.#tell([recorder.labelNotice]);
    assertUnchanged(recorder.hashEnd(), "the run");
  }

  async *#stage(stage: PlannedStage, index: number): AsyncGenerator<TrainerEvent> {
    const { recorder } = this;
    const { model, plan, args, optimizer, trainCache, evalCache } = this.#state;
    const { epochs, patience } = stage.stage;
    recorder.enterStage();
    recorder.during = "preparation";
    yield { kind: "stage", stage: index };
    for (const [name, parameter] of model.parameters) parameter.requiresGrad = stage.trainable.has(name);
    optimizer.keepOnly(stage.trainable);
    const frozenNow = [...plan.trainable].filter((name) => !stage.trainable.has(name));
    const before = fingerprint(model, frozenNow);
    if (stage.prefix !== undefined) {
      const place = () => placeOf(this.#state, stage, "the pass through the frozen layers");
      yield* within(place, this.#fillCaches(stage.prefix.wanted));
    }
    let isOver = false;
    for (let epoch = 0; epoch < epochs && !isOver; epoch++) {
      const row = yield* runEpoch(this.#state, stage, epoch);
      const isBest = recorder.epochDone(row);
      if (isBest && args.loadBestModelAtEnd) this.#kept.keep();
      yield { kind: "epoch", row };
      isOver = patience !== undefined && recorder.epochsSinceBest >= patience;
    }
    recorder.during = "preparation";
    assertUnchanged(changedNames(before, fingerprint(model, frozenNow)), `stage ${index}`);
    for (const cache of [trainCache, evalCache]) cache.keepOnly(stage.prefix?.kept ?? []);
    const endedEarly = isOver && recorder.stageEpochs < epochs;
    yield { kind: "stageEnd", stage: index, outcome: recorder.endStage(endedEarly ? "patience" : "all epochs") };
  }

  /** Runs both data sets through the frozen layers for the cuts that are not stored yet. */
  async *#fillCaches(cuts: readonly number[]): AsyncGenerator<TrainerEvent> {
    const { train, evaluation, signal, trainCache, evalCache } = this.#state;
    const started = performance.now();
    const total = train.texts.length + (evaluation?.texts.length ?? 0);
    this.recorder.during = "frozen layers";
    let isFilled = false;
    for await (const done of trainCache.fill(cuts, signal)) {
      isFilled = true;
      yield { kind: "prefix", done, total };
    }
    for await (const done of evalCache.fill(cuts, signal)) {
      yield { kind: "prefix", done: train.texts.length + done, total };
    }
    if (isFilled) this.recorder.passedFrozenLayers((performance.now() - started) / 1000);
    yield* this.#tell([...trainCache.notices, ...evalCache.notices]);
  }

  /** Yields and records each of these notices once. */
  *#tell(notices: readonly string[]): Generator<TrainerEvent> {
    for (const notice of notices) {
      if (this.recorder.notices.includes(notice)) continue;
      this.recorder.notices.push(notice);
      yield { kind: "notice", notice };
    }
  }
}
