/** Trains a classifier by a plan, evaluates it, predicts with it, and saves it with the record of its training. */
import { currentHost } from "../shared/host.ts";
import { TextDataset } from "./data/textDataset.ts";
import { type EmbeddingMap, type EmbeddingMapOptions, embeddingMap } from "./embeddingMap.ts";
import { ThawError } from "./errors.ts";
import { textLimit } from "./evaluate/encodedDataset.ts";
import { evaluateLogits, neverPredicted } from "./evaluate/evaluateLogits.ts";
import {
  checkTrainedOn,
  type Inputs,
  inputKind,
  inputsOf,
  logitsOf,
  predictionOf,
  shownAsTable,
} from "./evaluate/predictions.ts";
import { type ExplainOptions, explain } from "./explain.ts";
import type { SequenceClassifier } from "./models/sequenceClassifier.ts";
import { weightsBytes } from "./models/weightsContent.ts";
import { assertFiniteWeights } from "./optim/nonFinite.ts";
import { type ResolvedArguments, resolveArguments } from "./plan/arguments.ts";
import type { Plan } from "./plan/plan.ts";
import { checkTarget } from "./platform/saveFolder.ts";
import { EndSignals } from "./platform/signals.ts";
import { Run } from "./run.ts";
import { type Evaluation, evaluationOf } from "./show/evaluation.ts";
import type { Explanation } from "./show/explanation.ts";
import { LearningRates } from "./show/learningRates.ts";
import { LiveView } from "./show/liveView.ts";
import { RateTestView } from "./show/rateTestView.ts";
import type { Prediction } from "./task/task.ts";
import type { Tokenizer } from "./tokenizer/tokenizer.ts";
import { ActiveRun } from "./train/activeRun.ts";
import { alarmsBefore, neverPredictedAlarm } from "./train/alarms.ts";
import { callAll } from "./train/callbacks.ts";
import { checkDataset, checkSameLabels } from "./train/checkDataset.ts";
import type { TrainerEvent } from "./train/events.ts";
import { checkFindLearningRateOptions, type FindLearningRateOptions, RateTests } from "./train/findLearningRate.ts";
import { checkMemory, forecast, residentMemory, type StageForecast, withWhatFits } from "./train/forecast.ts";
import { savesWhenStopped, TrainingLoop } from "./train/loop.ts";
import { latestRecordOf } from "./train/modelPast.ts";
import { problemTypeNotice } from "./train/notices.ts";
import { type ResumePoint, resumePoint } from "./train/restore.ts";
import type { HistoryRow, RunRecord } from "./train/runRecord.ts";
import { recordFiles, type SaveModelOptions, saveModel } from "./train/saveModel.ts";
import {
  checkEvaluateOptions,
  checkPredictOptions,
  checkTrainerOptions,
  checkTrainOptions,
  type NoOptions,
  type PredictOptions,
  type TrainerOptions,
  type TrainOptions,
} from "./train/trainerOptions.ts";
import { TrainingSetup } from "./train/trainingSetup.ts";

/**
 * Trains a model stage by stage: `new Trainer({ model, tokenizer, args, trainDataset, evalDataset, stages })`. `plan()`
 * shows what a run will do, `train()` runs it, and `evaluate()` and `predict()` use the model.
 */
export class Trainer {
  /** The model that is trained, in place. */
  readonly model: SequenceClassifier;
  /** The tokenizer that belongs to the model. */
  readonly tokenizer: Tokenizer;
  /** The settings of the run, with defaults filled in. */
  readonly args: ResolvedArguments;
  readonly #options: TrainerOptions;
  readonly #setup: TrainingSetup;
  /** The loop of the latest run. */
  #loop: TrainingLoop | undefined;
  #active: ActiveRun<unknown> | undefined;
  /** The latest run, once it has ended. */
  #run: Run | undefined;

  /**
   * Checks everything that can be checked before training: arguments, data, labels, the plan against the model, and
   * `outputDir`. Errors: `BAD_ARGUMENT`, `BAD_DATA`, `BAD_STAGE`, `BAD_SELECTION`, `FROZEN_RANDOM_HEAD`,
   * `PRECISION_UNSUPPORTED`.
   */
  constructor(options: TrainerOptions) {
    checkTrainerOptions(options);
    const { model, tokenizer, trainDataset, evalDataset } = options;
    const { outputDir } = options.args ?? {};
    if (outputDir !== undefined) checkTarget(outputDir, { bytes: weightsBytes(model), what: "outputDir" });
    this.model = model;
    this.tokenizer = tokenizer;
    this.args = resolveArguments(options.args);
    model.checkPrecision(this.args.precision);
    this.#options = options;
    this.#setup = new TrainingSetup(options, this.args);
    checkDataset(trainDataset, "training data", model);
    if (evalDataset !== undefined) this.#checkEvaluated(evalDataset, "validation data");
    this.#setup.metric();
    this.#setup.loss();
    this.#setup.plan();
    const isKnown = model.problemType !== undefined;
    const notice = problemTypeNotice(model.decideProblemType(trainDataset.problemType));
    if (!isKnown && notice !== undefined) console.info(notice);
  }

