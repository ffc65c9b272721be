/** Trains a classifier by a plan, and says what it did. */
import { inspect } from "node:util";
import { TextDataset } from "./data/textDataset.ts";
import { ThawError } from "./errors.ts";
import { type EvaluateResult, evaluateLogits, neverPredicted } from "./evaluate/evaluateLogits.ts";
import { modelMetric } from "./evaluate/modelMetric.ts";
import {
  checkTopK,
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
import { type OptionNames, refuseUnknown } from "./options.ts";
import { makePlan, type Plan } from "./plan/plan.ts";
import type { Stage } from "./plan/stage.ts";
import { checkTarget } from "./platform/saveFolder.ts";
import { Run } from "./run.ts";
import { LiveView } from "./show/liveView.ts";
import type { ModelMetric } from "./task/metricNames.ts";
import type { Tokenizer } from "./tokenizer/tokenizer.ts";
import { ActiveRun } from "./train/activeRun.ts";
import { type ResolvedArguments, resolveArguments, type TrainingArguments } from "./train/arguments.ts";
import { checkDataset, checkSameLabels } from "./train/checkDataset.ts";
import { checkOptions } from "./train/checkOptions.ts";
import { dataRecord, encodeDataset, textLimit } from "./train/encodedDataset.ts";
import type { TrainerEvent } from "./train/events.ts";
import {
  checkMemory,
  type ForecastInput,
  forecast,
  residentMemory,
  type StageForecast,
  withWhatFits,
} from "./train/forecast.ts";
import { type LoopInput, TrainingLoop } from "./train/loop.ts";
import { assertFiniteWeights } from "./train/nonFinite.ts";
import { neverPredictedNotice, problemTypeNotice } from "./train/notices.ts";
import { latestRecordOf } from "./train/recorder.ts";
import type { HistoryRow, RunRecord } from "./train/runRecord.ts";
import { recordFiles, type SaveModelOptions, saveModel } from "./train/saveModel.ts";

/** What a trainer works with. */
export interface TrainerOptions {
  readonly model: SequenceClassifier;
  readonly tokenizer: Tokenizer;
  readonly trainDataset: TextDataset;
  /** Evaluated after every epoch, and what the best epoch is chosen by. */
  readonly evalDataset?: TextDataset;
  readonly args?: TrainingArguments;
  /** Default: one stage that trains what `requiresGrad` when training begins. */
  readonly stages?: readonly Stage[];
}

/** How a run is stopped. */
export interface TrainOptions {
  /** Ends the run within one step. In a notebook the Stop button does so too. */
  readonly signal?: AbortSignal | undefined;
}

const trainNames: OptionNames<TrainOptions> = { signal: true };
const trainElsewhere = {
  resumeFromCheckpoint: "not there yet: train() begins anew, from the weights that the model has now, so leave it out",
  trial: "not there: leave it out",
  ignoreKeysForEval: "not there: leave it out",
  stages: "an option of the trainer: new Trainer({ ..., stages })",
  epochs: "numTrainEpochs, a training argument of the trainer, or the setting epochs of a stage",
  args: "an option of the trainer: new Trainer({ ..., args })",
} as const;

/** How examples are predicted. */
export interface PredictOptions {
  /** The second texts of pairs, as many as there are texts. */
  readonly textPair?: readonly string[];
  /** Of several labels an example: the probability above which a label belongs to it. Default: 0.5. */
  readonly threshold?: number;
  /** Gives the scores of so many labels as well, the highest first; null: of all. Default: none. */
  readonly topK?: number | null;
}

const predictNames: OptionNames<PredictOptions> = { textPair: true, threshold: true, topK: true };
const predictElsewhere = {
  textPairs: "textPair",
  returnAllScores: "topK: null",
  maxLength: "maxLength, a training argument of the trainer",
  batchSize: "perDeviceEvalBatchSize, a training argument of the trainer",
  functionToApply: "decided by the model's problem type; every prediction has its logits as well",
  device: "not needed: leave it out",
} as const;

/** A call that has no options yet: what is given all the same is refused, not ignored. */
type NoOptions = Readonly<Record<string, never>>;

const evaluateElsewhere = {
  batchSize: "perDeviceEvalBatchSize, a training argument of the trainer",
  maxLength: "maxLength, a training argument of the trainer",
  metricKeyPrefix: "not there: leave it out",
  ignoreKeys: "not there: leave it out",
} as const;

type EncodedData = Pick<LoopInput, "train" | "evaluation">;

/**
 * Trains a model stage by stage: `new Trainer({ model, tokenizer, args, trainDataset, evalDataset, stages })`.
 * `plan()` says what will happen, `train()` does it, `evaluate()` and `predict()` use the model.
 */
export class Trainer {
  readonly model: SequenceClassifier;
  readonly tokenizer: Tokenizer;
  readonly args: ResolvedArguments;
  readonly #options: TrainerOptions;
  /** The loop of the latest run. */
  #loop: TrainingLoop | undefined;
  #active: ActiveRun | undefined;
  #run: Run | undefined;
  #data: EncodedData | undefined;

  /** Checks everything that can be checked before training: arguments, data, labels, the plan against the model, and `outputDir`. */
  constructor(options: TrainerOptions) {
    checkOptions(options);
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
   * What `train` will do: stages, trainable parameters, learning rates, steps, predicted cost, time and memory. The first
   * time it encodes the data and measures for some tenths of a second how fast this machine is.
   */
  plan(): Plan {
    const input = this.#forecastInput();
    return withForecast(input.plan, forecast(input));
  }

  #forecastInput(): ForecastInput {
    const { model, args } = this;
    const { train, evaluation } = this.#encoded();
    return { model, args, plan: this.#checkedPlan(), train: train.texts, evaluation: evaluation?.texts ?? [] };
  }

  /** Both data sets as token ids, made once. */
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

  /** The log of the latest run so far, also after one that was stopped. */
  get history(): readonly HistoryRow[] {
    return this.#loop?.recorder.history ?? [];
  }

  /**
   * The latest run, finished, stopped or failed; of one that goes on, what there is so far (which hashes all weights).
   * Undefined before the first.
   */
  get run(): Run | undefined {
    this.#active?.settle();
    const loop = this.#loop;
    if (loop === undefined || loop.isClosed) return this.#run;
    return new Run(loop.recorder.record(loop.recorder.status("running")));
  }

  /**
   * Runs the plan and shows its progress. In a notebook the Stop button ends it within one step and keeps every
   * variable; elsewhere `signal` does. What there was then is `trainer.run`, and the weights are those of that step.
   */
  async train(options: TrainOptions = {}): Promise<Run> {
    refuseUnknown(options, trainNames, { kind: "option of train", elsewhere: trainElsewhere });
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
   * The same, as a stream of events for views and loops of one's own. Nothing is shown. A run whose next event nobody asks
   * for is ended by `signal`, by the Stop button, and by the next run of its model.
   */
  events(options: TrainOptions = {}): AsyncGenerator<TrainerEvent, void> {
    refuseUnknown(options, trainNames, { kind: "option of events", elsewhere: trainElsewhere });
    return this.#events(options.signal);
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

  /** Checks once more what may have changed since the trainer was made, and begins a run. */
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

  #metric(): ModelMetric {
    return modelMetric(this.args, this.model.problemType ?? this.#options.trainDataset.problemType);
  }

  /**
   * The loss and the metrics of the problem type. Default: on the validation data. A label that examples have and that the
   * model never gives is said. There are no options. Errors: `BAD_ARGUMENT`, `BAD_DATA`.
   */
  async evaluate(
    dataset: TextDataset | undefined = this.#options.evalDataset,
    options: NoOptions = {},
  ): Promise<EvaluateResult> {
    refuseUnknown(options, {}, { kind: "option of evaluate", elsewhere: evaluateElsewhere });
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
   * The label of each example with its probability, all labels above the threshold, or the numbers; of texts, or of a data
   * set, labelled or not. Errors: `BAD_ARGUMENT`, `BAD_TEXT` (also for single texts where the training data is pairs).
   */
  async predict(
    examples: readonly string[] | TextDataset,
    options: PredictOptions = {},
  ): Promise<readonly Prediction[]> {
    refuseUnknown(options, predictNames, { kind: "option of predict", elsewhere: predictElsewhere });
    const { textPair, threshold = 0.5, topK } = options;
    if (!(threshold >= 0 && threshold <= 1)) {
      throw new ThawError("BAD_ARGUMENT", `threshold is ${threshold}; it is a probability from 0 to 1.`);
    }
    checkTopK(topK);
    const inputs = inputsOf(examples, textPair);
    checkTrainedOn(inputKind(this.#options.trainDataset), inputs);
    const { config, problemType = "single_label_classification" } = this.model;
    const logits = await this.#logits(inputs);
    const predictions = logits.map((row) => predictionOf(row, config, problemType, { threshold, topK }));
    return shownAsTable(predictions, predictions, inputs, config.id2label);
  }

  /**
   * Writes a folder that `AutoModelForSequenceClassification.from_pretrained` of either language loads, whole or not at all
   * (docs/saving.md), with the record of the latest run of the model. Weights that were changed after that run are said to be
   * so. Default: `args.outputDir`. The Stop button ends it with nothing changed; elsewhere `signal` does.
   * Errors: `BAD_ARGUMENT`, `WRITE_FAILED`, `UNFINISHED_SAVE`.
   */
  async saveModel(folder: string = this.args.outputDir, options: SaveModelOptions = {}): Promise<void> {
    checkTarget(folder);
    this.model.textLimit = textLimit(this.tokenizer, this.model, this.args.maxLength);
    const records = this.#recordsToTell();
    await saveModel(folder, this.model, this.tokenizer, (sha256) => recordFiles(records, sha256), options);
  }

  /** The trainer's own run, and the latest of the model, by whichever trainer; the newest last. */
  #recordsToTell(): RunRecord[] {
    const own = this.run?.record;
    const latest = own?.status.state === "running" ? undefined : latestRecordOf(this.model);
    return [own, latest].filter((record) => record !== undefined);
  }

  #logits(inputs: Inputs): Promise<readonly Float32Array[]> {
    const { perDeviceEvalBatchSize: batchSize, precision, maxLength } = this.args;
    return logitsOf(this.model, this.tokenizer, inputs, { batchSize, precision, maxLength });
  }

  #checkEvaluated(dataset: TextDataset, role: string): void {
    checkDataset(dataset, role, this.model);
    checkSameLabels(dataset, role, this.#options.trainDataset);
  }

  [inspect.custom](): string {
    const { trainDataset, evalDataset } = this.#options;
    const evaluated = evalDataset === undefined ? "none" : evalDataset.length;
    return (
      `Trainer of the model ${this.model.config.modelType}; texts: ${trainDataset.length} for training, ${evaluated} for ` +
      "validation. plan() says what it will do, train() does it."
    );
  }

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
}

function withForecast(plan: Plan, forecasts: readonly StageForecast[]): Plan {
  return plan.withForecast(
    forecasts.map(({ seconds, memory }) => ({ predictedSeconds: seconds, predictedMemory: memory })),
  );
}
