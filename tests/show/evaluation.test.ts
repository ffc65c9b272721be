import { JSDOM } from "jsdom";
import { describe, expect, test } from "vitest";
import { displaySymbol } from "../../shared/mimeBundle.ts";
import { TextDataset } from "../../src/data/textDataset.ts";
import { evaluateLogits } from "../../src/evaluate/evaluateLogits.ts";
import { evaluationOf } from "../../src/show/evaluation.ts";
import { hostileTexts } from "../kernel/cells/display/hostileTexts.ts";

/** An evaluation of logits `[labels]` of each row. */
function evaluated(dataset: TextDataset, logits: readonly (readonly number[])[], id2label = dataset.labelNames) {
  const rows = logits.map((row) => Float32Array.from(row));
  const metrics = evaluateLogits(rows, dataset.batchLabels(), dataset.problemType);
  return evaluationOf({ metrics, dataset, logits: rows, id2label });
}

const reviews = TextDataset.fromRows(
  [
    { text: "A fine film.", label: "good" },
    { text: "Dull.", label: "bad" },
    { text: "I left early, and so did everybody else in the room.", label: "bad" },
    { text: "Warm and funny.", label: "good" },
    { text: "Not bad at all.", label: "good" },
  ],
  { name: "five reviews", labels: ["bad", "good"] },
);
const result = evaluated(reviews, [
  [-2, 2],
  [3, -1],
  [-1, 1],
  [-1, 3],
  [4, 0],
]);

describe("one label per example", () => {
  test("the metrics are there by name, alone when they are spread or written as JSON", () => {
    expect(result.evalAccuracy).toBe(0.6);
    expect(Object.keys({ ...result })).toEqual(["evalLoss", "evalAccuracy", "evalMacroF1"]);
    expect(Object.keys(JSON.parse(JSON.stringify(result)))).toEqual(["evalLoss", "evalAccuracy", "evalMacroF1"]);
  });

  test("the headline has the interval, and each label its scores", () => {
    const [headline] = result.toString().split("\n");
    expect(headline).toMatch(
      /^five reviews, 5 examples: loss 1\.\d+, accuracy 60\.0% \(95% interval 23\.1% to 88\.2%\), macro F1 58\.3%/,
    );
    expect(headline).toContain("Matthews correlation 0.167, ROC AUC 75.0%, expected calibration error ");
    expect(result.perLabel?.rows).toEqual([
      ["bad", "50.0%", "50.0%", "50.0%", "75.0%", "2", "2"],
      ["good", "66.7%", "66.7%", "66.7%", "75.0%", "3", "3"],
    ]);
    expect(result.confusionMatrix).toEqual([
      [1, 1],
      [1, 2],
    ]);
    expect(result.confusion?.rows).toEqual([
      ["bad", "1", "1", "50.0%"],
      ["good", "1", "2", "66.7%"],
    ]);
  });

  test("the surest errors come first, with the row they are in", () => {
    const table = result.mostConfidentErrors();
    expect(table.caption).toBe("2 of 5 examples are predicted wrongly.");
    expect(table.rows).toEqual([
      [5, "Not bad at all.", "good", "bad", "98.2%"],
      [3, "I left early, and so did everybody else in the room.", "bad", "good", "88.1%"],
    ]);
    const one = result.mostConfidentErrors(1);
    expect([one.rows.length, one.caption]).toEqual([
      1,
      "2 of 5 examples are predicted wrongly; these are the 1 surest.",
    ]);
    for (const count of [0, 1.5, Number.NaN]) expect(() => result.mostConfidentErrors(count)).toThrow("whole number");
  });

  test("slices are sorted by how often they are wrong, with intervals", () => {
    const table = result.by(({ text }) => (text.length > 20 ? "long" : "short"));
    expect(table.rows).toEqual([
      ["long", "1", "0.0%", "0.0% to 79.3%"],
      ["short", "4", "75.0%", "30.1% to 95.4%"],
    ]);
    expect(() => result.by(() => undefined as unknown as string)).toThrow(
      "returned undefined for row 1: return a text, a number",
    );
  });

  test("the reliability figure says its numbers in words", () => {
    expect(result.reliability?.altText).toMatch(/^Reliability of five reviews · expected calibration error \d+\.\d%/);
    expect(result.reliability?.altText).toContain("75.0% of 4 right, 98.2% sure");
  });
});

