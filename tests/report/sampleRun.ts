/** Runs as a trainer would record them, with numbers of the size that the real model gives. */
import type { HistoryRow, RunRecord, StageRecord } from "../../src/history/history.ts";

const frozen = {
  frozenParameters: 22_565_376,
  frozenTensors: 99,
  before: "9f2b4c6d8e0a1b3c5d7e9f1a2b3c4d5e6f708192a3b4c5d6e7f8091a2b3c4d5e",
  after: "9f2b4c6d8e0a1b3c5d7e9f1a2b3c4d5e6f708192a3b4c5d6e7f8091a2b3c4d5e",
  changed: [],
  optimizerBytesForFrozen: 0,
};
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

/** Strategy 3: ten epochs in three stages. */
export const progressiveRun: RunRecord = {
  history: [
    row(1, 0, [0.66, 0.61, 0.672, 0.67], { learningRate: 5e-5, headLearningRate: 1e-3 }),
    row(2, 0, [0.6, 0.585, 0.69, 0.689], { learningRate: 4.6e-5, headLearningRate: 9.2e-4 }),
    row(3, 0, [0.58, 0.575, 0.702, 0.7], { learningRate: 4e-5, headLearningRate: 8e-4 }),
    row(4, 1, [0.5, 0.45, 0.79, 0.789], { learningRate: 3.5e-5, headLearningRate: 7e-4 }),
    row(5, 1, [0.41, 0.42, 0.812, 0.811], { learningRate: 2.9e-5, headLearningRate: 5.8e-4 }),
    row(6, 1, [0.35, 0.41, 0.823, 0.822], { learningRate: 2.3e-5, headLearningRate: 4.6e-4 }),
    row(7, 2, [0.29, 0.4, 0.835, 0.834], { learningRate: 1.7e-5, headLearningRate: 3.4e-4 }),
    row(8, 2, [0.22, 0.43, 0.841, 0.84], { learningRate: 1.1e-5, headLearningRate: 2.2e-4 }),
    row(9, 2, [0.17, 0.47, 0.838, 0.837], { learningRate: 5.7e-6, headLearningRate: 1.1e-4 }),
    row(10, 2, [0.15, 0.49, 0.836, 0.835], { learningRate: 0, headLearningRate: 0 }),
  ],
  stages: [
    stage("head", "head", 3, 0, 148_610, 0.12, [16, 0.702, 3]),
    stage("last 4 layers", "head, layers 2-5", 3, 3, 7_246_082, 0.72, [96, 0.823, 6]),
    stage("everything", "everything", 4, 6, totalParameters, 1, [178, 0.841, 8]),
  ],
  totalParameters,
  trainableParameters: totalParameters,
  seconds: 292,
  seed: 0,
  best: { epoch: 8, evalAccuracy: 0.841 },
  evidence: { ...frozen, frozenParameters: 0, frozenTensors: 0 },
};

/** Strategy 1: five epochs of the head alone. */
export const classifierRun: RunRecord = {
  history: [0.671, 0.69, 0.701, 0.704, 0.708].map((accuracy, i) =>
    row(i + 1, 0, [0.66 - 0.02 * i, 0.62 - 0.01 * i, accuracy, accuracy - 0.002], {
      learningRate: 1e-3 * (1 - (i + 1) / 5),
    }),
  ),
  stages: [stage("classifier only", "head", 5, 0, 148_610, 0.08, [21, 0.708, 5])],
  totalParameters,
  trainableParameters: 148_610,
  seconds: 21,
  seed: 0,
  best: { epoch: 5, evalAccuracy: 0.708 },
  evidence: frozen,
};

/** Strategy 2, with `seed` moving its numbers a little. */
export function lastLayersRun(seed: number): RunRecord & { test: { evalAccuracy: number; evalMacroF1: number } } {
  const accuracy = 0.806 + 0.004 * seed;
  return {
    history: [0.78, 0.8, accuracy].map((value, i) =>
      row(i + 1, 0, [0.55 - 0.08 * i, 0.47 - 0.02 * i, value, value], {
        learningRate: 5e-5 * (1 - (i + 1) / 3),
        headLearningRate: 1e-3,
      }),
    ),
    stages: [stage("last 2 layers", "head, layers 4-5", 3, 0, 3_697_538, 0.42, [44 + seed, accuracy, 3])],
    totalParameters,
    trainableParameters: 3_697_538,
    seconds: 44 + seed,
    seed,
    best: { epoch: 3, evalAccuracy: accuracy },
    evidence: { ...frozen, frozenParameters: totalParameters - 3_697_538, frozenTensors: 69 },
    test: { evalAccuracy: accuracy + 0.002, evalMacroF1: accuracy - 0.001 },
  };
}

function stage(
  name: string,
  trains: string,
  epochs: number,
  firstEpoch: number,
  trainableParameters: number,
  relativeCost: number,
  [seconds, bestMetric, bestEpoch]: readonly [number, number, number],
): StageRecord {
  const steps = 125 * epochs;
  return {
    name,
    trains,
    epochs,
    steps,
    trainableParameters,
    firstEpoch,
    relativeCost,
    seconds,
    bestMetric,
    bestEpoch,
  };
}

/** Three epochs of everything on several labels a text. */
export const multiLabelRun: RunRecord = {
  ...classifierRun,
  history: [
    [0.5, 0.42, 0.31, 0.2, 0.4],
    [0.4, 0.36, 0.58, 0.41, 0.5],
    [0.33, 0.35, 0.57, 0.44, 0.48],
  ].map(([loss, evalLoss, evalMicroF1, evalMacroF1, evalSubsetAccuracy], i) => ({
    ...{ step: 20 * (i + 1), epoch: i + 1, stage: 0, learningRate: 1e-4 },
    ...({ loss, evalLoss, evalMicroF1, evalMacroF1, evalSubsetAccuracy } as Partial<HistoryRow>),
  })),
  stages: [stage("everything", "everything", 3, 0, totalParameters, 1, [30, 0.58, 2])],
  metric: { key: "evalMicroF1", greaterIsBetter: true },
  best: { epoch: 2, evalMicroF1: 0.58 },
};

/** Three epochs of everything on targets whose squares are large. */
export const regressionRun: RunRecord = {
  ...classifierRun,
  history: [
    [5316.5, 4284.9, 40.1, -3.0069, -0.0515, -0.0988],
    [1200.25, 900.5, 20.2, 0.12, 0.4, 0.38],
    [800.125, 950.25, 21, 0.09, 0.42, 0.41],
  ].map(([loss, evalMse, evalMae, evalR2, evalPearson, evalSpearman], i) => ({
    ...{ step: 20 * (i + 1), epoch: i + 1, stage: 0, learningRate: 1e-4 },
    ...({ loss, evalLoss: evalMse, evalMse, evalMae, evalR2, evalPearson, evalSpearman } as Partial<HistoryRow>),
  })),
  stages: [stage("everything", "everything", 3, 0, totalParameters, 1, [30, 900.5, 2])],
  metric: { key: "evalMse", greaterIsBetter: false },
  best: { epoch: 2, evalMse: 900.5 },
};
