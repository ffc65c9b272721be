import { inspect } from "node:util";
import { expect, test } from "vitest";
import { displaySymbol } from "../../src/display/bundle.ts";
import type { StageRecord } from "../../src/history/history.ts";
import { planTable } from "../../src/report/planTable.ts";
import { evidenceSentence, runReport } from "../../src/report/runReport.ts";
import { classifierRun, progressiveRun } from "./sampleRun.ts";

test("the report has a row for each stage, with its time and its best epoch", () => {
  const report = runReport(progressiveRun);
  expect(report.stages.rows[1]).toEqual([
    "last 4 layers",
    "head, layers 2-5",
    3,
    "7,246,082",
    "72.0%",
    "1:36",
    "82.3% (epoch 6)",
  ]);
  expect(report.stages.rows).toHaveLength(3);
  expect(inspect(report)).toBe(String(report));
  expect(Object.keys(report[displaySymbol]())).toEqual(["text/html", "text/plain"]);
});

test("the evidence names what was frozen and shows that it did not move", () => {
  expect(runReport(classifierRun).sentences).toEqual([
    "Trained 148,610 of 22,713,986 parameters (0.7%) in 0:21, seed 0; the model has the weights of epoch 5, validation accuracy 70.8%.",
    "22,565,376 parameters in 99 tensors stayed frozen: 0 bytes changed (SHA-256 9f2b4c6d8e0a before, 9f2b4c6d8e0a after); " +
      "optimizer state held for them: 0 bytes.",
  ]);
  expect(evidenceSentence(progressiveRun.evidence)).toBe("Nothing was frozen during the whole run.");
});

test("with several stages the evidence says what each of them froze", () => {
  expect(runReport(progressiveRun).sentences.slice(1)).toEqual([
    "Nothing was frozen during the whole run.",
    "Parameters frozen within a stage, hashed before and after it, 0 bytes changed: head: 22,565,376; " +
      "last 4 layers: 15,467,904.",
  ]);
});

test("notices stand at the end of the report", () => {
  const report = runReport({ ...classifierRun, notices: ["Batches were made of texts of like length."] });
  expect(report.sentences).toHaveLength(3);
  expect(String(report)).toMatch(/0 bytes\.\nBatches were made of texts of like length\.$/);
});

test("evidence of a change is never hidden", () => {
  const changed = {
    ...classifierRun.evidence,
    after: "00ff00ff00ff00ff",
    changed: ["bert.embeddings.word_embeddings.weight"],
  };
  expect(evidenceSentence(changed)).toMatch(
    /but 1 of these tensors changed .*00ff00ff00ff after\): bert\.embeddings\.word_emb/,
  );
});

test("with a prediction, time and memory stand beside what was measured", () => {
  const [head, layers, all] = progressiveRun.stages as [StageRecord, StageRecord, StageRecord];
  const stages = [
    { ...head, predictedSeconds: 18, predictedMemory: 6.1e8 },
    { ...layers, predictedSeconds: 99, predictedMemory: 9.5e8, peakMemory: 9.1e8 },
    { ...all, predictedSeconds: 170, predictedMemory: 1.25e9, peakMemory: 1.3e9 },
  ];
  const { columns, rows } = runReport({ ...progressiveRun, stages }).stages;
  expect(columns.map(({ title }) => title).slice(5, 9)).toEqual([
    "Predicted time",
    "Time",
    "Predicted memory",
    "Peak memory",
  ]);
  expect(rows.map((row) => row.slice(5, 9))).toEqual([
    ["0:18", "0:16", "610 MB", "no more than before"],
    ["1:39", "1:36", "950 MB", "910 MB"],
    ["2:50", "2:58", "1.25 GB", "1.30 GB"],
  ]);
  const table = planTable(stages, 22_713_986);
  expect(table.rows.map((row) => row.slice(-2))).toEqual([
    ["0:18", "610 MB"],
    ["1:39", "950 MB"],
    ["2:50", "1.25 GB"],
    ["4:47", "1.25 GB"],
  ]);
  expect(table.caption).toMatch(/Time: from what one layer takes on this machine/);
});

test("a run that has not been evaluated says so", () => {
  const { best: _, ...unseen } = classifierRun;
  expect(runReport(unseen).sentences[0]).toMatch(/nothing was held out/);
});

test("a plan lists epochs, rates and predicted cost, and sums up", () => {
  const rates = { learningRate: 5e-5, headLearningRate: 1e-3, lrSchedulerType: "linear", warmupSteps: 37 };
  const planned = progressiveRun.stages.map((stage, i) => ({
    ...stage,
    ...(i === 0 ? { headLearningRate: 1e-3 } : rates),
  }));
  const table = planTable(planned, 22_713_986);
  expect(table.rows).toEqual([
    ["head", "head", "0-2", "375", "148,610 (0.7%)", "", "1.00e-3", "", "12.0%"],
    [
      "last 4 layers",
      "head, layers 2-5",
      "3-5",
      "375",
      "7,246,082 (31.9%)",
      "5.00e-5",
      "1.00e-3",
      "linear, 37 steps of warmup",
      "72.0%",
    ],
    [
      "everything",
      "everything",
      "6-9",
      "500",
      "22,713,986 (100.0%)",
      "5.00e-5",
      "1.00e-3",
      "linear, 37 steps of warmup",
      "100.0%",
    ],
    ["all", "", 10, "1,250", "", "", "", "", "65.2%"],
  ]);
  expect(table.caption).toMatch(/^3 stages over 22,713,986 parameters/);
});
