/** The training loop: trains a model through the stages of a plan, yields events, and records the run. */
import { PrefixCache } from "../cache/prefixCache.ts";
import { CacheBudget, cacheMemoryOf } from "../cache/rowStore.ts";
import { ThawError } from "../errors.ts";
import type { EncodedDataset } from "../evaluate/encodedDataset.ts";
import type { SequenceClassifier } from "../models/sequenceClassifier.ts";
import { AdamW } from "../optim/adamW.ts";
import { bytesOf } from "../options.ts";
import type { ResolvedArguments } from "../plan/arguments.ts";
import type { Plan, PlannedStage } from "../plan/plan.ts";
import type { Metrics, ModelMetric } from "../task/metrics.ts";
import type { LossOptions } from "../task/task.ts";
import type { Tokenizer } from "../tokenizer/tokenizer.ts";
import type { Alarm } from "./alarms.ts";
import { AlarmWatch } from "./alarmWatch.ts";
import type { TrainerRequest } from "./callbacks.ts";
import { chanceLoss } from "./chanceLoss.ts";
import { takeSnapshot } from "./checkpoint.ts";
import { CheckpointWriter } from "./checkpoints.ts";
import { beginning, enterNextStage, placeOf, type RunState, runEpoch, within } from "./epoch.ts";
import type { TrainerEvent } from "./events.ts";
import { HashChain } from "./hashChain.ts";
import { HistoryFile } from "./historyFile.ts";
import { argumentNotices, bestEpochNotices, cutNotices } from "./notices.ts";
import { type ResumePoint, restoredOptimizer, restoreKept, restoreWeights } from "./restore.ts";
import { type HistoryRow, type RunRecord, type RunStatus, usedArguments } from "./runRecord.ts";
import { RunRecorder } from "./runRecorder.ts";
import { type EvidenceState, StageEvidenceCollector } from "./stageEvidence.ts";
import { assertUnchanged, KeptWeights } from "./weights.ts";

/** The inputs of a training loop. */
interface LoopInput {
  readonly model: SequenceClassifier;
  readonly plan: Plan;
  readonly args: ResolvedArguments;
  readonly metric: ModelMetric;
  /** Smoothing and weights of the labels in the loss. Default: neither. */
  readonly loss?: LossOptions;
  readonly train: EncodedDataset;
  readonly evaluation: EncodedDataset | undefined;
  /** Computes the user's own metrics from the logits of the validation data. Default: there are none. */
  readonly ownMetrics?: ((logits: readonly Float32Array[]) => Promise<Metrics>) | undefined;
  /** The facts about both data sets that the record keeps. */
  readonly data: RunRecord["data"];
  /** Alarms that hold before the first step. Default: none. */
  readonly alarms?: readonly Alarm[];
  /** Ends the run within one step. */
  readonly signal: AbortSignal;
  /** Called with the record when the run has ended for any reason. */
  readonly ended: (record: RunRecord) => void;
  /**
   * The inputs of checkpoints: the point from which the run goes on, and the tokenizer that each is saved with. Default: no
   * checkpoint is saved.
   */
  readonly checkpoints?: ResumePoint & { readonly tokenizer: Tokenizer };
  /** Called with each event before it is yielded; returns what it asks of the run. Default: none. */
  readonly callback?: (event: TrainerEvent) => Promise<readonly TrainerRequest[]>;
}

/** Trains all stages of a plan in order and yields events. */
export class TrainingLoop {
  /** The events of the run, `end` last; an abort throws the signal's reason. */
  readonly events: AsyncGenerator<TrainerEvent, void>;
  /** Recorder of the run so far. */
  readonly recorder: RunRecorder;
  readonly #input: LoopInput;
  readonly #state: RunState;
  readonly #writer: CheckpointWriter | undefined;
  readonly #history: HistoryFile | undefined;
  /** For each parameter that trains in any stage the index of the first. */
  readonly #firstStages: ReadonlyMap<string, number>;
  #interruptSave: Promise<string> | undefined;
  #isClosed = false;

