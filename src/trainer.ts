/** Trains a classifier by a plan, evaluates it, predicts with it, and saves it with the record of its training. */
import { TextDataset } from "./data/textDataset.ts";
import { ThawError } from "./errors.ts";
import { type EncodedDataset, encodeDataset, textLimit } from "./evaluate/encodedDataset.ts";
import { type EvaluateResult, evaluateLogits, neverPredicted } from "./evaluate/evaluateLogits.ts";
import {
  checkTrainedOn,
  type Inputs,
  inputKind,
  inputsOf,
  logitsOf,
  type Prediction,
  predictionOf,
  shownAsTable,
} from "./evaluate/predictions.ts";
import type { SequenceClassifier } from "./models/sequenceClassifier.ts";
import { weightsBytes } from "./models/weightsContent.ts";
import { assertFiniteWeights } from "./optim/nonFinite.ts";
import { type ResolvedArguments, resolveArguments } from "./plan/arguments.ts";
import { makePlan, type Plan } from "./plan/plan.ts";
import type { Stage } from "./plan/stage.ts";
import { checkTarget } from "./platform/saveFolder.ts";
import { Run } from "./run.ts";
import { LiveView } from "./show/liveView.ts";
import type { ModelMetric } from "./task/metrics.ts";
import { modelMetric } from "./task/taskOf.ts";
import type { Tokenizer } from "./tokenizer/tokenizer.ts";
import { ActiveRun } from "./train/activeRun.ts";
import { checkDataset, checkSameLabels } from "./train/checkDataset.ts";
import type { TrainerEvent } from "./train/events.ts";
import {
  checkMemory,
  type ForecastInput,
  forecast,
  residentMemory,
  type StageForecast,
  withWhatFits,
} from "./train/forecast.ts";
import { TrainingLoop } from "./train/loop.ts";
import { neverPredictedNotice, problemTypeNotice } from "./train/notices.ts";
import { dataRecord, type HistoryRow, type RunRecord } from "./train/runRecord.ts";
import { latestRecordOf } from "./train/runRecorder.ts";
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

/** Both data sets as token ids. */
interface EncodedData {
  readonly train: EncodedDataset;
  readonly evaluation: EncodedDataset | undefined;
}

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
  /** The encoded data sets, made at first use. */
  #data: EncodedData | undefined;
  /** The loop of the latest run. */
  #loop: TrainingLoop | undefined;
  #active: ActiveRun | undefined;
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
    checkDataset(trainDataset, "training data", model);
    if (evalDataset !== undefined) this.#checkEvaluated(evalDataset, "validation data");
    this.#metric();
    this.#checkedPlan();
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
    const input = this.#forecastInput();
    return withForecast(input.plan, forecast(input));
  }

  /**
   * Runs the plan and shows its progress. In a notebook the Stop button ends the run within one step and keeps every
   * variable; elsewhere `signal` does. After that, `trainer.run` is the run up to that step, and the model has the
   * weights of that step. Errors: `IN_TRAINING`, `NON_FINITE`, `OUT_OF_MEMORY`, `MAX_MEMORY`, `FROZEN_CHANGED`,
   * `CACHE_LOST`, `BAD_TEXT`.
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
    return this.#events(options.signal);
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
   * Computes the loss and the metrics of the problem type on a data set. Default: the validation data. Prints a notice
   * about labels of the examples that the model never predicts. There are no options. Errors: `BAD_ARGUMENT`,
   * `BAD_DATA`.
   */
  async evaluate(
    dataset: TextDataset | undefined = this.#options.evalDataset,
    options: NoOptions = {},
  ): Promise<EvaluateResult> {
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
    if (missed !== undefined) console.info(neverPredictedNotice(missed, dataset.name));
    return evaluateLogits(logits, labels, problemType);
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

  async *#events(signal: AbortSignal | undefined): AsyncGenerator<TrainerEvent, void> {
    const run = await ActiveRun.begin(this.model, signal, (stop) => this.#begin(stop));
    this.#active = run;
    try {
      for (let next = await run.next(); next.done !== true; next = await run.next()) yield next.value;
    } catch (error) {
      throw withWhatFits(error, () => this.#forecastInput());
    } finally {
      run.end(new Error("Nobody asked for its further events."));
    }
  }

  /** Repeats the checks whose result may have changed since the trainer was made, and begins a run. */
  #begin(signal: AbortSignal): TrainingLoop {
    const { model, args } = this;
    const { trainDataset, evalDataset } = this.#options;
    assertFiniteWeights(model);
    const input = this.#forecastInput();
    const resident = residentMemory();
    const forecasts = forecast(input, resident);
    checkMemory(input, forecasts, resident);
    const { train, evaluation } = this.#encoded();
    this.#run = undefined;
    model.textLimit = train.limit;
    model.recordTraining({ labelNames: trainDataset.labelNames, trainedOn: inputKind(trainDataset) });
    this.#loop = new TrainingLoop({
      ...{ model, args, signal, train, evaluation },
      plan: withForecast(input.plan, forecasts),
      metric: this.#metric(),
      data: {
        train: dataRecord(trainDataset, train),
        ...(evalDataset === undefined || evaluation === undefined
          ? {}
          : { evaluation: dataRecord(evalDataset, evaluation) }),
      },
      ended: (record) => {
        this.#run = new Run(record);
      },
    });
    return this.#loop;
  }

  #forecastInput(): ForecastInput {
    const { model, args } = this;
    const { train, evaluation } = this.#encoded();
    return { model, args, plan: this.#checkedPlan(), train: train.texts, evaluation: evaluation?.texts ?? [] };
  }

  #encoded(): EncodedData {
    const { trainDataset, evalDataset } = this.#options;
    const encode = (dataset: TextDataset) => encodeDataset(dataset, this.tokenizer, this.model, this.args.maxLength);
    this.#data ??= {
      train: encode(trainDataset),
      evaluation: evalDataset === undefined ? undefined : encode(evalDataset),
    };
    return this.#data;
  }

  #checkedPlan(): Plan {
    const { model, args } = this;
    const { trainDataset, evalDataset, stages = [this.#presentStage()] } = this.#options;
    const microBatches = Math.ceil(trainDataset.length / args.perDeviceTrainBatchSize);
    const stepsPerEpoch = Math.ceil(microBatches / args.gradientAccumulationSteps);
    const plan = makePlan(stages, model, { ...args, stepsPerEpoch });
    const patient = plan.stages.findIndex(({ stage }) => stage.patience !== undefined);
    if (patient >= 0 && evalDataset === undefined) {
      throw new ThawError(
        "BAD_STAGE",
        `Stage ${patient} has patience, which needs validation: give the trainer an evalDataset, or leave patience out.`,
      );
    }
    return plan;
  }

  /** Returns the stage of a run without stages: it trains all parameters that are not frozen now. */
  #presentStage(): Stage {
    const names = [...this.model.parameters.values()].filter((p) => p.requiresGrad).map((p) => p.name);
    if (names.length === 0) {
      throw new ThawError(
        "BAD_STAGE",
        'Everything is frozen, so there is nothing to train: call model.unfreeze("head"), for example, or give stages.',
      );
    }
    return { train: { parameters: names }, epochs: this.args.numTrainEpochs };
  }

  #metric(): ModelMetric {
    return modelMetric(this.args, this.model.problemType ?? this.#options.trainDataset.problemType);
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
