/** Trains a classifier by a plan, and says what it did. */
import { inspect } from "node:util";
import type { TextDataset } from "../data/textDataset.ts";
import { currentHost } from "../display/host.ts";
import { ThawError } from "../errors.ts";
import type { TrainerEvent } from "../history/events.ts";
import type { HistoryRow, RunRecord } from "../history/history.ts";
import type { SequenceClassifier } from "../models/sequenceClassifier.ts";
import { makePlan, type Plan } from "../plan/plan.ts";
import type { Stage } from "../plan/stage.ts";
import { LiveView } from "../report/liveView.ts";
import type { Tokenizer } from "../tokenizer/tokenizer.ts";
import { type ResolvedArguments, resolveArguments, type TrainingArguments } from "./arguments.ts";
import { checkDataset, checkSameLabels } from "./checkDataset.ts";
import { checkOptions } from "./checkOptions.ts";
import { computeLogits } from "./computeLogits.ts";
import { encodeDataset, encodeTexts } from "./encodedDataset.ts";
import { type EvaluateResult, evaluateLogits } from "./evaluateLogits.ts";
import {
  checkMemory,
  type ForecastInput,
  forecast,
  residentMemory,
  type StageForecast,
  withWhatFits,
} from "./forecast.ts";
import { type LoopInput, trainingLoop } from "./loop.ts";
import { modelMetric } from "./modelMetric.ts";
import { problemTypeNotice } from "./notices.ts";
import { type Prediction, predictionOf } from "./predictions.ts";
import { shownAsTable } from "./predictionTable.ts";
import { Run } from "./run.ts";
import { saveModel } from "./saveModel.ts";
import { trainerState } from "./trainerState.ts";

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

/** How texts are predicted. */
export interface PredictOptions {
  /** The second texts of pairs, as many as there are texts. */
  readonly textPair?: readonly string[];
  /** Of several labels a text: the probability above which a label belongs to it. Default: 0.5. */
  readonly threshold?: number;
}

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
  /** Of the latest run. */
  #plan: Plan | undefined;
  #history: readonly HistoryRow[] = [];
  #best: RunRecord["best"];
  #data: EncodedData | undefined;

  /** Checks everything that can be checked before training: arguments, data, labels, and the plan against the model. */
  constructor(options: TrainerOptions) {
    checkOptions(options);
    const { model, tokenizer, trainDataset, evalDataset } = options;
    this.model = model;
    this.tokenizer = tokenizer;
    this.args = resolveArguments(options.args);
    model.checkPrecision(this.args.precision);
    this.#options = options;
    checkDataset(trainDataset, "training data", model);
    if (evalDataset !== undefined) this.#checkEvaluated(evalDataset, "validation data");
    modelMetric(this.args, model.problemType ?? trainDataset.problemType);
    this.#checkedPlan();
    if (model.problemType !== undefined) return;
    const notice = problemTypeNotice(model.decideProblemType(trainDataset.problemType));
    if (notice !== undefined) console.info(notice);
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

  /** The log so far, also after a run that was stopped. */
  get history(): readonly HistoryRow[] {
    return this.#history;
  }

  /**
   * Runs the plan and shows its progress. In a notebook the Stop button ends it within one step and keeps every
   * variable; elsewhere `signal` does.
   */
  async train({ signal = currentHost()?.signal }: { readonly signal?: AbortSignal | undefined } = {}): Promise<Run> {
    const view = this.args.disableTqdm ? undefined : new LiveView();
    try {
      for await (const event of this.events({ signal })) {
        view?.show(event);
        if (event.kind === "end") return new Run(event.run);
      }
    } catch (error) {
      view?.close("stopped");
      throw error;
    }
    throw new ThawError("INTERNAL", "The training loop ended without a result. Report this as a bug, with the plan.");
  }

  /** The same, as a stream of events for views and loops of one's own. Nothing is shown. */
  async *events({ signal }: { readonly signal?: AbortSignal | undefined } = {}): AsyncGenerator<TrainerEvent> {
    const { model, args } = this;
    const history: HistoryRow[] = [];
    const input = this.#forecastInput();
    const resident = residentMemory();
    const forecasts = forecast(input, resident);
    checkMemory(input, forecasts, resident);
    const plan = withForecast(input.plan, forecasts);
    const loop = trainingLoop({ model, args, signal, plan, ...this.#encoded() });
    try {
      for await (const event of loop) {
        if (event.kind === "begin") [this.#plan, this.#history, this.#best] = [plan, history, undefined];
        if (event.kind === "end") this.#best = event.run.best;
        if (event.kind === "epoch") history.push(event.row);
        yield event;
      }
    } catch (error) {
      throw withWhatFits(error, input);
    }
  }

  /** The loss and the metrics of the problem type. Default: on the validation data. */
  async evaluate(dataset = this.#options.evalDataset): Promise<EvaluateResult> {
    if (dataset === undefined) {
      throw new ThawError("BAD_ARGUMENT", "There is nothing to evaluate on: pass a data set, or give evalDataset.");
    }
    this.#checkEvaluated(dataset, "data to evaluate on");
    return evaluateLogits(await this.#logits(dataset.texts, dataset.textPairs), dataset.labels, this.model.problemType);
  }

  /** The label of each text with its probability, all labels above the threshold, or the numbers. */
  async predict(
    texts: readonly string[],
    { textPair, threshold = 0.5 }: PredictOptions = {},
  ): Promise<readonly Prediction[]> {
    if (!(threshold >= 0 && threshold <= 1)) {
      throw new ThawError("BAD_ARGUMENT", `threshold is ${threshold}; it is a probability from 0 to 1.`);
    }
    const logits = await this.#logits(texts, textPair);
    const { config, problemType = "single_label_classification" } = this.model;
    const predictions = logits.map((row) => predictionOf(row, config, problemType, threshold));
    return shownAsTable(predictions, config.id2label);
  }

  /**
   * Writes a folder that `AutoModelForSequenceClassification.from_pretrained` of either language loads. Default: `args.outputDir`.
   */
  async saveModel(folder: string = this.args.outputDir): Promise<void> {
    await saveModel(
      folder,
      this.model,
      this.tokenizer,
      trainerState(
        this.args,
        this.#plan ?? this.#checkedPlan(),
        this.#history,
        this.#best,
        modelMetric(this.args, this.model.problemType ?? "single_label_classification"),
      ),
    );
  }

  async #logits(texts: readonly string[], textPair?: readonly string[] | undefined): Promise<readonly Float32Array[]> {
    const { model, args } = this;
    const encoded = encodeTexts(texts, this.tokenizer, model, args.maxLength, textPair);
    const signal = currentHost()?.signal;
    const { perDeviceEvalBatchSize: batchSize, precision } = args;
    const computation = computeLogits({ model, texts: encoded, batchSize, precision, signal });
    let next = await computation.next();
    while (!next.done) next = await computation.next();
    return next.value;
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
