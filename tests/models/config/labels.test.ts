import { expect, test, vi } from "vitest";
import { type LabelOptions, labelsInFile, matchLabels } from "../../../src/models/config/labels.ts";
import { parseConfig, toHuggingFaceJson } from "../../../src/models/config/parseConfig.ts";
import { golden } from "../../golden/read.ts";

interface LabelCase {
  readonly labels: Record<string, unknown>;
  readonly error?: string;
  readonly num_labels: number;
  readonly id2label: readonly (readonly [number, unknown])[];
  readonly problem_type: string | null;
}
const { cases } = golden<{ cases: LabelCase[] }>("config_labels.json");
const titled = cases.map((one) => [JSON.stringify(one.labels), one] as const);
const nameOf = (name: unknown) => (typeof name === "string" ? name : JSON.stringify(name));

test.each(titled.filter(([, { error }]) => error === undefined))(
  "the labels of %s, odd as they are, are those that transformers reads",
  (_, { labels, num_labels, id2label, problem_type }) => {
    const config = parseConfig({ model_type: "bert", ...labels });
    const byIndex = new Map(id2label);
    const names = Array.from({ length: num_labels }, (_, i) =>
      byIndex.has(i) ? nameOf(byIndex.get(i)) : `LABEL_${i}`,
    );
    expect([config.numLabels, config.id2label]).toEqual([num_labels, names]);
    expect(config.problemType ?? null).toBe(problem_type);
  },
);

test.each(titled.filter(([, { error }]) => error !== undefined))(
  "the labels of %s, which transformers cannot read, are refused, and options that name the labels rescue the file",
  (_, { labels }) => {
    const json = { model_type: "bert", ...labels };
    const refusal = () => parseConfig(json, "m/config.json");
    expect(refusal).toThrow(expect.objectContaining({ code: "BAD_CONFIG" }));
    if (labels.problem_type !== undefined) return; // not the labels, but what they are for
    expect(refusal).toThrow(/give id2label or numLabels to fromPretrained/);
    expect(parseConfig(json, "m/config.json", { id2label: ["no", "yes"] }).id2label).toEqual(["no", "yes"]);
    expect(parseConfig(json, "m/config.json", { numLabels: 3 }).id2label).toEqual(["LABEL_0", "LABEL_1", "LABEL_2"]);
  },
);

/** What Python's `int(key)` and `len` make of an `id2label` that is saved. */
const readInPython = (json: Record<string, unknown>) =>
  new Map(
    Object.entries(json.id2label as object).map(
      ([key, name]) => [Number(key.trim().replaceAll("_", "")), name] as const,
    ),
  );

test.each(titled.filter(([, { error }]) => error === undefined))(
  "saved again, the labels of %s mean in Python what they meant before",
  (_, { labels, id2label }) => {
    const saved = toHuggingFaceJson(parseConfig({ model_type: "bert", ...labels }));
    expect(saved).not.toHaveProperty("num_labels");
    expect([...readInPython(saved)].sort()).toEqual([...id2label].map((entry) => [...entry]).sort());
    const again = parseConfig(saved);
    expect(toHuggingFaceJson(again)).toEqual(saved);
  },
);

test("a label that is named twice is refused: which name comes last in the file cannot be known here", () => {
  const labels = { "00": "a", "0": "b", "1": "c" };
  expect(() => parseConfig({ model_type: "bert", id2label: labels })).toThrow(/"id2label" names label 0 twice/);
});

test("labels that are changed are saved as a plain list, whatever the file had", () => {
  const raw = { model_type: "bert", id2label: { 1: 7, 2: null }, label2id: { a: 1 }, num_labels: 2 };
  const saved = toHuggingFaceJson(parseConfig(raw, "config.json", { id2label: ["no", "yes"] }));
  expect(saved).toMatchObject({ id2label: { 0: "no", 1: "yes" }, label2id: { no: 0, yes: 1 } });
  expect(saved).not.toHaveProperty("num_labels");
});

test("an output without a name is said, with what is named instead", () => {
  const { names, notice } = labelsInFile({ json: { id2label: { 1: "a", 2: "b" } }, file: "m/config.json" });
  expect(names).toEqual(["LABEL_0", "a"]);
  expect(notice).toBe(
    'm/config.json: "id2label" names 1, 2, but the outputs of the model are 0 to 1: output 0 is called LABEL_0. Give id2label ' +
      "to fromPretrained if you know what it is.",
  );
});

const config = (options: LabelOptions, labels: Record<string, unknown> = { id2label: { 0: "no", 1: "yes" } }) =>
  parseConfig({ model_type: "bert", ...labels }, "config.json", options);

test("without options, and for the same number, the config's labels stay; another number gives Hugging Face's names", () => {
  expect(config({}).id2label).toEqual(["no", "yes"]);
  expect(config({ numLabels: 2 }).id2label).toEqual(["no", "yes"]);
  expect(config({ numLabels: 3 })).toMatchObject({
    numLabels: 3,
    id2label: ["LABEL_0", "LABEL_1", "LABEL_2"],
    label2id: { LABEL_0: 0, LABEL_1: 1, LABEL_2: 2 },
  });
});

