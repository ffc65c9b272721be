import { expect, test } from "vitest";
import { resolveArguments, type TrainingArguments } from "../../src/plan/arguments.ts";

/** Arguments without a default of their own, beside those in the list below. */
const unset = [
  ...["saveSteps", "saveTotalLimit", "saveOnInterrupt", "evalSteps", "loggingSteps", "maxSteps", "hashSteps"],
  ...["metricForBestModel", "greaterIsBetter"],
];

test("without arguments the defaults are Hugging Face's, but for the best model at the end", () => {
  expect(resolveArguments()).toEqual({
    outputDir: "runs/thaw",
    numTrainEpochs: 3,
    learningRate: 5e-5,
    headLearningRate: undefined,
    perDeviceTrainBatchSize: 8,
    gradientAccumulationSteps: 1,
    trainSamplingStrategy: "random",
    perDeviceEvalBatchSize: 64,
    weightDecay: 0,
    adamBeta1: 0.9,
    adamBeta2: 0.999,
    adamEpsilon: 1e-8,
    maxGradNorm: 1,
    lrSchedulerType: "linear",
    warmupSteps: 0,
    seed: 42,
    maxLength: undefined,
    cacheMemory: undefined,
    cacheDisk: undefined,
    maxMemory: undefined,
    loadBestModelAtEnd: true,
    frozenDropout: false,
    gradientCheckpointing: false,
    precision: "float32",
    allowFrozenRandomHead: false,
    disableTqdm: false,
    saveStrategy: "no",
    evalStrategy: "epoch",
    ...Object.fromEntries(unset.map((name) => [name, undefined])),
    lrSchedulerKwargs: undefined,
    labelSmoothingFactor: 0,
    classWeights: undefined,
  });
});

test("what is given stays, and undefined stands for the default", () => {
  const args = { learningRate: 1e-3, headLearningRate: 0, maxLength: 3, seed: undefined } as unknown;
  expect(resolveArguments(args as TrainingArguments)).toMatchObject({
    learningRate: 1e-3,
    headLearningRate: 0,
    maxLength: 3,
    seed: 42,
  });
});

test.each<[object, RegExp]>([
  [{ epochs: 3 }, /no training argument "epochs".*numTrainEpochs/],
  [{ numTrainEpochs: 0 }, /numTrainEpochs is 0/],
  [{ numTrainEpochs: 2.5 }, /numTrainEpochs is 2.5/],
  [{ perDeviceTrainBatchSize: "8" }, /perDeviceTrainBatchSize is 8; it must be a whole number/],
  [{ perDeviceEvalBatchSize: -1 }, /perDeviceEvalBatchSize is -1/],
  [{ gradientAccumulationSteps: 0 }, /gradientAccumulationSteps is 0/],
  [{ learningRate: Number.NaN }, /learningRate is NaN/],
  [{ learningRate: "5e-5" }, /learningRate is 5e-5/],
  [{ headLearningRate: -1 }, /headLearningRate is -1/],
  [{ headLearningRate: null }, /headLearningRate is null/],
  [{ weightDecay: -0.1 }, /weightDecay is -0.1/],
  [{ maxGradNorm: Number.POSITIVE_INFINITY }, /maxGradNorm is Infinity/],
  [{ warmupSteps: -1 }, /warmupSteps is -1/],
  [{ adamBeta1: 1 }, /adamBeta1 is 1; it must be below 1/],
  [{ adamBeta2: 1.5 }, /adamBeta2 is 1.5/],
  [{ adamEpsilon: 0 }, /adamEpsilon is 0/],
  [{ seed: -1 }, /seed is -1/],
  [{ seed: 0.5 }, /seed is 0.5/],
  [{ maxLength: 2 }, /maxLength is 2; it must be a whole number of 3 or more/],
  [{ lrSchedulerType: "exponential" }, /"exponential"; known are linear, cosine/],
  [{ labelSmoothingFactor: 1 }, /labelSmoothingFactor is 1; it must be a number from 0 to below 1/],
  [{ labelSmoothingFactor: "0.1" }, /labelSmoothingFactor is '0.1'/],
  [{ classWeights: "auto" }, /classWeights is 'auto'; it must be "balanced"/],
  [{ classWeights: [1, 0] }, /label '1' the weight 0; it must be a number above 0/],
  [{ class_weight: [1, 2] }, /Here it is classWeights/],
  [{ lrSchedulerKwargs: { power: 2 } }, /no setting of the schedule "linear" in lrSchedulerKwargs "power"/],
  [{ lrSchedulerType: "polynomial", lrSchedulerKwargs: { power: -1 } }, /lrSchedulerKwargs.power is -1; it must be/],
  [{ lrSchedulerType: "warmup_stable_decay" }, /lrSchedulerKwargs.numDecaySteps is undefined/],
  [
    { lrSchedulerType: "one_cycle", warmupSteps: 0.1 },
    /warmupSteps is 0.1, but the schedule "one_cycle" has no warm-up/,
  ],
  [{ trainSamplingStrategy: "batch_rebalance" }, /"batch_rebalance"; known are random, sequential, group_by_length/],
  [{ cacheMemory: "4 apples" }, /cacheMemory is "4 apples"; it must be a number of MB/],
  [{ cacheDisk: -1 }, /cacheDisk is -1/],
  [{ loadBestModelAtEnd: "false" }, /loadBestModelAtEnd is "false"; it must be true or false/],
  [{ frozenDropout: 0.1 }, /frozenDropout is 0.1/],
])("%j is refused", (args, message) => {
  expect(() => resolveArguments(args as TrainingArguments)).toThrow(message);
  expect(() => resolveArguments(args as TrainingArguments)).toThrow(expect.objectContaining({ code: "BAD_ARGUMENT" }));
});
