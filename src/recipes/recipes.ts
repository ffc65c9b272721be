/** The three strategies of fine-tuning layer by layer, as arrays of stages. */
import { ThawError } from "../errors.ts";
import { type OptionNames, refuseUnknown } from "../options.ts";
import { checkStages } from "../plan/checkStages.ts";
import type { Stage } from "../plan/stage.ts";
import { inspect } from "../platform/inspect.ts";

/**
 * Default learning rate of a new head, which hardly learns at an encoder's rate: at 5e-5 the head of a frozen encoder
 * stays at chance.
 */
const headRate = 1e-3;

/** Options of `classifierOnly` and `lastLayers`. */
export interface RecipeOptions {
  /** Number of passes over the training data. Default: 5 for `classifierOnly`, 3 for `lastLayers`. */
  readonly epochs?: number;
  /**
   * Peak learning rate of the encoder layers that train. Default: 1e-4. With `classifierOnly`, where no layer trains, it is
   * that of the head.
   */
  readonly learningRate?: number;
  /** Peak learning rate of the head. Default: 1e-3; `5e-5` gives the literal recipe, in which the head hardly learns. */
  readonly headLearningRate?: number;
}

const recipeNames: OptionNames<RecipeOptions> = { epochs: true, learningRate: true, headLearningRate: true };

/** Names of these options in other libraries, and settings that are not options of a recipe. */
const elsewhere = {
  lr: "learningRate",
  headLr: "headLearningRate",
  numTrainEpochs: "epochs",
  numEpochs: "epochs",
  warmupRatio: "warmup of progressive(), or warmupSteps, a training argument",
  warmupSteps: "a training argument: args: { warmupSteps: 0.1 }",
  lrSchedulerType: 'a training argument: args: { lrSchedulerType: "cosine" }',
  patience: "a setting of a stage: classifierOnly().map((stage) => ({ ...stage, patience: 2 }))",
  earlyStoppingPatience: "patience, a setting of a stage: classifierOnly().map((stage) => ({ ...stage, patience: 2 }))",
  seed: "a training argument: args: { seed: 0 }",
  batchSize: "a training argument: args: { perDeviceTrainBatchSize: 16 }",
  lastLayers: "lastLayers(2)",
} as const;

/**
 * Makes the plan of strategy 1: everything is frozen but the head, which trains for 5 epochs by default. Errors:
 * `BAD_ARGUMENT`, `BAD_STAGE`.
 */
export function classifierOnly(options: RecipeOptions = {}): Stage[] {
  refuseUnknown(options, recipeNames, { kind: "option of classifierOnly", elsewhere });
  const { epochs = 5, learningRate = headRate, headLearningRate = learningRate } = options;
  checkStages([{ train: "head", epochs, learningRate, headLearningRate }]); // also a rate that the head does not need
  return checked([{ name: "classifier only", train: "head", epochs, headLearningRate }]);
}

/**
 * Makes the plan of strategy 2: the head and the top `layers` encoder layers train, by default for 3 epochs at 1e-4, since a
 * few layers have to move further than all of them would (review snippets, last 2 of 6 layers, mean of 3 seeds: 81.3 %
 * against 79.6 % at 5e-5). Errors: `BAD_ARGUMENT`, `BAD_SELECTION`, `BAD_STAGE`.
 */
export function lastLayers(layers: number, options: RecipeOptions = {}): Stage[] {
  if (typeof layers !== "number") {
    throw new ThawError(
      "BAD_ARGUMENT",
      `lastLayers takes a number of layers first, such as lastLayers(2); found ${inspect(layers)}.`,
    );
  }
  refuseUnknown(options, recipeNames, { kind: "option of lastLayers", elsewhere });
  const { epochs = 3, learningRate = 1e-4, headLearningRate = headRate } = options;
  const name = `last ${layers} ${layers === 1 ? "layer" : "layers"}`;
  return checked([{ name, train: ["head", { lastLayers: layers }], epochs, learningRate, headLearningRate }]);
}

/** Options of `progressive`. */
export interface ProgressiveOptions {
  /** The number of epochs of each of the three stages. Default: [3, 3, 4]. */
  readonly epochs?: readonly [head: number, layers: number, all: number];
  /** The number of encoder layers, from the top, that train in the second stage. Default: 4. */
  readonly layers?: number;
  /** Peak learning rate of layers and head in the second and third stage. Default: 5e-5. */
  readonly learningRate?: number;
  /** Peak learning rate in the first stage, while the head is fresh. Default: 1e-3; `5e-5` gives the literal recipe. */
  readonly headLearningRate?: number;
  /** The share of each stage's steps in which the learning rate rises, from 0 to below 1. Default: 0.1. */
  readonly warmup?: number;
}

const progressiveNames: OptionNames<ProgressiveOptions> = {
  epochs: true,
  layers: true,
  learningRate: true,
  headLearningRate: true,
  warmup: true,
};

/**
 * Makes the plan of strategy 3, progressive unfreezing: by default epochs 1 to 3 train the head, 4 to 6 the head and the last
 * 4 layers, 7 to 10 everything, each stage with a linear schedule and warmup. From the second stage on the head, which is no
 * longer fresh, trains at the learning rate of the layers. Errors: `BAD_ARGUMENT`, `BAD_SELECTION`, `BAD_STAGE`.
 */
export function progressive(options: ProgressiveOptions = {}): Stage[] {
  refuseUnknown(options, progressiveNames, {
    kind: "option of progressive",
    elsewhere: {
      ...elsewhere,
      lastLayers: "layers",
      warmupRatio: "warmup",
      warmupSteps: "warmup, a share of each stage's steps",
    },
  });
  const { epochs = [3, 3, 4], layers = 4, learningRate = 5e-5, headLearningRate = headRate, warmup = 0.1 } = options;
  if (!(warmup >= 0 && warmup < 1)) {
    throw new ThawError(
      "BAD_STAGE",
      `warmup is ${inspect(warmup)}; it is a share of each stage's steps, from 0 to below 1.`,
    );
  }
  if (!Array.isArray(epochs) || epochs.length !== 3) {
    throw new ThawError(
      "BAD_STAGE",
      `epochs is ${inspect(epochs)}; it holds the epochs of the three stages, such as [3, 3, 4].`,
    );
  }
  const schedule = { lrSchedulerType: "linear", warmupSteps: warmup } as const;
  const rates = { learningRate, headLearningRate: learningRate, ...schedule };
  return checked([
    { name: "head", train: "head", epochs: epochs[0], headLearningRate, ...schedule },
    {
      name: `last ${layers} ${layers === 1 ? "layer" : "layers"}`,
      train: ["head", { lastLayers: layers }],
      epochs: epochs[1],
      ...rates,
    },
    { name: "everything", train: "all", epochs: epochs[2], ...rates },
  ]);
}

/** Returns the stages, or throws the error that says what is impossible in them, before a model is loaded. */
function checked(stages: Stage[]): Stage[] {
  checkStages(stages);
  return stages;
}
