import { inspect } from "node:util";
import { expect, test } from "vitest";
import { displaySymbol } from "../../shared/mimeBundle.ts";
import { evidenceSentence, runReport } from "../../src/show/report.ts";
import type { RunRecord, StageOutcome } from "../../src/train/runRecord.ts";
import type { StageEvidence } from "../../src/train/stageEvidence.ts";
import { classifierRun, lastLayersRun, patientRun, progressiveRun, regressionRun, stoppedRun } from "./sampleRun.ts";

const outcomesOf = (run: RunRecord, change: (outcome: StageOutcome, index: number) => Partial<StageOutcome>) =>
  run.stages.map(({ plan, outcome }, i) => ({
    plan,
    outcome: { ...(outcome as StageOutcome), ...change(outcome as StageOutcome, i) },
  }));

test("the report has a row for each stage, with its time and its best epoch", () => {
  const report = runReport(progressiveRun);
  expect(report.stages.rows[1]).toEqual([
    "last 4 layers",
    "head, layers 2-5",
    "3",
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

test("the evidence of each stage says what was frozen, what the optimizer held, and what trained from random values", () => {
  const evidence: StageEvidence = {
    frozen: { tensors: 99, parameters: 22_565_376, before: "ab".repeat(32), after: "ab".repeat(32), changed: [] },
    optimizer: { trainable: 4, updated: 3, withoutGradient: ["mask_emb"], frozen: 0 },
    steps: { lowest: 250, highest: 375, fewer: { "bert.pooler.dense.weight": 250 } },
    newlyInitialized: { trained: ["classifier.weight"], untrained: ["classifier.bias"] },
  };
  const stages = progressiveRun.stages.map(({ plan, outcome }, i) => ({
    plan,
    ...(outcome === undefined ? {} : { outcome: i === 0 ? { ...outcome, evidence } : outcome }),
  }));
  expect(runReport({ ...progressiveRun, stages }).sentences.slice(1)).toEqual([
    "Nothing was frozen during the whole run.",
    'Stage "head": 99 tensors frozen (22,565,376 parameters), 0 tensors changed (SHA-256 abababababab before, abababababab ' +
      "after); the optimizer updated 3 of 4 trainable tensors and holds 0 frozen ones, step counts 250 to 375 (fewer: " +
      "bert.pooler.dense.weight); no gradient for mask_emb; trained from random values: classifier.weight; still random: " +
      "classifier.bias.",
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
  expect(evidenceSentence({ ...classifierRun.evidence, after: null })).toMatch(/were not hashed again at the end/);
});

test("with a prediction, time and memory stand beside what was measured; the pass through the frozen layers has a column", () => {
  const forecasts = [
    { predictedSeconds: 18, predictedMemory: 6.1e8 },
    { predictedSeconds: 99, predictedMemory: 9.5e8 },
    { predictedSeconds: 170, predictedMemory: 1.25e9 },
  ];
  const measured = [{ prefixSeconds: 14.2 }, { peakMemory: 9.1e8, prefixSeconds: 0.42 }, { peakMemory: 1.3e9 }];
  const stages = outcomesOf(progressiveRun, (_, i) => measured[i] ?? {}).map(({ plan, outcome }, i) => ({
    plan: { ...plan, ...forecasts[i] },
    outcome,
  }));
  const { columns, rows } = runReport({ ...progressiveRun, stages }).stages;
  expect(columns.map(({ title }) => title).slice(5, 10)).toEqual([
    "Predicted time",
    "Time",
    "of it frozen layers",
    "Predicted memory",
    "Peak memory",
  ]);
  expect(rows.map((row) => row.slice(5, 10))).toEqual([
    ["0:18", "0:16", "0:14", "610 MB", "no more than before"],
    ["1:39", "1:36", "0.42 s", "950 MB", "910 MB"],
    ["2:50", "2:58", "", "1.25 GB", "1.30 GB"],
  ]);
});

test("a stage that patience ended is told as what was planned and what was done, and why", () => {
  const { stages, sentences } = runReport(patientRun);
  expect(stages.rows.map((row) => row[2])).toEqual(["3 of 10", "1"]);
  expect(sentences).toContain(
    'Stage "head" ended after 3 of 10 epochs: patience 2, no better validation in 2 epochs in a row.',
  );
  expect(String(runReport(progressiveRun))).not.toMatch(/patience/);
});

test("a run that was stopped, or ended by an error, says where, why, and which weights there are", () => {
  expect(runReport(stoppedRun).sentences.slice(0, 2)).toEqual([
    "The run was stopped at step 150 of 375, in epoch 2 of 3 (training): Interrupted.",
    "Trained 3,697,538 of 22,713,986 parameters (16.3%) in 0:20, seed 0; the model has the weights of step 150, within " +
      "epoch 2; the best epoch was 1, validation accuracy 67.2%.",
  ]);
  const status = {
    state: "failed",
    stage: 0,
    during: "evaluation",
    step: 125,
    epoch: 1,
    reason: "It broke.",
    code: "NON_FINITE",
  };
  expect(runReport({ ...stoppedRun, status: status as RunRecord["status"] }).sentences[0]).toBe(
    "The run was ended by an error at step 125 of 375, after 1 of 3 epochs (evaluation): It broke (NON_FINITE).",
  );
  const weights = { ...stoppedRun.weights, step: 0, epoch: 0 };
  const early = { ...stoppedRun, history: [], weights };
  expect(runReport({ ...early }).sentences[1]).toMatch(/no step changed the model/);
});

test("what a run began from is told where it was no pretrained model with a fresh head", () => {
  const from = (model: Partial<RunRecord["model"]>) =>
    runReport({ ...classifierRun, model: { ...classifierRun.model, ...model } }).sentences[1];
  expect(from({ start: "trained", earlierSteps: 375 })).toBe(
    "It began from trained weights (SHA-256 9f2b4c6d8e0a): earlier runs had taken 375 steps with this model.",
  );
  expect(from({ start: "trained", name: "runs/reviews" })).toBe(
    "It began from trained weights (SHA-256 9f2b4c6d8e0a): runs/reviews came with its head.",
  );
  expect(from({ start: "edited", name: null })).toMatch(
    /^It began from weights .* changed by hand after the model was loaded\.$/,
  );
});

test("a run that was not evaluated says why there is no validation: nothing held out, or a metric that is not defined", () => {
  const { evaluation: _, ...data } = classifierRun.data;
  const { best: __, ...run } = classifierRun;
  expect(runReport({ ...run, data }).sentences[0]).toMatch(/nothing was held out, so there is no validation accuracy/);
  const history = regressionRun.history.map(({ evalPearson: _, ...row }) => row);
  const metric = { key: "evalPearson", greaterIsBetter: true } as const;
  const undefinedMetric = { ...regressionRun, history, metric, best: { epoch: 2, step: 40, evalLoss: 900.5 } };
  expect(runReport(undefinedMetric).sentences[0]).toMatch(
    /the weights of epoch 2, validation Pearson not defined, loss 900\.5\.$/,
  );
});

test("where another epoch than that of the weights was the best, both are told", () => {
  const weights = { ...lastLayersRun(0).weights, epoch: 2, step: 250 };
  expect(runReport({ ...lastLayersRun(0), weights }).sentences[0]).toMatch(
    /the weights of epoch 2, validation accuracy 80\.0%; the best epoch was 3, validation accuracy 80\.6%\.$/,
  );
});