test("a label that the data set lacks and the model has is a column, and one that is never predicted is told", () => {
  const three = evaluated(
    reviews,
    [...Array(5)].map(() => [0, 1, 2]),
    ["bad", "good", "mixed"],
  );
  expect(three.confusionMatrix).toEqual([
    [0, 0, 2],
    [0, 0, 3],
    [0, 0, 0],
  ]);
  expect(three.perLabel?.notes).toEqual([
    '"bad" is never predicted, though 2 examples have it.',
    '"good" is never predicted, though 3 examples have it.',
  ]);
  expect(three.toString()).toContain("ROC AUC not defined for");
  expect(three.toString()).toContain("mixed");
});

test("several labels per example have scores, and errors in words; no confusion", () => {
  const dataset = TextDataset.fromRows(
    [
      { text: "a", label: ["loud"] },
      { text: "b", label: [] },
    ],
    { labels: ["loud", "long"], problemType: "multi_label_classification" },
  );
  const several = evaluated(dataset, [
    [-1, 2],
    [-3, -3],
  ]);
  expect([several.confusion, several.reliability, several.accuracyInterval]).toEqual([undefined, undefined, undefined]);
  expect(several.mostConfidentErrors().rows).toEqual([[1, "a", "loud", "long", "88.1%"]]);
  expect(several.labelScores?.map(({ label, support, predicted }) => [label, support, predicted])).toEqual([
    ["loud", 1, 0],
    ["long", 0, 1],
  ]);
});

test("a regression has its largest distances, and slices by their mean", () => {
  const dataset = TextDataset.fromRows(
    [
      { text: "a", label: 1 },
      { text: "bb", label: 5 },
    ],
    { problemType: "regression" },
  );
  const numbers = evaluated(dataset, [[1.5], [2]]);
  expect(numbers.perLabel).toBeUndefined();
  const errors = numbers.mostConfidentErrors();
  expect(errors.caption).toBe("The 2 largest distances of 2 examples.");
  expect(errors.rows.map((row) => row.at(-1))).toEqual(["3.000", "0.5000"]);
  expect(numbers.by(({ text }) => text.length).rows).toEqual([
    ["2", "1", "3.000"],
    ["1", "1", "0.5000"],
  ]);
  expect(numbers.toString()).toMatch(/^list, 2 examples: loss |^.*2 examples: loss/);
});

test("nothing that a text, a label or a slice says is run", () => {
  const labels = [...new Set(hostileTexts)].filter((text) => text.trim() !== "");
  const dataset = TextDataset.fromRows(
    labels.map((text) => ({ text, label: text })),
    { labels },
  );
  const all = evaluated(
    dataset,
    labels.map((_, i) => labels.map((_, j) => Number(j === (i + 1) % labels.length))),
  );
  const html = [
    all[displaySymbol]()["text/html"],
    all.mostConfidentErrors(500).toHtml(),
    all.by(({ text }) => text).toHtml(),
  ];
  const { document } = new JSDOM(html.join("")).window;
  const elements = [...document.body.querySelectorAll("*")];
  const allowed = new Set(["div", "table", "thead", "tbody", "tr", "th", "td", "b"]);
  expect(elements.filter(({ localName }) => !allowed.has(localName))).toEqual([]);
  const attributes = new Set(elements.flatMap((element) => element.getAttributeNames()));
  expect([...attributes].filter((name) => /^on|href|src/.test(name))).toEqual([]);
});
