/** Runs as a trainer would record them, with numbers of the size that the real model gives. */

import type { StagePlan } from "../../src/plan/plan.ts";
import { accuracyMetric, indexOfBestEpoch, type ModelMetric } from "../../src/task/metrics.ts";
import {
  bestOfRow,
  type HistoryRow,
  type RunRecord,
  type StageOutcome,
  type StageRecord,
} from "../../src/train/runRecord.ts";

const hash = "9f2b4c6d8e0a1b3c5d7e9f1a2b3c4d5e6f708192a3b4c5d6e7f8091a2b3c4d5e";
const totalParameters = 22_713_986;

function row(
  epoch: number,
  stage: number,
  values: readonly [number, number, number, number],
  rates: Partial<HistoryRow>,
) {
  const [loss, evalLoss, evalAccuracy, evalMacroF1] = values;
  return {
    step: 125 * epoch,
    epoch,
    stage,
    loss,
    evalLoss,
    evalAccuracy,
    evalMacroF1,
    epochSeconds: 20,
    evalSeconds: 4,
    ...rates,
  };
}

/** What a stage was and what it did, in the words of the table. */
interface StageSpec {
  readonly name: string;
  readonly trains: string;
  readonly epochs: number;
  readonly trainableParameters: number;
  /** Work per epoch, in epochs of training everything. */
  readonly cost: number;
  readonly seconds: number;
  readonly rates: Partial<Pick<StagePlan, "learningRate" | "headLearningRate" | "warmupSteps" | "patience">>;
  /** Default: all of them. */
  readonly done?: number;
  readonly stepsPerEpoch?: number;
}

export interface RunSpec {
  readonly history: readonly HistoryRow[];
  readonly stages: readonly StageSpec[];
  readonly metric?: ModelMetric;
  readonly seed?: number;
  readonly test?: RunRecord["test"];
}

/** A whole record out of what makes a run: its rows and its stages. */
export function recordOf({ history, stages, metric = accuracyMetric, seed = 0, test }: RunSpec): RunRecord {
  const best = indexOfBestEpoch(history, metric);
  const bestRow = best === undefined ? undefined : history[best];
  const weightsOf = bestRow ?? history.at(-1);
  const trainable = Math.max(...stages.map(({ trainableParameters }) => trainableParameters));
  const data = {
    isPairs: false,
    problemType: "single_label_classification",
    labels: ["negative", "positive"],
  } as const;
  const records = stages.map((spec, i) => stageRecord(spec, i, stages, history, metric));
  return {
    version: 1,
    status: { state: "finished" },
    model: {
      name: "sentence-transformers/all-MiniLM-L6-v2",
      family: "bert",
      problemType: "single_label_classification",
      labels: data.labels,
      baseSha256: hash,
      newlyInitialized: ["classifier.weight", "classifier.bias"],
      start: "pretrained",
      earlierSteps: 0,
    },
    data: {
      train: {
        ...data,
        name: "reviews, train",
        rows: 2000,
        labelCounts: { negative: 1008, positive: 992 },
        tokens: 52000,
        cut: 0,
        sha256: hash,
      },
      evaluation: {
        ...data,
        name: "reviews, validation",
        rows: 1000,
        labelCounts: { negative: 504, positive: 496 },
        tokens: 26000,
        cut: 0,
        sha256: hash,
      },
    },
    args: { perDeviceTrainBatchSize: 16, seed, numTrainEpochs: history.length, lrSchedulerType: "linear" },
    stages: records,
    history,
    metric,
    ...(bestRow === undefined ? {} : { best: bestOfRow(bestRow, metric) }),
    weights: { start: hash, end: hash, step: weightsOf?.step ?? 0, epoch: weightsOf?.epoch ?? 0 },
    evidence: {
      frozenParameters: totalParameters - trainable,
      frozenTensors: trainable === totalParameters ? 0 : 99,
      before: hash,
      after: hash,
      changed: [],
      optimizerBytesForFrozen: 0,
    },
    totalParameters,
    trainableParameters: trainable,
    seconds: stages.reduce((sum, { seconds }) => sum + seconds, 0),
    versions: {
      thaw: "0.1.0",
      node: "20.20.2",
      engine: "TensorFlow 2.21.0 (cpu)",
      operations: "native",
      system: "linux 6.18",
      processor: "AMD EPYC",
      threads: 2,
    },
    notices: [],
    ...(test === undefined ? {} : { test }),
  };
}