test.each<[LabelOptions, string[]]>([
  [{ id2label: ["a", "b", "c"] }, ["a", "b", "c"]],
  [{ id2label: { 0: "a", 1: "b" } }, ["a", "b"]],
  [{ id2label: { 1: "b", 0: "a" } }, ["a", "b"]],
  [{ label2id: { b: 1, a: 0 } }, ["a", "b"]],
  [{ id2label: { 0: "a", 1: "b" }, label2id: { a: 0, b: 1 }, numLabels: 2 }, ["a", "b"]],
  [{ id2label: [0, 1] as never }, ["0", "1"]],
  [{ id2label: ["__proto__", "constructor"] }, ["__proto__", "constructor"]],
])("names given as %j are taken, in the order of their indices", (options, names) => {
  expect(config(options)).toMatchObject({ numLabels: names.length, id2label: names });
  expect(Object.keys(config(options).label2id)).toEqual(names);
});

test("the given list is not kept", () => {
  const names = ["yes", "no"];
  const changed = config({ id2label: names });
  names[0] = "other";
  expect(changed.id2label).toEqual(["yes", "no"]);
});

test.each<[LabelOptions, RegExp]>([
  [{ numLabels: 0 }, /1 to 100000 labels, got 0/],
  [{ numLabels: 2.5 }, /got 2.5/],
  [{ numLabels: 4e8 }, /1 to 100000 labels, got 400000000/],
  [{ numLabels: "2" as never }, /got "2".*as a number/],
  [{ numLabels: 1, problemType: "single_label_classification" }, /needs 2 labels or more, got 1.*regression/],
  [{ problemType: "ranking" as never }, /problemType is "ranking"; known are single_label/],
  [{ numLabels: 3, id2label: ["a", "b"] }, /numLabels is 3, but there are 2 names: a, b/],
  [{ id2label: ["a", "a"] }, /has the name "a" twice/],
  [{ id2label: { 0: "a", 2: "b" } }, /has no name for label 1/],
  [{ id2label: { 1: "a", 2: "b" } }, /has no name for label 0/],
  [{ id2label: ["a", null as never] }, /calls label 1 null/],
  [{ label2id: { a: 0, b: 0 } }, /gives two labels one index/],
  [{ label2id: { a: 1, b: 2 } }, /has no name for label 0/],
  [{ id2label: ["a", "b"], label2id: { a: 1, b: 0 } }, /id2label says a, b and label2id b, a/],
])("%j is refused", (options, message) => {
  expect(() => config(options)).toThrow(message);
  expect(() => config(options)).toThrow(expect.objectContaining({ code: "BAD_LABEL" }));
});

test.each<[string | null, number, LabelOptions, string | undefined]>([
  [null, 2, {}, undefined],
  [null, 1, {}, undefined],
  [null, 2, { numLabels: 1 }, undefined],
  [null, 2, { problemType: "multi_label_classification" }, "multi_label_classification"],
  [null, 2, { numLabels: 1, problemType: "multi_label_classification" }, "multi_label_classification"],
  [null, 2, { numLabels: 3, problemType: "regression" }, "regression"],
  ["multi_label_classification", 2, {}, "multi_label_classification"],
  ["multi_label_classification", 2, { numLabels: 2 }, "multi_label_classification"],
  ["regression", 1, { numLabels: 2 }, undefined],
  ["single_label_classification", 3, { numLabels: 1 }, undefined],
  ["single_label_classification", 3, { problemType: "multi_label_classification" }, "multi_label_classification"],
])("a config with %s and %i labels, loaded with %j, says %s", (problem_type, num_labels, options, expected) => {
  expect(config(options, { problem_type, num_labels }).problemType).toBe(expected);
});

test.each<[given: string[], known: string[], expected: object]>([
  [["no", "yes"], ["no", "yes"], {}],
  [["No", " yes "], ["no", "YES"], {}],
  [["not_entailment", "entailment"], ["Not Entailment", "ENTAILMENT"], {}],
  [["no", "yes"], ["LABEL_0", "LABEL_1"], {}],
  [["0", "1"], ["no", "yes"], {}],
  [["no", "yes"], ["0", "1"], {}],
  [["label_1", "no"], ["no", "yes"], { moved: 1, unknown: 0 }],
  [["yes", "no"], ["no", "yes"], { moved: 0, inOrder: ["no", "yes"] }],
  [["Yes", "No"], ["NO", "YES"], { moved: 0, inOrder: ["No", "Yes"] }],
  [["US", "us"], ["us", "US"], { moved: 0 }],
  [["us", "US"], ["us", "US"], {}],
  [["1", "0"], ["0", "1"], { moved: 0, inOrder: ["0", "1"] }],
  [["0", "1", "2"], ["1", "2", "3"], { unknown: 0, moved: 1 }],
  [["1", "2", "5"], ["1", "2", "3"], { unknown: 2 }],
  [["ham", "spam"], ["no", "yes"], { unknown: 0 }],
  [["no", "maybe"], ["no", "yes"], { unknown: 1 }],
  [["yes", "maybe"], ["no", "yes"], { unknown: 1, moved: 0 }],
  [["no"], ["no", "yes"], {}],
  [["no", "yes", "maybe"], ["no", "yes"], {}],
  [["ﬁne", "ｂａｄ"], ["fine", "bad"], {}],
])("names %j beside %j: %j", (given, known, expected) => {
  const { inOrder, ...found } = matchLabels(given, known);
  const { inOrder: order, ...wanted } = expected as { inOrder?: string[] };
  expect(found).toEqual(wanted);
  if (order !== undefined) expect(inOrder).toEqual(order);
});

test("100,000 names are compared and read in little time", () => {
  const names = Array.from({ length: 100_000 }, (_, i) => `name ${i}`);
  expect(matchLabels(names, [...names].reverse()).moved).toBe(0);
  expect(config({ id2label: names }).numLabels).toBe(100_000);
  vi.restoreAllMocks();
}, 10_000);
