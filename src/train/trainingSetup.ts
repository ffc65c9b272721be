/** Makes the parts of a run from the options of its trainer: data sets as token ids, the plan, the loss and the metric. */
import type { TextDataset } from "../data/textDataset.ts";
import { ThawError } from "../errors.ts";
import { OwnMetrics } from "../evaluate/computeMetrics.ts";
import { type EncodedDataset, encodeDataset } from "../evaluate/encodedDataset.ts";
import { inputKind } from "../evaluate/predictions.ts";
import { type TrainingRecord, trainedConfig } from "../models/sequenceClassifier.ts";
import type { ResolvedArguments } from "../plan/arguments.ts";
import { makePlan, type Plan, refuseWithoutValidation } from "../plan/plan.ts";
import type { Stage } from "../plan/stage.ts";
import { resolveLoss } from "../task/lossArguments.ts";
import type { ModelMetric } from "../task/metrics.ts";
import type { LossOptions } from "../task/task.ts";
import { modelMetric } from "../task/taskOf.ts";
import type { ForecastInput } from "./forecast.ts";
import { identityOf, type RunIdentity } from "./runIdentity.ts";
import { dataRecord, type RunRecord } from "./runRecord.ts";
import type { TrainerOptions } from "./trainerOptions.ts";

/** Both data sets as token ids. */
export interface EncodedData {
  readonly train: EncodedDataset;
  readonly evaluation: EncodedDataset | undefined;
}

/**
 * Works out what a run is made of from the options of its trainer. What depends on the marks of the model (the plan, the
 * forecast) is worked out anew at each call; the data sets are encoded once.
 */
export class TrainingSetup {
  /** The metrics of the user's own. */
  readonly ownMetrics: OwnMetrics;
  /** The settings of the run, with defaults filled in. */
  readonly args: ResolvedArguments;
  readonly #options: TrainerOptions;
  #data: EncodedData | undefined;

  constructor(options: TrainerOptions, args: ResolvedArguments) {
    this.#options = options;
    this.args = args;
    this.ownMetrics = new OwnMetrics(options.computeMetrics);
  }

  /** Returns what the record of a run says of its data sets. */
  dataRecords(): RunRecord["data"] {
    const { trainDataset, evalDataset } = this.#options;
    const { train, evaluation } = this.encoded();
    return {
      train: dataRecord(trainDataset, train),
      ...(evalDataset === undefined || evaluation === undefined
        ? {}
        : { evaluation: dataRecord(evalDataset, evaluation) }),
    };
  }

  /** Returns what a checkpoint must have in common with this run. */
  identity(): RunIdentity {
    const { args } = this;
    const { model } = this.#options;
    const { train } = this.encoded();
    const config = trainedConfig(model.config, this.trainingRecord); // the same before the run and after it
    return identityOf({ model, config, args, train, plan: this.plan(), data: this.dataRecords().train });
  }

  /** The kind of the training data, as the model's config records it. */
  get trainingRecord(): TrainingRecord {
    const { trainDataset } = this.#options;
    return { labelNames: trainDataset.labelNames, trainedOn: inputKind(trainDataset) };
  }

  /** Returns what time and memory are predicted from. */
  forecastInput(): ForecastInput {
    const { args } = this;
    const { model } = this.#options;
    const { train, evaluation } = this.encoded();
    return { model, args, plan: this.plan(), train: train.texts, evaluation: evaluation?.texts ?? [] };
  }

  /** Returns both data sets as token ids, which are made at the first call. */
  encoded(): EncodedData {
    const { model, tokenizer, trainDataset, evalDataset } = this.#options;
    const encode = (dataset: TextDataset) => encodeDataset(dataset, tokenizer, model, this.args.maxLength);
    this.#data ??= {
      train: encode(trainDataset),
      evaluation: evalDataset === undefined ? undefined : encode(evalDataset),
    };
    return this.#data;
  }

  get #stepsPerEpoch(): number {
    const { perDeviceTrainBatchSize, gradientAccumulationSteps } = this.args;
    const microBatches = Math.ceil(this.#options.trainDataset.length / perDeviceTrainBatchSize);
    return Math.ceil(microBatches / gradientAccumulationSteps);
  }

  /** Returns the plan for the model as it is marked now, checked, without a forecast. Errors: `BAD_STAGE`, `BAD_SELECTION`. */
  plan(): Plan {
    const { args } = this;
    const { model, evalDataset, stages = [this.#presentStage()] } = this.#options;
    const plan = makePlan(stages, model, { ...args, stepsPerEpoch: this.#stepsPerEpoch });
    if (evalDataset === undefined) refuseWithoutValidation(plan, "give the trainer an evalDataset");
    if (args.evalStrategy === "no") refuseWithoutValidation(plan, 'set evalStrategy to "epoch" or "steps"');
    return plan;
  }

  /** Returns the stage of a run without stages: it trains all parameters that are not frozen now. */
  #presentStage(): Stage {
    const names = [...this.#options.model.parameters.values()].filter((p) => p.requiresGrad).map((p) => p.name);
    if (names.length === 0) {
      throw new ThawError(
        "BAD_STAGE",
        'Everything is frozen, so there is nothing to train: call model.unfreeze("head"), for example, or give stages.',
      );
    }
    const { maxSteps, numTrainEpochs } = this.args;
    const epochs = maxSteps === undefined ? numTrainEpochs : Math.ceil(maxSteps / this.#stepsPerEpoch);
    return { train: { parameters: names }, epochs };
  }

  /** Returns how the loss smooths and weighs labels, "balanced" by those of the training data. */
  loss(): LossOptions {
    const { trainDataset } = this.#options;
    const { problemType, labelNames } = trainDataset;
    const names = this.#options.model.config.id2label.map((name, label) => labelNames[label] ?? name);
    return resolveLoss(this.args, { problemType, labels: trainDataset.batchLabels(), names });
  }

  /** Returns the metric that chooses the best epoch. Errors: `BAD_ARGUMENT`. */
  metric(): ModelMetric {
    return modelMetric(
      { ...this.args, hasCustom: this.ownMetrics.areThere },
      this.#options.model.problemType ?? this.#options.trainDataset.problemType,
    );
  }
}
