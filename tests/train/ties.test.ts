/** Which epoch is the best where the metric does not say it: of equals the one with the lower loss, then the first. */
import { expect, test } from "vitest";
import { TextDataset } from "../../src/data/textDataset.ts";
import { AutoModelForSequenceClassification } from "../../src/models/autoModel.ts";
import type { TrainingArguments } from "../../src/plan/arguments.ts";
import type { Stage } from "../../src/plan/stage.ts";
import { isBetterEpoch, metricOf } from "../../src/task/metrics.ts";
import { goldenPath } from "../golden/read.ts";
import { letters, tinyModel, tinyTrainer } from "./tiny.ts";

const accuracy = metricOf("evalAccuracy");

test.each([
  [{ evalAccuracy: 0.9, evalLoss: 0.9 }, { evalAccuracy: 0.8, evalLoss: 0.1 }, true],
  [{ evalAccuracy: 0.8, evalLoss: 0.3 }, { evalAccuracy: 0.8, evalLoss: 0.4 }, true],
  [{ evalAccuracy: 0.8, evalLoss: 0.4 }, { evalAccuracy: 0.8, evalLoss: 0.4 }, false],
  [{ evalAccuracy: 0.8, evalLoss: 0.5 }, { evalAccuracy: 0.8, evalLoss: 0.4 }, false],
  [{ evalLoss: 0.1 }, { evalAccuracy: 0.1, evalLoss: 0.9 }, false],
  [{ evalAccuracy: 0, evalLoss: 0.9 }, { evalLoss: 0.1 }, true],
  [{ evalLoss: 0.1 }, { evalLoss: 0.2 }, true],
  [{ evalLoss: 0.1 }, undefined, true],
  [{}, undefined, false],
])("%j is better than %j: %s", (epoch, other, better) => {
  expect(isBetterEpoch(epoch, other, accuracy)).toBe(better);
});

/** Targets that are all the same: no correlation is defined with them. */
async function constantTargets(stages: Stage[], args: TrainingArguments = {}) {
  const data = TextDataset.fromRows(
    letters(16).texts.map((text) => ({ text, label: 2.5 })),
    { problemType: "regression" },
  );
  const model = await AutoModelForSequenceClassification.fromPretrained(goldenPath("bert-tiny-base"), {
    ...{ seed: 1, numLabels: 1, problemType: "regression" },
  });
  return tinyTrainer({
    model,
    trainDataset: data,
    evalDataset: data,
    stages,
    args: { metricForBestModel: "pearson", ...args },
  });
}

test("a metric that is defined in no epoch does not end a stage that still learns, and the reason is told", async () => {
  const trainer = await constantTargets([{ train: "all", epochs: 6, patience: 2, lrSchedulerType: "constant" }]);
  const run = await trainer.train();
  const losses = run.history.map(({ evalLoss }) => evalLoss as number);
  const lowest = losses.indexOf(Math.min(...losses)) + 1;
  expect(run.history.every(({ evalPearson }) => evalPearson === undefined)).toBe(true);
  expect(run.history.length).toBeGreaterThan(3); // patience counts epochs without a lower loss
  expect(run.best).toEqual({ epoch: lowest, step: 2 * lowest, evalLoss: losses[lowest - 1] });
  expect(run.weights.epoch).toBe(lowest);
  expect(run.notices).toContainEqual(expect.stringMatching(/^Validation Pearson is not defined in \d of \d epochs/));
  const text = run.report().sentences.join(" ");
  expect(text).toMatch(/validation Pearson not defined, loss/);
  expect(text).not.toMatch(/nothing was held out/);
  expect((await trainer.evaluate()).evalLoss).toBeCloseTo(losses[lowest - 1] as number, 5);
});

test("a stage that no longer moves ends by patience though the metric is not defined, and that is told", async () => {
  const run = await (await constantTargets([{ train: "head", epochs: 9, learningRate: 0, patience: 2 }])).train();
  expect(run.stages[0]?.outcome).toMatchObject({ ended: "patience", epochs: 3 });
  expect(run.best?.epoch).toBe(1); // of equals the first
  expect(run.report().sentences.join(" ")).toMatch(/ended after 3 of 9 epochs: patience 2/);
});

test("of epochs with the same accuracy the one with the lowest loss is kept, and patience waits as long as it falls", async () => {
  const same = TextDataset.fromRows(
    letters(16).texts.map((text, i) => ({ text, label: i < 15 ? "usual" : "rare" })),
    { labels: ["usual", "rare"] },
  );
  const model = await tinyModel();
  model.parameters.get("classifier.bias")?.assign(Float32Array.of(4, 0)); // says "usual", and comes to say it more surely
  const stages: Stage[] = [{ train: "all", epochs: 4, learningRate: 1e-4, patience: 1, lrSchedulerType: "constant" }];
  const trainer = await tinyTrainer({ model, stages, trainDataset: same, evalDataset: same });
  const run = await trainer.train();
  const rows = run.history.map(({ evalAccuracy, evalLoss }) => [evalAccuracy as number, evalLoss as number] as const);
  expect(new Set(rows.map(([value]) => value)).size).toBe(1);
  const losses = rows.map(([, loss]) => loss);
  expect(losses).toEqual([...losses].sort((a, b) => b - a)); // falling all the time
  expect(run.best?.epoch).toBe(4);
  expect(run.stages[0]?.outcome?.ended).toBe("all epochs");
});

test('what the notice says to do is done: metricForBestModel "loss" chooses by the loss', async () => {
  const stages: Stage[] = [{ train: "all", epochs: 3 }];
  const trainer = await tinyTrainer({ stages, args: { metricForBestModel: "loss" } });
  const run = await trainer.train();
  const losses = run.history.map(({ evalLoss }) => evalLoss as number);
  expect(run.best?.epoch).toBe(losses.indexOf(Math.min(...losses)) + 1);
});