function stageRecord(
  spec: StageSpec,
  index: number,
  stages: readonly StageSpec[],
  history: readonly HistoryRow[],
  metric: ModelMetric,
): StageRecord {
  const { name, trains, epochs, trainableParameters, cost, seconds, rates, done = epochs, stepsPerEpoch = 125 } = spec;
  const planned = stages.slice(0, index).reduce((sum, stage) => sum + stage.epochs, 0);
  const before = stages.slice(0, index).reduce((sum, stage) => sum + (stage.done ?? stage.epochs), 0);
  const rows = history.filter(({ stage }) => stage === index);
  const best = indexOfBestEpoch(rows, metric);
  const written = { name, train: trains === "head" ? "head" : "all", epochs } as const;
  const { learningRate, headLearningRate, warmupSteps = 0, patience } = rates;
  const ofStage = {
    ...(learningRate === undefined ? {} : { learningRate }),
    ...(headLearningRate === undefined ? {} : { headLearningRate }),
    ...(patience === undefined ? {} : { patience }),
  };
  return {
    plan: {
      name,
      trains,
      written: { ...written, ...ofStage },
      resolved: { ...written, ...ofStage, lrSchedulerType: "linear", warmupSteps },
      parameters: ["classifier.weight", "classifier.bias"],
      trainableParameters,
      epochs,
      steps: stepsPerEpoch * epochs,
      firstEpoch: planned + 1,
      ...ofStage,
      lrSchedulerType: "linear",
      warmupSteps,
      cost: { prefix: 0, epoch: cost },
      relativeCost: cost,
    },
    outcome: {
      ended: done < epochs ? "patience" : "all epochs",
      epochs: done,
      steps: stepsPerEpoch * done,
      firstEpoch: before + 1,
      fullEpochs: cost * done,
      seconds,
      prefixSeconds: 0,
      ...(best === undefined ? {} : { best: bestOfRow(rows[best] as HistoryRow, metric) }),
    },
  };
}

/** Strategy 3: ten epochs in three stages. */
export const progressiveRun: RunRecord = recordOf({
  history: [
    row(1, 0, [0.66, 0.61, 0.672, 0.67], { headLearningRate: 6.7e-4 }),
    row(2, 0, [0.6, 0.585, 0.69, 0.689], { headLearningRate: 3.4e-4 }),
    row(3, 0, [0.58, 0.575, 0.702, 0.7], { headLearningRate: 2.7e-6 }),
    row(4, 1, [0.5, 0.45, 0.79, 0.789], { learningRate: 3.4e-5, headLearningRate: 3.4e-5 }),
    row(5, 1, [0.41, 0.42, 0.812, 0.811], { learningRate: 1.7e-5, headLearningRate: 1.7e-5 }),
    row(6, 1, [0.35, 0.41, 0.823, 0.822], { learningRate: 1.3e-7, headLearningRate: 1.3e-7 }),
    row(7, 2, [0.29, 0.4, 0.835, 0.834], { learningRate: 3.8e-5, headLearningRate: 3.8e-5 }),
    row(8, 2, [0.22, 0.43, 0.841, 0.84], { learningRate: 2.5e-5, headLearningRate: 2.5e-5 }),
    row(9, 2, [0.17, 0.47, 0.838, 0.837], { learningRate: 1.3e-5, headLearningRate: 1.3e-5 }),
    row(10, 2, [0.15, 0.49, 0.836, 0.835], { learningRate: 1e-7, headLearningRate: 1e-7 }),
  ],
  stages: [
    {
      ...{ name: "head", trains: "head", epochs: 3, trainableParameters: 148_610, cost: 0.12, seconds: 16 },
      rates: { headLearningRate: 1e-3, warmupSteps: 38 },
    },
    {
      ...{ name: "last 4 layers", trains: "head, layers 2-5", epochs: 3, trainableParameters: 7_246_082, cost: 0.72 },
      ...{ seconds: 96, rates: { learningRate: 5e-5, headLearningRate: 5e-5, warmupSteps: 38 } },
    },
    {
      ...{ name: "everything", trains: "everything", epochs: 4, trainableParameters: totalParameters, cost: 1 },
      ...{ seconds: 178, rates: { learningRate: 5e-5, headLearningRate: 5e-5, warmupSteps: 50 } },
    },
  ],
});

/** Strategy 1: five epochs of the head alone. */
export const classifierRun: RunRecord = recordOf({
  history: [0.671, 0.69, 0.701, 0.704, 0.708].map((accuracy, i) =>
    row(i + 1, 0, [0.66 - 0.02 * i, 0.62 - 0.01 * i, accuracy, accuracy - 0.002], {
      headLearningRate: 1e-3 * (1 - (125 * (i + 1) - 1) / 625),
    }),
  ),
  stages: [
    {
      ...{ name: "classifier only", trains: "head", epochs: 5, trainableParameters: 148_610, cost: 0.08, seconds: 21 },
      rates: { headLearningRate: 1e-3 },
    },
  ],
});

