import { expect, test } from "vitest";
import { displaySymbol } from "../../shared/mimeBundle.ts";
import { predictionOf, predictionTable, shownAsTable } from "../../src/evaluate/predictions.ts";
import type { HuggingFaceConfig } from "../../src/models/config/config.ts";
import { topScores } from "../../src/task/scores.ts";
import type { ProblemType } from "../../src/task/task.ts";

const config = { id2label: ["sad", "glad", "mad"] } as unknown as HuggingFaceConfig;
const row = Float32Array.of(1, 2, -1);
const predict = (problemType: ProblemType, threshold = 0.5) => predictionOf(row, config, problemType, { threshold });

test("one label an example: the most probable, by softmax", () => {
  const { score, ...rest } = predict("single_label_classification");
  expect(rest).toEqual({ label: "glad", logits: [1, 2, -1] });
  expect(score).toBeCloseTo(0.7053845126982412, 12); // torch.softmax(tensor([1., 2., -1.]), 0)
});

test("several: all above the threshold, the most probable first, by sigmoid", () => {
  const { labels = [], label, score, values } = predict("multi_label_classification");
  expect(labels.map((each) => each.label)).toEqual(["glad", "sad"]);
  // torch.sigmoid(tensor([1., 2., -1.]))
  expect(labels[0]?.score).toBeCloseTo(0.8807970779778823, 12);
  expect(labels[1]?.score).toBeCloseTo(0.7310585786300049, 12);
  expect([label, score, values]).toEqual(["glad", labels[0]?.score, undefined]);
});

test.each([
  [0, ["glad", "sad", "mad"]],
  [0.8, ["glad"]],
  [0.9, []],
  [1, []],
])("at a threshold of %d an example has the labels %j, and always a most probable one", (threshold, names) => {
  const { labels, label } = predict("multi_label_classification", threshold);
  expect(labels?.map((each) => each.label)).toEqual(names);
  expect(label).toBe("glad");
});

test("regression: the numbers as they are, the first one under the first output's name", () => {
  expect(predict("regression")).toEqual({ label: "sad", score: 1, values: [1, 2, -1], logits: [1, 2, -1] });
});

test("logits far apart neither overflow nor lose their label", () => {
  const far = predictionOf(Float32Array.of(-800, 800), config, "single_label_classification", { threshold: 0.5 });
  expect([far.label, far.score]).toEqual(["glad", 1]);
  const both = predictionOf(Float32Array.of(-800, 800), config, "multi_label_classification", { threshold: 0.5 });
  expect(both.labels).toEqual([{ label: "glad", score: 1 }]);
});

test.each<[ProblemType, number | null, string[]]>([
  ["single_label_classification", null, ["glad", "sad", "mad"]],
  ["single_label_classification", 2, ["glad", "sad"]],
  ["multi_label_classification", 1, ["glad"]],
  ["regression", null, ["glad", "sad", "mad"]],
  ["regression", 9, ["glad", "sad", "mad"]],
])("of %s, topK: %j gives the scores of %j as well", (problemType, topK, names) => {
  const { scores = [], ...rest } = predictionOf(row, config, problemType, { threshold: 0.5, topK });
  expect(scores.map(({ label }) => label)).toEqual(names);
  expect(rest).toEqual(predict(problemType));
  if (problemType !== "regression") expect(scores[0]).toEqual({ label: rest.label, score: rest.score });
  else expect(scores[0]?.score).toBe(2);
});

test("labels of one score stand in the order of their indices, as in Python's sort", () => {
  const scores = topScores(Float32Array.of(1, 3, 1), config, "none", null);
  expect(scores.map(({ label }) => label)).toEqual(["glad", "sad", "mad"]);
});

const titles = (table: ReturnType<typeof predictionTable>) => table.columns.map(({ title }) => title);
const texts = ["a <b>bold</b> text", "another\none"];

test("a table has a numbered row for each example, its text, and the label with its probability", () => {
  const glad = { label: "glad", score: 0.70538 };
  const table = predictionTable([glad, glad], { texts }, ["sad", "glad"]);
  expect(titles(table)).toEqual(["row", "text", "label", "probability"]);
  expect(table.rows).toEqual([
    [1, "a <b>bold</b> text", "glad", "70.5%"],
    [2, "another one", "glad", "70.5%"],
  ]);
  expect(table.toHtml()).toContain("a &lt;b&gt;bold&lt;/b&gt; text");
});

test("both texts of a pair are shown, long ones cut between characters, not within them", () => {
  const long = { texts: ["😀".repeat(100)], textPairs: [`${"x ".repeat(200)}`] };
  const [cells] = predictionTable([{ label: "a", score: 1 }], long, ["a"]).rows;
  expect(cells?.slice(1, 3)).toEqual([`${"😀".repeat(77)}...`, `${"x ".repeat(39).trim()}...`]);
});

test("of thousands of examples the table shows the first hundred and says so", () => {
  const many = Array.from({ length: 3000 }, () => ({ label: "a", score: 1 }));
  const table = predictionTable(many, { texts: many.map(() => "t") }, ["a"]);
  expect([table.rows.length, table.caption]).toEqual([100, "the first 100 of 3000"]);
});

test("several: all labels of an example, at most eight of them, and the most probable where there is none", () => {
  const many = Array.from({ length: 20 }, (_, i) => ({ label: `label ${i}`, score: 0.99 - 0.01 * i }));
  const none = { label: "joy", score: 0.41, labels: [] };
  const table = predictionTable([none, { ...none, labels: many, ...(many[0] as (typeof many)[0]) }], { texts }, []);
  expect(titles(table)).toEqual(["row", "text", "labels", "most probable"]);
  expect(table.rows.map((cells) => cells.slice(2))).toEqual([
    ["none", "joy 41.0%"],
    ["label 0 99.0%, label 1 98.0%, label 2 97.0%, label 3 96.0% and 16 more", "label 0 99.0%"],
  ]);
  expect(predictionTable([{ scores: many.slice(0, 2) }], { texts }, []).rows[0]?.[2]).toBe(
    "label 0 99.0%, label 1 98.0%",
  );
});

test("regression: a column for each output, under its name", () => {
  const values = [-0.00703601, 42_183.3];
  const table = predictionTable([{ label: "stars", score: -0.00703601, values }], { texts }, ["stars", "words"]);
  expect(titles(table)).toEqual(["row", "text", "stars", "words"]);
  expect(table.rows[0]?.slice(2)).toEqual(["-0.007036", "42,183"]);
});

test("a list that is shown as a table is the list, and an empty one is shown too", () => {
  const list = [{ label: "<b>", score: 1, logits: [0] }];
  const shown = shownAsTable(list, list, { texts }, ["<b>"]) as unknown as {
    [displaySymbol](): Record<string, string>;
  };
  expect(shown).toBe(list);
  expect(JSON.stringify(shown)).toBe('[{"label":"<b>","score":1,"logits":[0]}]');
  expect(shown[displaySymbol]()["text/html"]).toContain("&lt;b&gt;");
  expect(String(predictionTable([], { texts: [] }, ["a"]))).toMatch(/row +text +label +probability/);
});
