/** Metrics of a user's own: kept and shown like the others, and refused before training where something is wrong with them. */
import { expect, test } from "vitest";
import { TextDataset } from "../../src/data/textDataset.ts";
import { type ComputeMetrics, type EvalPrediction, OwnMetrics } from "../../src/evaluate/computeMetrics.ts";
import { AutoModelForSequenceClassification } from "../../src/models/autoModel.ts";
import type { TrainingArguments } from "../../src/plan/arguments.ts";
import { compareRuns } from "../../src/show/compareRuns.ts";
import { epochTable } from "../../src/show/epochTable.ts";
import { goldenPath } from "../golden/read.ts";
import { temporaryFolder } from "../temporary.ts";
import { outcome } from "./outcome.ts";
import { letters, tinyModel, tinyTrainer, weightsOf } from "./tiny.ts";

const probability = (logits: Float32Array, label: number) => {
  const all = [...logits].map((logit) => Math.exp(logit - Math.max(...logits)));
  return (all[label] as number) / all.reduce((sum, each) => sum + each, 0);
};
const meanOf = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;

/** The Brier score, which is better the lower it is, and two that the log has by other names. */
const ofThree: ComputeMetrics = ({ predictions, labelIds }) => {
  const right = predictions.map((logits, i) => probability(logits, labelIds[i] as number));
  return {
    brier: meanOf(right.map((p) => (1 - p) ** 2)),
    share_right: meanOf(right.map((p) => (p > 0.5 ? 1 : 0))),
    crossEntropy: meanOf(right.map((p) => -Math.log(p))),
  };
};

const stages = [{ train: "all", epochs: 4, lrSchedulerType: "constant" }] as const;
const byBrier = { metricForBestModel: "brier", greaterIsBetter: false } as const;

test("they are computed from the logits and labels of the validation data, and stand in the log, the table and the report", async () => {
  const trainer = await tinyTrainer({ stages, computeMetrics: ofThree, args: byBrier });
  const run = await trainer.train();
  for (const row of run.history) {
    expect(row.evalShareRight).toBe(row.evalAccuracy);
    expect(row.evalCrossEntropy).toBeCloseTo(row.evalLoss as number, 6);
  }
  const scores = run.history.map(({ evalBrier }) => evalBrier as number);
  expect(new Set(scores).size).toBe(4);
  expect(run.record.metric).toEqual({ key: "evalBrier", greaterIsBetter: false });
  expect(run.best?.evalBrier).toBe(Math.min(...scores));
  expect((await trainer.evaluate()).evalBrier).toBeCloseTo(Math.min(...scores), 6);
  const { history: rows, metric } = run.record;
  const stagePlans = run.record.stages.map(({ plan }) => plan);
  const table = String(epochTable({ rows, stages: stagePlans, metric }));
  expect(table).toMatch(/Macro F1 +Brier +Share right +Cross entropy/);
  expect(String(run.report())).toMatch(/validation brier 0\.\d+/);
  expect(JSON.parse(JSON.stringify(run.record))).toEqual(run.record);
});

test("the one that chooses the best epoch decides which weights come back, in the direction that was given", async () => {
  const epochs: number[] = [];
  for (const greaterIsBetter of [true, false]) {
    let count = 0;
    const computeMetrics = () => ({ rises: [0.5, 0.1, 0.9, 0.2, 0.3][count++] as number }); // the first is the trial
    const trainer = await tinyTrainer({
      ...{ stages, computeMetrics },
      args: { metricForBestModel: "eval_rises", greaterIsBetter },
    });
    const run = await trainer.train();
    expect(count).toBe(5);
    epochs.push(run.record.weights.epoch);
  }
  expect(epochs).toEqual([2, 1]);
});

test("patience follows it", async () => {
  let count = 0;
  const computeMetrics = async () => ({ falls: 1 - count++ / 10 });
  const trainer = await tinyTrainer({
    stages: [{ train: "all", epochs: 10, patience: 2 }],
    ...{ computeMetrics, args: { metricForBestModel: "falls", greaterIsBetter: true } },
  });
  expect((await trainer.train()).record.stages[0]?.outcome).toMatchObject({ ended: "patience", epochs: 3 });
});