  /**
   * Returns the plan of `train`: stages, trainable parameters, learning rates, steps, and predicted cost, time
   * (seconds) and memory (bytes). The first call encodes the data and measures the speed of this machine for a few
   * tenths of a second.
   */
  plan(): Plan {
    const input = this.#setup.forecastInput();
    return withForecast(input.plan, forecast(input));
  }

  /**
   * Runs the plan and shows its progress. In a notebook the Stop button ends the run within one step and keeps every
   * variable; elsewhere `signal` does. After that, `trainer.run` is the run up to that step, and the model has the
   * weights of that step. With `resumeFromCheckpoint` it goes on with an earlier run, bit for bit as if that had not been
   * interrupted. Errors: `IN_TRAINING`, `NON_FINITE`, `OUT_OF_MEMORY`, `MAX_MEMORY`, `FROZEN_CHANGED`,
   * `OPTIMIZER_MISMATCH`, `CACHE_LOST`, `BAD_TEXT`, `CHECKPOINT_DAMAGED`, `CHECKPOINT_MISMATCH`.
   */
  async train(options: TrainOptions = {}): Promise<Run> {
    checkTrainOptions(options, "train");
    const view = this.args.disableTqdm ? undefined : new LiveView();
    try {
      for await (const event of this.events(options)) view?.show(event);
    } catch (error) {
      view?.close(this.#run?.status);
      throw error;
    }
    return this.#run as Run;
  }

  /**
   * Runs the plan as an iterator of events, for custom views and loops; nothing is shown. A run that is not iterated
   * further ends by `signal`, by the Stop button, or when the next run of its model begins. Errors: as `train`.
   */
  events(options: TrainOptions = {}): AsyncGenerator<TrainerEvent, void> {
    checkTrainOptions(options, "events");
    return this.#events(options);
  }

  /**
   * Tests for each stage of the plan, and for head and encoder layers apart, at which learning rate the loss falls: the
   * rate rises geometrically over `numSteps` optimizer steps on the batches of the stage (Smith 2015, arXiv:1506.01186),
   * from the weights that the model has now. The layers are frozen while the head is tested; the head trains at its
   * planned rate while the layers are. The value shows itself as a figure and has the stages with the suggested rates.
   * Weights, marks and records are as before afterwards, bit for bit, also after a Stop. Errors: `BAD_ARGUMENT`, `BAD_STAGE`, `IN_TRAINING`, `NON_FINITE`, `OUT_OF_MEMORY`, `MAX_MEMORY`,
   * `BAD_TEXT`.
   */
  async findLearningRate(options: FindLearningRateOptions = {}): Promise<LearningRates> {
    checkFindLearningRateOptions(options);
    const { model, args } = this;
    let tests: RateTests | undefined;
    const run = await ActiveRun.begin(model, options.signal, (signal) => {
      assertFiniteWeights(model);
      const input = this.#setup.forecastInput();
      const resident = residentMemory();
      checkMemory(input, forecast(input, resident), resident);
      const { train } = this.#setup.encoded();
      tests = new RateTests({ model, args, plan: input.plan, train, loss: this.#setup.loss(), options, signal });
      return tests;
    });
    this.#active = run;
    const { stages, curves } = tests as RateTests;
    const view = args.disableTqdm ? undefined : new RateTestView();
    let found: LearningRates | undefined;
    try {
      for (let next = await run.next(); next.done !== true; next = await run.next()) view?.show(next.value);
      found = new LearningRates(curves, stages);
      return found;
    } catch (error) {
      throw withWhatFits(error, () => this.#setup.forecastInput());
    } finally {
      run.end(new Error("Nobody asked for its further events."));
      view?.close(found);
    }
  }

  /** The log of the latest run so far, also of a stopped one: one row per epoch. */
  get history(): readonly HistoryRow[] {
    return this.#loop?.recorder.history ?? [];
  }

  /**
   * The latest run: finished, stopped or failed, or the record so far of one still running (reading it hashes all
   * weights). Undefined before the first run.
   */
  get run(): Run | undefined {
    this.#active?.settle();
    const loop = this.#loop;
    if (loop === undefined || loop.isClosed) return this.#run;
    return new Run(loop.recorder.record(loop.recorder.status("running")));
  }

  /**
   * Computes the loss and the metrics of the problem type on a data set, with what shows where the model is wrong: scores of
   * each label, confusions, calibration, the surest errors, slices. Default: the validation data. Prints a notice about
   * labels of the examples that the model never predicts. There are no options. Errors: `BAD_ARGUMENT`, `BAD_DATA`.
   */
  async evaluate(
    dataset: TextDataset | undefined = this.#options.evalDataset,
    options: NoOptions = {},
  ): Promise<Evaluation> {
    checkEvaluateOptions(options);
    if (dataset === undefined) {
      throw new ThawError("BAD_ARGUMENT", "There is nothing to evaluate on: pass a data set, or give evalDataset.");
    }
    if (!(dataset instanceof TextDataset)) {
      throw new ThawError(
        "BAD_ARGUMENT",
        "evaluate takes one data set, as TextDataset.fromCsv and split give it, and no options: evaluate(test).",
      );
    }
    this.#checkEvaluated(dataset, "data to evaluate on");
    const { problemType } = this.model;
    const logits = await this.#logits(inputsOf(dataset));
    const labels = dataset.batchLabels();
    const missed = neverPredicted(logits, labels, dataset.labelNames, problemType);
    if (missed !== undefined) console.info(neverPredictedAlarm(missed, dataset.name).sentence);
    const metrics = evaluateLogits(logits, labels, problemType, this.#setup.loss());
    const own = await this.#setup.ownMetrics.of(dataset, logits);
    return evaluationOf({ metrics: { ...metrics, ...own }, dataset, logits, id2label: this.model.config.id2label });
  }

  /**
   * Predicts texts or a data set, labelled or not: the label of each example with its probability, all its labels above
   * the threshold, or, for a regression, its numbers. Errors: `BAD_ARGUMENT`, `BAD_TEXT` (also for single texts if the
   * training data is pairs).
   */
  async predict(
    examples: readonly string[] | TextDataset,
    options: PredictOptions = {},
  ): Promise<readonly Prediction[]> {
    checkPredictOptions(options);
    const { textPair, threshold = 0.5, topK } = options;
    const inputs = inputsOf(examples, textPair);
    checkTrainedOn(inputKind(this.#options.trainDataset), inputs);
    const { config, problemType } = this.model;
    const logits = await this.#logits(inputs);
    const predictions = logits.map((row) => predictionOf(row, config, problemType, { threshold, topK }));
    return shownAsTable(predictions, predictions, inputs, config.id2label);
  }

  /**
   * Explains what each token of a text, or of a pair with `textPair`, does for the logit of a label, as `explain` does.
   * Default of `maxLength`: that of the training arguments. Errors: those of `explain`.
   */
  async explain(text: string, options: ExplainOptions = {}): Promise<Explanation> {
    const { maxLength } = this.args;
    const textPairs = options.textPair === undefined ? undefined : [options.textPair];
    checkTrainedOn(inputKind(this.#options.trainDataset), { texts: [text], textPairs });
    return explain(text, { maxLength, ...options, model: this.model, tokenizer: this.tokenizer });
  }

  /**
   * Maps the examples of a data set (default: the validation data) by their hidden states after a layer, as
   * `embeddingMap` does. Default of `maxLength`: that of the training arguments. Errors: those of `embeddingMap`.
   */
  async embeddingMap(
    dataset: TextDataset | undefined = this.#options.evalDataset,
    options: EmbeddingMapOptions = {},
  ): Promise<EmbeddingMap> {
    if (dataset === undefined) {
      throw new ThawError("BAD_ARGUMENT", "There is nothing to map: pass a data set, or give evalDataset.");
    }
    const { maxLength } = this.args;
    return embeddingMap(dataset, { maxLength, ...options, model: this.model, tokenizer: this.tokenizer });
  }

  /**
   * Writes a folder that `AutoModelForSequenceClassification.from_pretrained` of either language loads, whole or not at
   * all (docs/saving.md), with the record of the latest run of the model. The record states whether the weights were
   * changed after that run. Default: `args.outputDir`. The Stop button ends it with nothing changed; elsewhere `signal`
   * does. Errors: `BAD_ARGUMENT`, `WRITE_FAILED`, `UNFINISHED_SAVE`.
   */
  async saveModel(folder: string = this.args.outputDir, options: SaveModelOptions = {}): Promise<void> {
    checkTarget(folder);
    this.model.textLimit = textLimit(this.tokenizer, this.model, this.args.maxLength);
    const records = this.#recordsToTell();
    await saveModel(folder, this.model, this.tokenizer, (sha256) => recordFiles(records, sha256), options);
  }

  [Symbol.for("nodejs.util.inspect.custom")](): string {
    const { trainDataset, evalDataset } = this.#options;
    const evaluated = evalDataset === undefined ? "none" : evalDataset.length;
    return (
      `Trainer of the model ${this.model.config.modelType}; texts: ${trainDataset.length} for training, ${evaluated} for ` +
      "validation. plan() says what it will do, train() does it."
    );
  }

  async *#events({ signal, resumeFromCheckpoint = false }: TrainOptions): AsyncGenerator<TrainerEvent, void> {
    const { args, model } = this;
    const { evalDataset } = this.#options;
    if (evalDataset !== undefined && this.#setup.ownMetrics.areThere) {
      await this.#setup.ownMetrics.tryOn(evalDataset, model.config.numLabels, this.#setup.metric());
    }
    const resume =
      resumeFromCheckpoint === false
        ? undefined
        : await resumePoint(resumeFromCheckpoint, args.outputDir, this.#setup.identity(), model);
    const byProcess = new AbortController();
    const ends = savesWhenStopped(args) && currentHost() === undefined;
    const endSignals = ends
      ? new EndSignals((name) => byProcess.abort(new Error(`The process received ${name}.`)))
      : undefined;
    const given = AbortSignal.any([byProcess.signal, ...(signal === undefined ? [] : [signal])]);
    try {
      const run = await ActiveRun.begin(model, given, (stop) => this.#begin(stop, resume));
      this.#active = run;
      try {
        for (let next = await run.next(); next.done !== true; next = await run.next()) yield next.value;
      } catch (error) {
        throw withWhatFits(error, () => this.#setup.forecastInput());
      } finally {
        run.end(new Error("Nobody asked for its further events."));
        await this.#loop?.tellInterruptSave();
      }
    } finally {
      endSignals?.release();
    }
  }

  /** Repeats the checks whose result may have changed since the trainer was made, and begins a run or goes on with one. */
  #begin(signal: AbortSignal, resume: ResumePoint | undefined): TrainingLoop {
    const { model, args, tokenizer } = this;
    const { trainDataset, evalDataset, callbacks = [] } = this.#options;
    assertFiniteWeights(model);
    const input = this.#setup.forecastInput();
    const resident = residentMemory();
    const forecasts = forecast(input, resident);
    checkMemory(input, forecasts, resident);
    const { train, evaluation } = this.#setup.encoded();
    this.#run = undefined;
    model.textLimit = train.limit;
    model.recordTraining(this.#setup.trainingRecord);
    const { plan } = input;
    const [metric, data] = [this.#setup.metric(), this.#setup.dataRecords()];
    this.#loop = new TrainingLoop({
      ...{ model, args, signal, train, evaluation, metric, data },
      plan: withForecast(plan, forecasts),
      loss: this.#setup.loss(),
      ownMetrics: evalDataset && ((logits) => this.#setup.ownMetrics.of(evalDataset, logits)),
      alarms: alarmsBefore({
        ...{ model, plan, metric, data, trainDataset, evalDataset, maxLength: train.limit },
        isWeighted: args.classWeights !== undefined,
      }),
      checkpoints: { tokenizer, ...(resume ?? { identity: this.#setup.identity(), resumed: undefined, notices: [] }) },
      callback: (event) => callAll(callbacks, event),
      ended: (record) => {
        this.#run = new Run(record);
      },
    });
    return this.#loop;
  }

  #checkEvaluated(dataset: TextDataset, role: string): void {
    checkDataset(dataset, role, this.model);
    checkSameLabels(dataset, role, this.#options.trainDataset);
  }

  #logits(inputs: Inputs): Promise<readonly Float32Array[]> {
    const { perDeviceEvalBatchSize: batchSize, precision, maxLength } = this.args;
    return logitsOf(this.model, this.tokenizer, inputs, { batchSize, precision, maxLength });
  }

  /** Returns the records of this trainer's run and of the latest run of the model by any trainer, the newest last. */
  #recordsToTell(): RunRecord[] {
    const own = this.run?.record;
    const latest = own?.status.state === "running" ? undefined : latestRecordOf(this.model);
    return [own, latest].filter((record) => record !== undefined);
  }
}

function withForecast(plan: Plan, forecasts: readonly StageForecast[]): Plan {
  return plan.withForecast(
    forecasts.map(({ seconds, memory }) => ({ predictedSeconds: seconds, predictedMemory: memory })),
  );
}
