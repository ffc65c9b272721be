/** The range test on a real model: it finds rates at which the model learns. */
import { expect, test } from "vitest";
import { TextDataset } from "../../src/data/textDataset.ts";
import { sampleData } from "../../src/hub/thawFolder.ts";
import { AutoModelForSequenceClassification } from "../../src/models/autoModel.ts";
import { classifierOnly, lastLayers } from "../../src/recipes/recipes.ts";
import { AutoTokenizer } from "../../src/tokenizer/autoTokenizer.ts";
import { Trainer } from "../../src/trainer.ts";

const stages = [...classifierOnly(), ...lastLayers(2)];

test("on MiniLM, the head is to learn at about 1e-3, and its last layers between 1e-5 and 1e-3", async () => {
  const reviews = await TextDataset.fromTsv(sampleData("movie-reviews"), {
    ...{ columns: ["id", "rating", "text"], quote: false },
    label: (row) => (Number(row.rating) > 0 ? "positive" : "negative"),
  });
  const { train } = reviews.split({ train: 2000, validation: 10, seed: 0 });
  const name = "sentence-transformers/all-MiniLM-L6-v2";
  const model = await AutoModelForSequenceClassification.fromPretrained(name, {
    id2label: reviews.labelNames,
    seed: 0,
  });
  const trainer = new Trainer({
    ...{ model, tokenizer: await AutoTokenizer.fromPretrained(name), trainDataset: train, stages },
    args: { seed: 0, perDeviceTrainBatchSize: 16, disableTqdm: true },
  });
  const started = performance.now();
  const found = await trainer.findLearningRate();
  console.log(`${found}\n${((performance.now() - started) / 1000).toFixed(0)} s`);
  const [only, head, body] = found.curves.map(({ suggestions }) => suggestions?.valley as number);
  for (const rate of [only, head]) {
    expect(rate).toBeGreaterThan(3e-4);
    expect(rate).toBeLessThan(1e-2);
  }
  expect(body).toBeGreaterThan(1e-5);
  expect(body).toBeLessThan(1e-3);
});
