/** Explanations of a trained MiniLM: how complete they are, how long they take, and what they show. */
import { mkdirSync } from "node:fs";
import { afterAll, beforeAll, expect, test } from "vitest";
import { TextDataset } from "../../src/data/textDataset.ts";
import { sampleData } from "../../src/hub/thawFolder.ts";
import { AutoModelForSequenceClassification } from "../../src/models/autoModel.ts";
import { lastLayers } from "../../src/recipes/recipes.ts";
import { compareExplanations } from "../../src/show/compareExplanations.ts";
import type { Explanation } from "../../src/show/explanation.ts";
import { AutoTokenizer } from "../../src/tokenizer/autoTokenizer.ts";
import { Trainer } from "../../src/trainer.ts";

const name = "sentence-transformers/all-MiniLM-L6-v2";
const positive = "A warm, funny and beautifully acted film, not at all boring.";
let trainer: Trainer;
let reviews: TextDataset;
let before: Explanation;

beforeAll(async () => {
  reviews = await TextDataset.fromTsv(sampleData("movie-reviews"), {
    ...{ columns: ["id", "rating", "text"], quote: false },
    label: (row) => (Number(row.rating) > 0 ? "positive" : "negative"),
  });
  const { train } = reviews.split({ train: 2000, validation: 10, seed: 0 });
  const tokenizer = await AutoTokenizer.fromPretrained(name);
  const model = await AutoModelForSequenceClassification.fromPretrained(name, {
    id2label: reviews.labelNames,
    seed: 0,
  });
  trainer = new Trainer({
    model,
    tokenizer,
    trainDataset: train,
    stages: lastLayers(2),
    args: { seed: 0, disableTqdm: true },
  });
  before = await trainer.explain(positive, { target: "positive" });
  await trainer.train();
}, 600_000);
afterAll(() => trainer.model.dispose());

test("20 reviews, and one of 256 tokens, are explained to within 1 % of the difference of their logits", async () => {
  const { validation } = reviews.split({ train: 2000, validation: 20, seed: 1 });
  const long = validation.texts.join(" ");
  const shares: number[] = [];
  for (const [i, text] of [...validation.texts, long].entries()) {
    const started = performance.now();
    const explanation = await trainer.explain(text, { maxLength: 256 });
    const seconds = ((performance.now() - started) / 1000).toFixed(2);
    const [found] = explanation.labels;
    if (found === undefined) throw new Error("nothing is explained");
    const share = found.completenessError / Math.abs(found.logit - found.baselineLogit);
    shares.push(share);
    console.log(
      `${i + 1}: ${explanation.tokens.length} tokens, ${found.steps} steps, error ${(100 * share).toFixed(3)}%, ${seconds} s`,
    );
  }
  const peak = (process.resourceUsage().maxRSS / 1024).toFixed(0);
  console.log(
    `largest completeness error ${(100 * Math.max(...shares)).toFixed(3)}% (asked: 1%); peak memory ${peak} MiB`,
  );
  expect(Math.max(...shares)).toBeLessThanOrEqual(0.01);
});

test("before and after training are shown beside each other", async () => {
  const after = await trainer.explain(positive, { target: "positive" });
  const both = compareExplanations([before, after], { names: ["before", "after"] });
  console.log(String(both));
  mkdirSync("build/explain", { recursive: true });
  for (const ending of ["html", "png", "svg"]) await both.save(`build/explain/before-after.${ending}`);
  const { attributions, tokens } = after;
  const of = (token: string) => attributions[tokens.findIndex((each) => each.token === token)] as number;
  expect(of("beautifully")).toBeGreaterThan(0);
  expect(of("boring")).toBeLessThan(0);
});

test("on the map of what the head reads, labels lie apart as they do not on that of the embeddings", async () => {
  const { validation } = reviews.split({ train: 2000, validation: 400, seed: 0 });
  const apart: number[] = [];
  for (const layer of [0, 3, 6]) {
    const map = await trainer.embeddingMap(validation, { layer });
    console.log(String(map));
    await map.figure.save(`build/explain/map-${layer}.png`);
    const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;
    const own = (label: string) => map.points.filter((point) => point.label === label);
    const [a, b] = ["positive", "negative"].map((label) => [
      mean(own(label).map(({ x }) => x)),
      mean(own(label).map(({ y }) => y)),
    ]);
    const spread = mean(map.points.map(({ x, y }) => Math.hypot(x, y)));
    apart.push(Math.hypot(...(a as number[]).map((value, i) => value - (b?.[i] as number))) / spread);
  }
  console.log(
    `distance of the centres in units of the mean distance from the middle: ${apart.map((each) => each.toFixed(2)).join(", ")}`,
  );
  expect(apart[2]).toBeGreaterThan(2 * (apart[0] as number));
});
