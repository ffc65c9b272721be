import { expect, test } from "vitest";
import { displaySymbol } from "../../src/display/bundle.ts";
import { predictionTable, shownAsTable } from "../../src/trainer/predictionTable.ts";

const titles = (table: ReturnType<typeof predictionTable>) => table.columns.map(({ title }) => title);

test("one label a text: its probability in percent", () => {
  const table = predictionTable([{ label: "glad", score: 0.70538, logits: [1, 2] }], ["sad", "glad"]);
  expect(titles(table)).toEqual(["text", "label", "probability"]);
  expect(table.rows).toEqual([[0, "glad", "70.5%"]]);
});

test("several: all of a text, at most eight of them, and the most probable where there is none", () => {
  const many = Array.from({ length: 20 }, (_, i) => ({ label: `label ${i}`, score: 0.99 - 0.01 * i }));
  const none = { label: "joy", score: 0.41, labels: [], logits: [] };
  const table = predictionTable([none, { ...none, labels: many, ...(many[0] as (typeof many)[0]) }], []);
  expect(titles(table)).toEqual(["text", "labels", "most probable"]);
  expect(table.rows).toEqual([
    [0, "none", "joy 41.0%"],
    [1, "label 0 99.0%, label 1 98.0%, label 2 97.0%, label 3 96.0% and 16 more", "label 0 99.0%"],
  ]);
});

test("regression: a column for each output, under its name", () => {
  const values = [-0.00703601, 42_183.3];
  const table = predictionTable([{ label: "stars", score: -0.00703601, values, logits: values }], ["stars", "words"]);
  expect(titles(table)).toEqual(["text", "stars", "words"]);
  expect(table.rows).toEqual([[0, "-0.007036", "42,183"]]);
});

test("a list that is shown as a table is the list, and an empty one is shown too", () => {
  const list = [{ label: "<b>", score: 1, logits: [0] }];
  const shown = shownAsTable(list, ["<b>"]) as unknown as { [displaySymbol](): Record<string, string> };
  expect(shown).toBe(list);
  expect(JSON.stringify(shown)).toBe('[{"label":"<b>","score":1,"logits":[0]}]');
  expect(shown[displaySymbol]()["text/html"]).toContain("&lt;b&gt;");
  expect(String(predictionTable([], ["a"]))).toMatch(/text +label +probability/);
});