test("they have a curve, each in a range in which it can be read beside the others", async () => {
  const namesOf = async (computeMetrics: ComputeMetrics, args: TrainingArguments = {}) => {
    const run = await (await tinyTrainer({ stages, computeMetrics, args })).train();
    const { data, layout } = run.figure() as unknown as {
      data: readonly { name: string; yaxis?: string }[];
      layout: { yaxis2: { tickformat?: string } };
    };
    const names = data.filter(({ yaxis }) => yaxis === "y2").map(({ name }) => name);
    return { names: names.filter((name) => !name.includes("best")), ticks: layout.yaxis2.tickformat };
  };
  const count: ComputeMetrics = ({ predictions }) => ({ count: 100 + predictions.length });
  expect(await namesOf(ofThree)).toMatchObject({
    names: expect.arrayContaining(["accuracy", "macro F1", "brier", "share right"]),
    ticks: undefined,
  });
  expect(await namesOf(count)).toMatchObject({ names: ["macro F1", "accuracy"], ticks: expect.stringMatching("%") });
  const counted = { metricForBestModel: "count", greaterIsBetter: true };
  expect(await namesOf(count, counted)).toEqual({ names: ["count"], ticks: undefined });
});

test("a comparison has a column of those on the test data", async () => {
  const trainer = await tinyTrainer({ stages, computeMetrics: ofThree });
  const run = await trainer.train();
  run.test = await trainer.evaluate(letters(30, 5));
  expect(String(compareRuns({ one: run }))).toMatch(/Test accuracy +Test macro F1 +Test brier +Test share right/);
});

test("a run that goes on from a checkpoint has those of the unbroken one", async () => {
  const options = { stages, computeMetrics: ofThree };
  const args = { ...byBrier, saveStrategy: "epoch", perDeviceTrainBatchSize: 8 } as const;
  const whole = await tinyTrainer({ ...options, args: { ...args, outputDir: temporaryFolder() } });
  await whole.train();
  const outputDir = temporaryFolder();
  const first = await tinyTrainer({ ...options, args: { ...args, outputDir } });
  for await (const event of first.events()) if (event.kind === "save" && event.step === 10) break;
  const second = await tinyTrainer({ ...options, args: { ...args, outputDir } });
  await second.train({ resumeFromCheckpoint: true });
  expect(second.run?.record.resumedAt).toEqual([10]);
  expect(outcome(second)).toEqual(outcome(whole));
});

test("a function that changes what it is given changes nothing else", async () => {
  const plain = await tinyTrainer({ stages });
  await plain.train();
  const trainer = await tinyTrainer({
    stages,
    computeMetrics: ({ predictions, labelIds }) => {
      for (const logits of predictions) logits.fill(0);
      labelIds.fill(1);
      return {};
    },
  });
  await trainer.train();
  expect(outcome(trainer)).toEqual(outcome(plain));
});

test("one that is not defined is left out, and the notice says whose it is", async () => {
  const trainer = await tinyTrainer({
    stages,
    computeMetrics: () => ({ auc: Number.NaN, other: undefined }),
    args: { metricForBestModel: "auc", greaterIsBetter: true },
  });
  const run = await trainer.train();
  expect(run.history.some((row) => "evalAuc" in row || "evalOther" in row)).toBe(false);
  expect(run.record.notices.join(" ")).toMatch(
    /Validation auc is not defined in 4 of 4 epochs, where computeMetrics gave no number: the epochs were compared by their validation loss/,
  );
});

test("with several labels and with targets they come row by row, with the data set", async () => {
  const given: EvalPrediction[] = [];
  const computeMetrics: ComputeMetrics = (prediction) => {
    given.push(prediction);
    return { largest: Math.max(...prediction.labelIds) };
  };
  const texts = letters(16).texts;
  const several = TextDataset.fromRows(
    texts.map((text, i) => ({ text, label: i % 3 === 0 ? ["a", "b"] : ["c"] })),
    { problemType: "multi_label_classification", labels: ["a", "b", "c"] },
  );
  const targets = TextDataset.fromRows(
    texts.map((text, i) => ({ text, label: i / 4 })),
    { problemType: "regression" },
  );
  for (const [data, model] of [
    [several, await tinyModel({}, 3)],
    [
      targets,
      await AutoModelForSequenceClassification.fromPretrained(goldenPath("bert-tiny-base"), {
        ...{ seed: 1, numLabels: 1, problemType: "regression" },
      }),
    ],
  ] as const) {
    const trainer = await tinyTrainer({ model, trainDataset: data, evalDataset: data, computeMetrics });
    const { evalLargest } = await trainer.evaluate();
    expect(evalLargest).toBe(data === several ? 1 : 3.75);
  }
  expect([...(given[0] as EvalPrediction).labelIds].slice(0, 6)).toEqual([1, 1, 0, 0, 0, 1]);
  expect(given[0]?.predictions.map(({ length }) => length)).toEqual(Array(16).fill(3));
  expect([...(given[1] as EvalPrediction).labelIds].slice(0, 3)).toEqual([0, 0.25, 0.5]);
  expect(given[1]?.dataset).toBe(targets);
});

