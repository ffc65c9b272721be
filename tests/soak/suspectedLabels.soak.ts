/** Labels of real texts that are turned on purpose: how many are found, and how many of the suspects they are. */
import { expect, test } from "vitest";
import {
  AutoModelForSequenceClassification,
  AutoTokenizer,
  sampleData,
  suspectedLabels,
  TextDataset,
} from "../../src/index.ts";

const name = "sentence-transformers/all-MiniLM-L6-v2";

test.each([0.05, 0.1])(
  "of 2,000 reviews with a share of %f labels turned, suspects are turned ones far more often than by chance",
  async (share) => {
    const reviews = await TextDataset.fromTsv(sampleData("movie-reviews"), {
      columns: ["id", "rating", "text"],
      quote: false,
      labels: ["negative", "positive"],
      label: ({ rating }) =>
        Math.abs(Number(rating)) <= 0.5 ? undefined : Number(rating) > 0 ? "positive" : "negative",
    });
    const { train } = reviews.split({ train: 2000, seed: 0 });
    const period = Math.round(1 / share);
    const isTurned = (place: number) => place % period === 3;
    const turned = TextDataset.fromRows(
      train.texts.map((text, i) => ({
        text,
        label: train.labelNames[Number(train.labels[i] === 1) ^ Number(isTurned(i))],
      })),
      { labels: train.labelNames },
    );
    const model = await AutoModelForSequenceClassification.fromPretrained(name, {
      id2label: train.labelNames,
      seed: 0,
    });
    const tokenizer = await AutoTokenizer.fromPretrained(name);
    const started = performance.now();
    const found = await suspectedLabels(turned, { model, tokenizer });
    const seconds = (performance.now() - started) / 1000;
    const hits = (some: typeof found.suspects) => some.filter(({ row }) => isTurned(row - 1)).length;
    const all = turned.texts.filter((_, i) => isTurned(i)).length;
    const first = found.suspects.slice(0, 50);
    console.log(
      `${all} of ${turned.length} labels turned, classifiers agree with ${(100 * found.accuracy).toFixed(1)} %: ${found.suspects.length} suspected, ` +
        `${hits(found.suspects)} of them turned; ${hits(first)} of the first ${first.length}; ${seconds.toFixed(1)} s`,
    );
    expect(hits(found.suspects) / found.suspects.length).toBeGreaterThan(2 * share);
    expect(hits(found.suspects) / all).toBeGreaterThan(0.5);
  },
);
