/** Stages of training as a person writes them: plain data, so that a plan can be read from JSON and stored. */
import type { Selection } from "../freezing/selection.ts";
import type { DropoutRates } from "../models/config/config.ts";
import type { SchedulerKwargs, SchedulerType } from "../schedule/settings.ts";
import type { ScheduleStart } from "../schedule/stageSchedule.ts";

/** A stage of training: the parameters that train, for how many epochs, and at which learning rates. */
export interface Stage {
  /** Name for tables and figures. Default: a description of the trainable parameters. */
  readonly name?: string;
  /** The parameters that train in this stage; everything else is frozen. */
  readonly train: Selection;
  /** Number of passes over the training data, an integer of at least 1. */
  readonly epochs: number;
  /** Peak learning rate of the encoder layers. Default: the run's `learningRate`. */
  readonly learningRate?: number;
  /**
   * Peak learning rate of the head. Default: the run's `headLearningRate`, else the learning rate of the encoder layers.
   */
  readonly headLearningRate?: number;
  /**
   * Layer-wise decay of the learning rate: each layer below the top one trains at the rate of the layer above times
   * this, the embeddings at the lowest. Default: 1.
   */
  readonly layerDecay?: number;
  /** Schedule of the learning rates. Default: the run's. */
  readonly lrSchedulerType?: SchedulerType;
  /**
   * Settings of the schedule, as `lr_scheduler_kwargs` in Hugging Face: `{ numCycles: 2 }` for "cosine_with_restarts".
   * Default: the run's where the schedule is the run's, else none.
   */
  readonly lrSchedulerKwargs?: SchedulerKwargs;
  /**
   * The way in which the schedule begins. "restart": anew, so that it runs from its start to its end in this stage. "continue":
   * where the stage before left it; it is one schedule over the steps of all stages joined so, with one warm-up at its beginning,
   * and its type and settings are those of the first of them. "rewarm": as "continue", but the learning rates first rise
   * from 0 over this stage's `warmupSteps`. A stage that ends early leaves out its part. Default: "restart".
   */
  readonly scheduleStart?: ScheduleStart;
  /**
   * Number of optimizer steps over which the learning rates rise to their peak; a value below 1 is a fraction of the
   * stage's steps. Default: the run's.
   */
  readonly warmupSteps?: number;
  /**
   * Number of consecutive epochs without improvement on the validation data after which the stage ends. An improvement
   * is a better `metricForBestModel`, or the same with a lower validation loss. Default: the stage runs all of its
   * epochs.
   */
  readonly patience?: number;
  /**
   * Smallest improvement of `metricForBestModel` that counts for `patience`, in the unit of the metric: 0.001 is a tenth of
   * a percentage point of accuracy. With more than 0, the same metric with a lower loss is no improvement. Default: 0.
   */
  readonly minDelta?: number;
  /**
   * Whether the weights of the stage's best epoch are restored before the next stage begins; it needs an `evalDataset`.
   * Default: false.
   */
  readonly restoreBest?: boolean;
  /**
   * Whether parameters that trained in the stage before and train on keep AdamW's moments and step counts ("keep"), or
   * begin at zero like parameters that are thawed now ("reset"). Default: "keep".
   */
  readonly moments?: "keep" | "reset";
  /**
   * Dropout rates in this stage, in [0, 1): one number for all of the model's, or `{ hidden, attention, classifier }`, of
   * which those left out stay the config's. The config keeps its own. Default: the config's.
   */
  readonly dropout?: number | DropoutRates;
}
