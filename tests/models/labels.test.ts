import { expect, test } from "vitest";
import { parseConfig } from "../../src/config/translate.ts";
import { type LabelOptions, withLabels } from "../../src/models/labels.ts";

const config = parseConfig({ model_type: "bert", id2label: { 0: "no", 1: "yes" } });

test("without options, and for the same number, the config's labels stay", () => {
  expect(withLabels(config, {})).toBe(config);
  expect(withLabels(config, { numLabels: 2 }).id2label).toEqual(["no", "yes"]);
});

test("another number gives Hugging Face's names, in both directions", () => {
  expect(withLabels(config, { numLabels: 3 })).toMatchObject({
    numLabels: 3,
    id2label: ["LABEL_0", "LABEL_1", "LABEL_2"],
    label2id: { LABEL_0: 0, LABEL_1: 1, LABEL_2: 2 },
  });
});

test("names alone say how many there are", () => {
  expect(withLabels(config, { id2label: ["a", "b", "c"] })).toMatchObject({
    numLabels: 3,
    label2id: { a: 0, b: 1, c: 2 },
  });
});

test("names for the same number replace the config's, and the given array is not kept", () => {
  const names = ["yes", "no"];
  const changed = withLabels(config, { id2label: names });
  names[0] = "other";
  expect([changed.id2label, changed.label2id, config.id2label]).toEqual([
    ["yes", "no"],
    { yes: 0, no: 1 },
    ["no", "yes"],
  ]);
});

test.each<[LabelOptions, RegExp]>([
  [{ numLabels: 0 }, /1 label or more, got 0/],
  [{ numLabels: 1, problemType: "single_label_classification" }, /needs 2 labels or more, got 1.*regression/],
  [{ problemType: "ranking" as never }, /problemType is "ranking"; known are single_label/],
  [{ numLabels: 2.5 }, /got 2.5/],
  [{ numLabels: 3, id2label: ["a", "b"] }, /must hold 3 different names/],
  [{ id2label: ["a", "a"] }, /2 different names.*\["a","a"\]/],
])("%j is refused", (options, message) => {
  expect(() => withLabels(config, options)).toThrow(message);
  expect(() => withLabels(config, options)).toThrow(expect.objectContaining({ code: "BAD_LABEL" }));
});

const typed = (problem_type: string | null, num_labels = 2) =>
  parseConfig({ model_type: "bert", num_labels, problem_type });

test.each<[string | null, number, LabelOptions, string | undefined]>([
  [null, 2, {}, undefined],
  [null, 1, {}, "regression"],
  [null, 2, { numLabels: 1 }, "regression"],
  [null, 2, { problemType: "multi_label_classification" }, "multi_label_classification"],
  [null, 2, { numLabels: 1, problemType: "multi_label_classification" }, "multi_label_classification"],
  [null, 2, { numLabels: 3, problemType: "regression" }, "regression"],
  ["multi_label_classification", 2, {}, "multi_label_classification"],
  ["multi_label_classification", 2, { numLabels: 2 }, "multi_label_classification"],
  ["regression", 1, { numLabels: 2 }, undefined],
  ["single_label_classification", 3, { numLabels: 1 }, "regression"],
  ["single_label_classification", 3, { problemType: "multi_label_classification" }, "multi_label_classification"],
])("a config with %s and %i labels, loaded with %j, has the problem type %s", (inFile, count, options, expected) => {
  expect(withLabels(typed(inFile, count), options).problemType).toBe(expected);
});