  /** Restores the weights of the model if the run goes on from a checkpoint. */
  constructor(input: LoopInput) {
    const { model, plan, args, metric, loss = {}, train, evaluation, ownMetrics, data, signal, checkpoints } = input;
    const { resumed } = checkpoints ?? {};
    const { limit: maxLength } = train;
    const settings = { beta1: args.adamBeta1, beta2: args.adamBeta2, epsilon: args.adamEpsilon };
    const budget = new CacheBudget({
      memory: cacheMemoryOf(args),
      disk: args.cacheDisk === undefined ? undefined : bytesOf(args.cacheDisk),
    });
    const rows = plan.stages.map(({ row }) => row);
    const used = { metric, maxLength, cacheMemory: budget.memory, cacheDisk: budget.disk };
    const before = resumed?.checkpoint.state;
    if (resumed !== undefined) restoreWeights(resumed, model);
    const optimizer = resumed === undefined ? new AdamW(settings) : restoredOptimizer(resumed, model, settings);
    const notices = [...argumentNotices(args), ...cutNotices(data.train, data.evaluation, maxLength)];
    this.recorder = new RunRecorder(
      {
        ...{ model, plan, optimizer, metric, data, notices: [...notices, ...(checkpoints?.notices ?? [])] },
        args: usedArguments(args, rows, used),
      },
      before?.recorder,
    );
    this.#input = input;
    if (checkpoints !== undefined) {
      this.#writer = new CheckpointWriter(args.outputDir, args.saveTotalLimit, resumed?.checkpoint);
      if (savesWhenStopped(args)) this.#history = new HistoryFile(args.outputDir, this.recorder.history);
    }
    this.#firstStages = new Map(
      plan.stages.flatMap(({ trainable }, i) => [...trainable].map((name) => [name, i] as const)).reverse(),
    );
    const restoresStages = plan.stages.some(({ stage }) => stage.restoreBest);
    this.#state = {
      ...{ model, plan, args, metric, loss, train, evaluation, ownMetrics, signal, optimizer, recorder: this.recorder },
      chain: new HashChain(before?.chain),
      watch: new AlarmWatch(
        {
          stages: rows,
          chance: chanceLoss(train.labels, model.config.numLabels, data.train.problemType, loss),
          evaluation: data.evaluation?.sha256,
        },
        before?.watch,
      ),
      evidence: undefined,
      trainCache: new PrefixCache(model, train.texts, budget, args.precision),
      evalCache: new PrefixCache(model, evaluation?.texts ?? [], budget, args.precision),
      kept: args.loadBestModelAtEnd ? new KeptWeights(model, plan.trainable) : undefined,
      keptOfStage: restoresStages ? new KeptWeights(model, plan.trainable) : undefined,
      progress: before === undefined ? beginning() : { ...before.progress },
      requests: new Set(),
      log: (row) => this.#log(row),
      save: () => this.#save(),
      step: undefined,
      isTorn: false,
    };
    const { kept, keptOfStage } = this.#state;
    if (resumed !== undefined && kept !== undefined) restoreKept(resumed, "best", kept);
    if (resumed !== undefined && keptOfStage !== undefined) restoreKept(resumed, "bestOfStage", keptOfStage);
    this.events = this.#run();
  }

  /** Whether the run has ended and everything is freed. */
  get isClosed(): boolean {
    return this.#isClosed;
  }

  /** Waits for the checkpoint of a run that was stopped, if one is saved, and says where it is. */
  async tellInterruptSave(): Promise<void> {
    try {
      const folder = await this.#interruptSave;
      if (folder === undefined) return;
      console.info(`Stopped, and saved as ${folder}: train({ resumeFromCheckpoint: true }) goes on from there.`);
    } catch (error) {
      console.warn(`Stopped, but saving a checkpoint failed. ${error instanceof Error ? error.message : error}`);
    }
  }

  /** Ends an unfinished run for this reason. The rest of the loop ends at its signal. */
  close(reason: unknown): void {
    this.#close(this.recorder.status("stopped", reason));
  }

  /** Makes the record and frees everything. It can be repeated, because V8 may terminate it halfway. */
  #close(status: RunStatus): RunRecord | undefined {
    if (this.#isClosed) return undefined;
    const { step, optimizer, trainCache, evalCache, chain } = this.#state;
    try {
      this.recorder.linked(chain.state.links);
      if (status.state === "stopped") this.#saveInterrupted();
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

  /** Begins to save a checkpoint of a run that was stopped, unless there is one of this step already. */
  #saveInterrupted(): void {
    const { args, isTorn } = this.#state;
    if (!savesWhenStopped(args) || isTorn || this.#writer === undefined || this.#interruptSave !== undefined) return;
    this.#interruptSave = this.#checkpoint(this.#writer);
  }

  /** Saves the present point, unless that has been done; awaits nothing before it has the snapshot. */
  #checkpoint(writer: CheckpointWriter): Promise<string> {
    const { model, optimizer, recorder, chain, progress, kept, keptOfStage, watch, evidence } = this.#state;
    const { tokenizer, identity } = this.#input.checkpoints as Required<LoopInput>["checkpoints"];
    const saving = writer.savingOf(recorder.step);
    if (saving !== undefined) return saving;
    const snapshot = takeSnapshot({
      ...{ model, tokenizer, optimizer, recorder, chain, progress, kept, keptOfStage, identity, watch, evidence },
      firstStages: this.#firstStages,
      earlier: writer.saved,
    });
    return writer.save(snapshot);
  }

  /** Writes a row of the log to the output folder; a run goes on, with a notice, if that fails. */
  *#log(row: HistoryRow): Generator<TrainerEvent> {
    const failure = this.#history?.append(row);
    if (failure !== undefined) yield* this.#tell([failure]);
  }

  /** Saves a checkpoint of the present point; a run goes on, with a notice, if that fails. */
  async *#save(): AsyncGenerator<TrainerEvent> {
    const { step } = this.recorder;
    if (this.#writer === undefined) return;
    try {
      this.recorder.linked(this.#state.chain.state.links);
      const folder = await this.#checkpoint(this.#writer);
      yield { kind: "save", folder, step };
      yield* this.#tell(this.#writer.takeNotices());
    } catch (error) {
      if (!(error instanceof ThawError)) throw error;
      yield* this.#tell([`Saving a checkpoint after step ${step} failed; the training goes on. ${error.message}`]);
    }
  }

  async *#run(): AsyncGenerator<TrainerEvent, void> {
    const { signal, callback } = this.#input;
    const { requests } = this.#state;
    let status: RunStatus | undefined;
    try {
      for await (const event of this.#stages()) {
        for (const request of (await callback?.(event)) ?? []) requests.add(request);
        yield event;
      }
      const run = this.#close({ state: "finished" });
      if (run === undefined) return;
      await callback?.({ kind: "end", run });
      yield { kind: "end", run };
    } catch (error) {
      status = this.recorder.status(signal.aborted ? "stopped" : "failed", error);
      throw error;
    } finally {
      this.#close(status ?? this.recorder.status("stopped", signal.reason));
    }
  }

  async *#stages(): AsyncGenerator<TrainerEvent> {
    const { recorder } = this;
    const { plan, args, metric, checkpoints } = this.#input;
    const { progress, kept, chain } = this.#state;
    yield {
      kind: "begin",
      stages: plan.stages.map(({ row }) => row),
      totalSteps: plan.steps,
      totalEpochs: plan.epochs,
      metric,
    };
    if (checkpoints?.resumed !== undefined) {
      const { step, epoch, history } = recorder;
      const { folder } = checkpoints.resumed.checkpoint;
      const stageSteps = progress.hasBegun ? recorder.stageSteps : 0;
      yield { kind: "resume", folder, step, epoch, stage: progress.stage, stageSteps, history: [...history] };
    }
    const ofArguments = argumentNotices(args); // the report shows these beside the training arguments
    for (const notice of recorder.notices) if (!ofArguments.includes(notice)) yield { kind: "notice", notice };
    recorder.raise(this.#input.alarms ?? []);
    yield* recorder.tellAlarms();
    while (progress.stage < plan.stages.length && !progress.isStopped) {
      yield* this.#stage(plan.stages[progress.stage] as PlannedStage, progress.stage);
    }
    recorder.during = "preparation";
    if (kept !== undefined && recorder.best !== undefined) {
      kept.restore();
      recorder.restored(recorder.best);
    }
    recorder.linked(chain.state.links);
    yield* this.#tell(bestEpochNotices(recorder.history, metric, recorder.endedByPatience));
    recorder.raise([recorder.labelAlarm]);
    yield* recorder.tellAlarms();
    assertUnchanged(recorder.hashEnd(), "the run");
  }

  /** Trains a stage, or the rest of one; at its end the run is at the beginning of the next. */
  async *#stage(stage: PlannedStage, index: number): AsyncGenerator<TrainerEvent> {
    const { recorder } = this;
    const { model, plan, args, optimizer, trainCache, evalCache, progress, keptOfStage, watch } = this.#state;
    if (!progress.hasBegun) {
      recorder.enterStage();
      progress.hasBegun = true;
      watch.enterStage(index);
      optimizer.keepOnly(stage.stage.moments === "reset" ? new Set() : stage.trainable);
    }
    recorder.during = "preparation";
    yield { kind: "stage", stage: index };
    for (const [name, parameter] of model.parameters) parameter.requiresGrad = stage.trainable.has(name);
    optimizer.keepOnly(stage.trainable);
    const evidence = new StageEvidenceCollector({ model, optimizer, stage, index }, this.#evidenceOf(index));
    this.#state.evidence = evidence;
    const isOver = () => progress.epoch >= stage.row.epochs || progress.stageEnd !== null || progress.isStopped;
    if (stage.prefix !== undefined && !isOver()) {
      const place = () => placeOf(this.#state, stage, "the pass through the frozen layers");
      yield* within(place, this.#fillCaches(stage.prefix.wanted));
    }
    while (!isOver()) yield* runEpoch(this.#state, stage);
    recorder.during = "preparation";
    const shown = evidence.finish();
    for (const cache of [trainCache, evalCache]) cache.keepOnly(stage.prefix?.kept ?? []);
    const { bestOfStage } = recorder;
    const isLast = index === plan.stages.length - 1 || progress.isStopped; // no stage begins with these weights
    if (stage.stage.restoreBest && !isLast && bestOfStage !== undefined && bestOfStage.step < recorder.step) {
      keptOfStage?.restore();
      recorder.restored(bestOfStage);
      optimizer.keepOnly(new Set()); // the moments belong to the later weights
    }
    const ended =
      progress.stageEnd ?? (progress.isStopped && progress.epoch < stage.row.epochs ? "callback" : "all epochs");
    const outcome = recorder.endStage(ended, shown);
    this.#state.evidence = undefined;
    enterNextStage(progress);
    yield { kind: "stageEnd", stage: index, outcome };
    if (args.saveStrategy === "stage") yield* this.#save();
  }

  /** Returns what the checkpoint knows of the present stage, if the run goes on in it. */
  #evidenceOf(stage: number): EvidenceState | undefined {
    const before = this.#input.checkpoints?.resumed?.checkpoint.state;
    return before?.progress.stage === stage ? (before.evidence ?? undefined) : undefined;
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

/** Whether a run saves a checkpoint when it is stopped. */
export const savesWhenStopped = ({ saveOnInterrupt, saveStrategy }: ResolvedArguments): boolean =>
  saveOnInterrupt ?? saveStrategy !== "no";