/** Strategy 2, with `seed` moving its numbers a little. */
export function lastLayersRun(seed: number): RunRecord & { test: { evalAccuracy: number; evalMacroF1: number } } {
  const accuracy = 0.806 + 0.004 * seed;
  const test = { evalAccuracy: accuracy + 0.002, evalMacroF1: accuracy - 0.001 };
  const record = recordOf({
    seed,
    test,
    history: [0.78, 0.8, accuracy].map((value, i) =>
      row(i + 1, 0, [0.55 - 0.08 * i, 0.47 - 0.02 * i, value, value], {
        learningRate: 5e-5 * (1 - (i + 1) / 3),
        headLearningRate: 1e-3 * (1 - (i + 1) / 3),
      }),
    ),
    stages: [
      {
        ...{ name: "last 2 layers", trains: "head, layers 4-5", epochs: 3, trainableParameters: 3_697_538, cost: 0.42 },
        ...{ seconds: 44 + seed, rates: { learningRate: 5e-5, headLearningRate: 1e-3 } },
      },
    ],
  });
  return { ...record, test };
}

const everything = {
  ...{
    name: "everything",
    trains: "everything",
    epochs: 3,
    trainableParameters: totalParameters,
    cost: 1,
    seconds: 30,
  },
  ...{ rates: { learningRate: 1e-4, headLearningRate: 1e-4 }, stepsPerEpoch: 20 },
} as const;

/** Three epochs of everything on examples with several labels. */
export const multiLabelRun: RunRecord = recordOf({
  history: [
    [0.5, 0.42, 0.31, 0.2, 0.4],
    [0.4, 0.36, 0.58, 0.41, 0.5],
    [0.33, 0.35, 0.57, 0.44, 0.48],
  ].map(([loss, evalLoss, evalMicroF1, evalMacroF1, evalSubsetAccuracy], i) => ({
    ...{ step: 20 * (i + 1), epoch: i + 1, stage: 0, learningRate: 1e-4 },
    ...({ loss, evalLoss, evalMicroF1, evalMacroF1, evalSubsetAccuracy } as Partial<HistoryRow>),
  })),
  stages: [everything],
  metric: { key: "evalMicroF1", greaterIsBetter: true },
});

/** Three epochs of everything on targets whose squares are large. */
export const regressionRun: RunRecord = recordOf({
  history: [
    [5316.5, 4284.9, 40.1, -3.0069, -0.0515, -0.0988],
    [1200.25, 900.5, 20.2, 0.12, 0.4, 0.38],
    [800.125, 950.25, 21, 0.09, 0.42, 0.41],
  ].map(([loss, evalMse, evalMae, evalR2, evalPearson, evalSpearman], i) => ({
    ...{ step: 20 * (i + 1), epoch: i + 1, stage: 0, learningRate: 1e-4 },
    ...({ loss, evalLoss: evalMse, evalMse, evalMae, evalR2, evalPearson, evalSpearman } as Partial<HistoryRow>),
  })),
  stages: [everything],
  metric: { key: "evalMse", greaterIsBetter: false },
});

/** A stage of ten epochs that patience ended after three, and one after it. */
export const patientRun: RunRecord = recordOf({
  history: [
    row(1, 0, [0.66, 0.61, 0.672, 0.67], { headLearningRate: 9e-4 }),
    row(2, 0, [0.6, 0.62, 0.66, 0.66], { headLearningRate: 8e-4 }),
    row(3, 0, [0.58, 0.63, 0.65, 0.65], { headLearningRate: 7e-4 }),
    row(4, 1, [0.5, 0.45, 0.79, 0.789], { learningRate: 1e-5, headLearningRate: 1e-5 }),
  ],
  stages: [
    {
      ...{ name: "head", trains: "head", epochs: 10, trainableParameters: 148_610, cost: 0.08, seconds: 9, done: 3 },
      rates: { headLearningRate: 1e-3, patience: 2 },
    },
    {
      ...{ name: "everything", trains: "everything", epochs: 1, trainableParameters: totalParameters, cost: 1 },
      ...{ seconds: 40, rates: { learningRate: 5e-5, headLearningRate: 5e-5 } },
    },
  ],
});

const cutShort = recordOf({
  history: [row(1, 0, [0.66, 0.61, 0.672, 0.67], { learningRate: 3e-5, headLearningRate: 6e-4 })],
  stages: [
    {
      ...{ name: "last 2 layers", trains: "head, layers 4-5", epochs: 3, trainableParameters: 3_697_538, cost: 0.42 },
      ...{ seconds: 20, rates: { learningRate: 5e-5, headLearningRate: 1e-3 }, done: 1 },
    },
  ],
});

/** Stopped in the second of three epochs. */
export const stoppedRun: RunRecord = {
  ...cutShort,
  stages: cutShort.stages.map(({ plan, outcome }) => ({
    plan,
    outcome: { ...(outcome as StageOutcome), ended: "stopped", steps: 150, fullEpochs: 0.42 * 1.2 },
  })),
  status: { state: "stopped", stage: 0, during: "training", step: 150, epoch: 1.2, reason: "Interrupted" },
  weights: { start: hash, end: hash.split("").reverse().join(""), step: 150, epoch: 1.2 },
};