const bad: readonly (readonly [string, ComputeMetrics, RegExp])[] = [
  [
    "throws",
    () => {
      throw new TypeError("labelIds.map(...) is not a function");
    },
    /computeMetrics failed with the data set ".*": labelIds\.map\(\.\.\.\) is not a function/,
  ],
  ["rejects", () => Promise.reject(new Error("no")), /computeMetrics failed with the data set ".*": no/],
  [
    "returns nothing",
    (() => {}) as unknown as ComputeMetrics,
    /returned nothing; it must return numbers by their names/,
  ],
  ["returns a number", (() => 0.5) as unknown as ComputeMetrics, /returned 0\.5; it must return numbers/],
  ["returns a list", (() => [0.5]) as unknown as ComputeMetrics, /returned \[ 0\.5 \]; it must return numbers/],
  ["gives text", (() => ({ mcc: "0.5" })) as unknown as ComputeMetrics, /returned '0\.5' as "mcc"/],
  ["gives null", (() => ({ mcc: null })) as unknown as ComputeMetrics, /returned null as "mcc"/],
  ["gives Infinity", () => ({ ratio: Number.POSITIVE_INFINITY }), /returned Infinity as "ratio"/],
  ["repeats a metric", () => ({ accuracy: 1 }), /"accuracy", but evalAccuracy is in the log anyway/],
  ["repeats one of another problem", () => ({ eval_mse: 1 }), /"eval_mse", but evalMse is in the log anyway/],
  ["repeats itself", () => ({ f_beta: 1, fBeta: 2 }), /"f_beta" and "fBeta", which are both evalFBeta/],
  ["gives a phrase", () => ({ "recall of spam": 1 }), /the name "recall of spam"; names begin with a letter/],
  ["takes the time's name", () => ({ seconds: 1 }), /"seconds" is the time of the evaluation/],
];

test.each(bad)("a function that %s is refused before the first step", async (_, computeMetrics, message) => {
  const trainer = await tinyTrainer({ stages, computeMetrics });
  const before = weightsOf(trainer);
  await expect(trainer.train()).rejects.toMatchObject({
    code: "BAD_METRICS",
    message: expect.stringMatching(message),
  });
  expect(weightsOf(trainer)).toEqual(before);
  expect(trainer.run).toBeUndefined();
});

test("one that fails later ends the run with its error, and the run is kept until there", async () => {
  let calls = 0;
  const computeMetrics = () => {
    if (++calls > 3) throw new Error("the third evaluation");
    return {};
  };
  const trainer = await tinyTrainer({ stages, computeMetrics });
  await expect(trainer.train()).rejects.toMatchObject({
    code: "BAD_METRICS",
    message: expect.stringMatching(/the third evaluation/),
  });
  expect(trainer.run?.record).toMatchObject({
    status: { state: "failed", code: "BAD_METRICS", during: "evaluation" },
    history: [{ epoch: 1 }, { epoch: 2 }],
  });
});

test("the metric that chooses the best epoch has to be among them, with its direction", async () => {
  const choose = (args: TrainingArguments, computeMetrics?: ComputeMetrics) =>
    tinyTrainer({ stages, args, ...(computeMetrics === undefined ? {} : { computeMetrics }) });
  await expect(choose({ metricForBestModel: "brier" })).rejects.toThrow(
    /metricForBestModel is "brier"; of problem type/,
  );
  await expect(choose({ metricForBestModel: "brier" }, ofThree)).rejects.toThrow(
    /"brier", a metric of computeMetrics: say with greaterIsBetter: true or false/,
  );
  const misspelt = await choose({ metricForBestModel: "bier", greaterIsBetter: false }, ofThree);
  await expect(misspelt.train()).rejects.toMatchObject({
    code: "BAD_ARGUMENT",
    message: expect.stringMatching(
      /"evalBier", which is not among the metrics of computeMetrics: it returned evalBrier, evalShareRight, evalCrossEntropy/,
    ),
  });
  await expect(tinyTrainer({ computeMetrics: "mcc" as unknown as ComputeMetrics })).rejects.toThrow(
    /The trainer's computeMetrics is something else: give a function/,
  );
});

test("names of a metric are those of the log, however they are written", async () => {
  const keysOf = async (name: string) =>
    Object.keys(await new OwnMetrics(() => ({ [name]: 1 })).of(letters(2), [new Float32Array(2), new Float32Array(2)]));
  for (const name of ["macroRecall", "macro_recall", "evalMacroRecall", "eval_macro_recall"]) {
    expect(await keysOf(name)).toEqual(["evalMacroRecall"]);
  }
  expect(await keysOf("f2")).toEqual(["evalF2"]);
  expect(await keysOf("evaluator")).toEqual(["evalEvaluator"]);
});
