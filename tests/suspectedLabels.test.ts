import { JSDOM } from "jsdom";
import { expect, test } from "vitest";
import { TextDataset } from "../src/data/textDataset.ts";
import { fitLogisticRegression } from "../src/evaluate/logisticRegression.ts";
import { AutoModelForSequenceClassification } from "../src/models/autoModel.ts";
import { SuspectedLabels, suspectedLabels } from "../src/suspectedLabels.ts";
import { confidentContradictions } from "../src/task/confidentLearning.ts";
import { golden, goldenPath } from "./golden/read.ts";
import { hostileTexts } from "./kernel/cells/display/hostileTexts.ts";
import { letters, tinyTokenizer as tokenizer } from "./train/tiny.ts";

const { regressions, joints } = golden<{
  readonly regressions: readonly {
    readonly c: number;
    readonly rows: readonly (readonly number[])[];
    readonly labels: readonly number[];
    readonly coefficients: readonly (readonly number[])[];
    readonly probabilities: readonly (readonly number[])[];
  }[];
  readonly joints: readonly {
    readonly probabilities: readonly (readonly number[])[];
    readonly labels: readonly number[];
    readonly suspects: readonly (readonly [number, number])[];
  }[];
}>("confident_learning.json");

test("regressions are scikit-learn's", () => {
  let worst = 0;
  for (const { c, rows, labels, coefficients, probabilities } of regressions) {
    const fitted = fitLogisticRegression(rows, labels, coefficients.length, c);
    coefficients.forEach((own, k) => {
      own.forEach((each, j) => {
        worst = Math.max(worst, Math.abs(each - (fitted.coefficients[k]?.[j] as number)));
      });
    });
    probabilities.forEach((shares, i) => {
      const found = fitted.probabilities(rows[i] as readonly number[]);
      shares.forEach((share, k) => {
        worst = Math.max(worst, Math.abs(share - (found[k] as number)));
      });
    });
  }
  console.log(`logistic regressions: largest difference ${worst.toExponential(1)}`);
  expect(worst).toBeLessThan(1e-4);
});

test("suspects are those off the diagonal of the confident joint, the most doubtful first", () => {
  for (const { probabilities, labels, suspects } of joints) {
    const found = confidentContradictions(probabilities, labels);
    expect(found.map(({ index, suggested }) => [index, suggested])).toEqual(suspects);
    expect(found.length).toBeGreaterThan(3);
  }
  expect(confidentContradictions([], [])).toEqual([]);
});

const model = await AutoModelForSequenceClassification.fromPretrained(goldenPath("bert-tiny"));

test("each example is judged without itself, and the model stays as it is", async () => {
  const dataset = letters(60);
  const weights = () => [...model.parameters.values()].map((parameter) => parameter.data());
  const before = weights();
  const found = await suspectedLabels(dataset, { model, tokenizer, folds: 4 });
  expect(found.examples).toBe(60);
  expect(found.accuracy).toBeGreaterThan(0.5);
  for (const { label, suggested, labelProbability, probability, row, text } of found.suspects) {
    expect(suggested).not.toBe(label);
    expect(labelProbability + probability).toBeCloseTo(1, 6);
    expect(dataset.texts[row - 1]).toBe(text);
  }
  expect(String(found)).toMatch(/of 60 labels are suspected/);
  expect(String((await suspectedLabels(dataset, { model, tokenizer, folds: 4 })).toTable())).toBe(
    String(found.toTable()),
  );
  expect(weights()).toEqual(before);
  expect(before.length).toBeGreaterThan(20);
});

test.each<[string, () => TextDataset, object, RegExp]>([
  [
    "no labels",
    () => TextDataset.fromRows([{ text: "a" }], { label: false }),
    {},
    /one label for each example; the data has none/,
  ],
  ["a label with few examples", () => letters(6), { folds: 5 }, /has 3 examples for 5 folds/],
  ["one fold", () => letters(6), { folds: 1 }, /folds is 1; it is a whole number from 2/],
  ["a layer that there is not", () => letters(6), { layer: 9 }, /layer is 9/],
  ["an unknown option", () => letters(6), { cv: 3 }, /Here it is folds/],
])("%s is refused, with what to do", async (_, dataset, options, message) => {
  await expect(suspectedLabels(dataset(), { model, tokenizer, ...options })).rejects.toThrow(message);
});

test("nothing that a text or a label says is run", () => {
  const suspects = hostileTexts.slice(0, 20).map((text, row) => ({
    ...{ row, text, label: text, suggested: text, labelProbability: 0.1, probability: 0.9 },
  }));
  for (let start = 0; start < hostileTexts.length; start += 20) {
    const some = hostileTexts
      .slice(start, start + 20)
      .map((text, i) => ({ ...suspects[i % suspects.length], text, label: text, suggested: text }));
    const { document } = new JSDOM(new SuspectedLabels(some as typeof suspects, 500, 0.8).toTable().toHtml()).window;
    const elements = [...document.body.querySelectorAll("*")];
    expect(elements.filter(({ localName }) => !/^(div|table|thead|tbody|tr|th|td)$/.test(localName))).toEqual([]);
  }
});
