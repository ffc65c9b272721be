import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, describe, expect, test, vi } from "vitest";
import { displaySymbol } from "../shared/mimeBundle.ts";
import { TextDataset } from "../src/data/textDataset.ts";
import { AutoModelForSequenceClassification } from "../src/models/autoModel.ts";
import { type ClassifyOptions, pipeline } from "../src/pipeline.ts";
import { tf } from "../src/tensor/tensorflow.ts";
import { Trainer } from "../src/trainer.ts";
import { readSafetensors } from "../src/weights/safetensors/read.ts";
import { writeSafetensors } from "../src/weights/safetensors/write.ts";
import { golden, goldenPath } from "./golden/read.ts";
import { tinyTokenizer } from "./train/tiny.ts";

type Input = string | { readonly text: string; readonly text_pair: string };
type Answer = { readonly label: unknown; readonly score: number };
interface Variant {
  readonly config: Record<string, unknown>;
  readonly rows: number;
  readonly calls: readonly (readonly [
    Input | Input[],
    { top_k?: number | null; function_to_apply?: string },
    unknown,
  ])[];
}
const { made_with: _, ...variants } = golden<Record<string, Variant>>("pipeline.json");
const folders: string[] = [];
const newFolder = () => {
  const folder = mkdtempSync(join(tmpdir(), "thaw-pipeline-"));
  folders.push(folder);
  return folder;
};
afterEach(() => void vi.restoreAllMocks());
afterAll(() => {
  for (const folder of folders) rmSync(folder, { recursive: true });
});

/** bert-tiny with these keys, and so many rows of its head. */
async function folderOf({ config, rows }: Pick<Variant, "config" | "rows">): Promise<string> {
  const folder = newFolder();
  cpSync(goldenPath("bert-tiny"), folder, { recursive: true });
  const {
    id2label: _names,
    label2id: _indices,
    ...kept
  } = JSON.parse(readFileSync(join(folder, "config.json"), "utf8"));
  writeFileSync(join(folder, "config.json"), JSON.stringify({ ...kept, ...config }));
  const file = await readSafetensors(goldenPath("bert-tiny/model.safetensors"));
  const tensors = file.names.map((name) => {
    const [all = 1, ...rest] = file.shape(name);
    const isHead = name.startsWith("classifier.");
    const size = rest.reduce((product, n) => product * n, 1);
    const shape = [isHead ? rows : all, ...rest];
    return { name, shape, data: file.read(name).slice(0, (shape[0] as number) * size) };
  });
  await writeSafetensors(join(folder, "model.safetensors"), tensors);
  return folder;
}

const translated = (input: Input) =>
  typeof input === "string" ? input : { text: input.text, textPair: input.text_pair };
const nameOf = (label: unknown) => (typeof label === "string" ? label : JSON.stringify(label));

/** The same shape, the same labels, and scores within 1e-5. */
function expectSame(found: unknown, expected: unknown, what: string): void {
  if (Array.isArray(expected)) {
    expect(Array.isArray(found), what).toBe(true);
    expect((found as unknown[]).length, what).toBe(expected.length);
    for (const [i, item] of expected.entries()) expectSame((found as unknown[])[i], item, `${what}[${i}]`);
    return;
  }
  const { label, score } = expected as Answer;
  expect(Object.keys(found as object), what).toEqual(["label", "score"]);
  expect((found as Answer).label, what).toBe(nameOf(label));
  expect(Math.abs((found as Answer).score - score), what).toBeLessThan(1e-5);
}

describe.each(Object.entries(variants))("a model of %s", (name, variant) => {
  test("is answered for in the shapes, with the labels and the scores of Python's pipeline", async () => {
    vi.spyOn(console, "info").mockImplementation(() => {});
    const classify = await pipeline("text-classification", await folderOf(variant));
    for (const [input, { top_k, function_to_apply }, expected] of variant.calls) {
      const given = Array.isArray(input) ? input.map(translated) : translated(input);
      const options = {
        ...(top_k === undefined ? {} : { topK: top_k }),
        ...(function_to_apply === undefined ? {} : { functionToApply: function_to_apply }),
      } as ClassifyOptions;
      expectSame(
        await classify(given as string, options),
        expected,
        `${name}, ${JSON.stringify([given, options]).slice(0, 200)}`,
      );
    }
    expect(variant.calls.length).toBe(24);
    classify.dispose();
  });
});

const single = { config: { id2label: { 0: "low", 1: "middle", 2: "high" } }, rows: 3 };
const texts = ["a b c", "Zebra, yes!", "x"];

test("options given to pipeline hold for every call, those of a call come before them", async () => {
  const classify = await pipeline("sentiment-analysis", await folderOf(single), {
    topK: null,
    batchSize: 1,
    maxLength: 5,
  });
  const all = await classify(texts);
  expect(all.map((scores) => (scores as unknown as Answer[]).length)).toEqual([3, 3, 3]);
  expect(await classify(texts, { topK: 2, batchSize: 64 })).toEqual(
    all.map((scores) => (scores as unknown as Answer[]).slice(0, 2)),
  );
  const long = "a b c d e f g h i j k l m n o p";
  expect(await classify(long)).toEqual(await classify(`${long} q r s`));
  expect(await classify(long, { maxLength: 20 })).not.toEqual(await classify(long));
  classify.dispose();
});

test("a data set, of texts or of pairs, labelled or not, counts as a list", async () => {
  const classify = await pipeline("text-classification", await folderOf(single));
  const labelled = TextDataset.fromRows(texts.map((text, i) => ({ text, label: i % 2 })));
  expect(await classify(labelled)).toEqual(await classify(texts));
  const pairs = TextDataset.fromRows(
    texts.map((text, i) => ({ text, other: `b ${text}`, label: i % 2 })),
    { textPair: "other" },
  );
  const seconds = texts.map((text) => `b ${text}`);
  expect(await classify(pairs, { topK: null })).toEqual(await classify(texts, { topK: null, textPair: seconds }));
  expect(await classify(pairs)).toEqual(
    await classify(texts.map((text, i) => ({ text, textPair: seconds[i] as string }))),
  );
  expect(await classify("a b c", { textPair: "b a b c" })).toEqual((await classify(pairs)).slice(0, 1));
  expect(await classify([])).toEqual([]);
  classify.dispose();
});

test("a loaded model is used with its tokenizer, says so without one, and its answers are those of a trainer", async () => {
  const folder = await folderOf(single);
  const model = await AutoModelForSequenceClassification.fromPretrained(folder);
  await expect(pipeline("text-classification", model)).rejects.toThrow(/needs its tokenizer: give { tokenizer }/);
  const [own, byName] = [
    await pipeline("text-classification", model, { tokenizer: tinyTokenizer }),
    await pipeline("text-classification", model, { tokenizer: folder }),
  ];
  expect(await own(texts)).toEqual(await byName(texts));
  const trainDataset = TextDataset.fromRows(
    texts.map((text, i) => ({ text, label: ["low", "middle", "high"][i] })),
    {
      labels: ["low", "middle", "high"],
    },
  );
  const trainer = new Trainer({ model, tokenizer: tinyTokenizer, trainDataset });
  const predictions = await trainer.predict(trainDataset, { topK: null });
  expect(predictions.map(({ label, score }) => ({ label, score }))).toEqual(await own(texts));
  expect(predictions.map(({ scores }) => scores)).toEqual(await own(texts, { topK: null }));
  own.dispose();
  await expect(own(texts)).rejects.toMatchObject({ code: "DISPOSED" });
});

test("an answer keeps no tensor", async () => {
  const classify = await pipeline("text-classification", await folderOf(single));
  await classify(texts);
  const before = tf.memory().numTensors;
  await classify(texts, { topK: null });
  await classify({ text: "a", textPair: "b" });
  expect(tf.memory().numTensors).toBe(before);
  classify.dispose();
});

test("a notebook shows the answers as a table of numbered rows with the texts, escaped", async () => {
  const classify = await pipeline("text-classification", await folderOf(single));
  const shown = (list: unknown) => (list as { [displaySymbol](): Record<string, string> })[displaySymbol]();
  const html = shown(await classify(["<i>a</i>", "b"]))["text/html"] ?? "";
  expect(html).toContain("&lt;i&gt;a&lt;/i&gt;");
  for (const title of ["row", "text", "label", "probability"]) expect(html).toContain(`>${title}<`);
  expect(shown(await classify(texts, { topK: null }))["text/plain"]).toMatch(/1 +a b c +middle \d+\.\d%, low/);
  const raw = shown(await classify(["a"], { functionToApply: "none" }))["text/plain"] ?? "";
  expect(raw).toContain("score");
  expect(raw).not.toContain("%"); // numbers are no shares
  expect(shown(await classify(texts, { topK: null, functionToApply: "none" }))["text/plain"]).not.toContain("%");
  expect(JSON.stringify(await classify("b"))).toMatch(/^\[\{"label":"\w+","score":0\.\d+\}\]$/);
  classify.dispose();
});

test("a folder without a tokenizer leaves no tensor behind", async () => {
  const folder = newFolder();
  const source = await folderOf(single);
  for (const name of ["config.json", "model.safetensors"]) cpSync(join(source, name), join(folder, name));
  const before = tf.memory().numTensors;
  await expect(pipeline("text-classification", folder)).rejects.toMatchObject({ code: "MISSING_FILE" });
  expect(tf.memory().numTensors).toBe(before);
});

/** A model trained here on this data, as a folder. */
async function trainedOn(trainDataset: TextDataset): Promise<string> {
  const model = await AutoModelForSequenceClassification.fromPretrained(goldenPath("bert-tiny-base"), { numLabels: 2 });
  const args = { numTrainEpochs: 1, disableTqdm: true } as const;
  const trainer = new Trainer({ model, tokenizer: tinyTokenizer, trainDataset, args });
  await trainer.train();
  const folder = join(newFolder(), "model");
  await trainer.saveModel(folder);
  model.dispose();
  return folder;
}

const pairRows = Array.from({ length: 8 }, (_, i) => ({
  text: "a b",
  other: i % 2 ? "c" : "x",
  label: i % 2 ? "yes" : "no",
}));

test("a saved model remembers whether it was trained on pairs or on single texts, and answers nothing else", async () => {
  vi.spyOn(console, "info").mockImplementation(() => {});
  const onPairs = await trainedOn(TextDataset.fromRows(pairRows, { textPair: "other" }));
  expect(JSON.parse(readFileSync(join(onPairs, "config.json"), "utf8")).trained_on).toBe("text_pairs");
  const pairs = await pipeline("text-classification", onPairs);
  await expect(pairs("a b")).rejects.toMatchObject({
    code: "BAD_TEXT",
    message: expect.stringMatching(
      /trained on pairs of texts, and is given single ones: give the second texts as textPair/,
    ),
  });
  await expect(pairs(TextDataset.fromRows(pairRows))).rejects.toThrow(/trained on pairs/);
  expect((await pairs("a b", { textPair: "c" }))[0]?.label).toMatch(/yes|no/);
  pairs.dispose();
  const onTexts = await trainedOn(TextDataset.fromRows(pairRows));
  const single = await pipeline("text-classification", onTexts);
  await expect(single({ text: "a", textPair: "b" })).rejects.toThrow(
    /trained on single texts, and is given pairs: leave textPair out/,
  );
  expect((await single("a b"))[0]?.label).toMatch(/yes|no/);
  single.dispose();
});

test("a trainer's predict refuses single texts where its data is pairs, also before it has trained", async () => {
  const model = await AutoModelForSequenceClassification.fromPretrained(goldenPath("bert-tiny-base"), { numLabels: 2 });
  const trainDataset = TextDataset.fromRows(pairRows, { textPair: "other" });
  const trainer = new Trainer({ model, tokenizer: tinyTokenizer, trainDataset });
  await expect(trainer.predict(["a b"])).rejects.toThrow(/trained on pairs/);
  expect(await trainer.predict(trainDataset)).toHaveLength(8);
  await expect(trainer.predict(trainDataset, { textPair: ["c"] })).rejects.toThrow(/has its own second texts/);
  model.dispose();
});

test.each<[string, unknown[], RegExp]>([
  [
    "another task",
    ["summarization", "m"],
    /no pipeline "summarization". There is one: pipeline\("text-classification", model\)/,
  ],
  ["no task", [undefined, "m"], /There is one/],
  ["no model", ["text-classification"], /A pipeline needs a model: a folder, an id of the hub/],
  ["Python's top_k", ["text-classification", "m", { top_k: null }], /"top_k". Write topK/],
  ["Python's return_all_scores", ["text-classification", "m", { return_all_scores: true }], /Here it is topK: null/],
  ["Python's device", ["text-classification", "m", { device: 0 }], /not needed: leave it out/],
  ["Python's function_to_apply", ["text-classification", "m", { function_to_apply: "none" }], /Write functionToApply/],
  ["transformers.js's quantized", ["text-classification", "m", { quantized: true }], /always float32/],
  ["truncation", ["text-classification", "m", { truncation: true }], /always done, to maxLength/],
  ["a slip of the pen", ["text-classification", "m", { tokeniser: "x" }], /Did you mean tokenizer/],
  ["textPair for every call", ["text-classification", "m", { textPair: "x" }], /an option of each call/],
  ["a topK of 0", ["text-classification", "m", { topK: 0 }], /topK is 0; it is a whole number from 1 on, or null/],
])("%s is refused before anything is loaded, with what there is", async (_, given, message) => {
  await expect((pipeline as (...all: unknown[]) => unknown)(...given)).rejects.toMatchObject({
    code: "BAD_ARGUMENT",
    message: expect.stringMatching(message),
  });
});

test("a model without a trained head is no pipeline: a folder is refused, a loaded one is warned of", async () => {
  vi.spyOn(console, "info").mockImplementation(() => {});
  const warn = vi.spyOn(console, "warn").mockImplementation(() => {});
  await expect(pipeline("text-classification", goldenPath("bert-tiny-base"))).rejects.toThrow(
    /is no finished classifier: classifier.weight, classifier.bias are not in it/,
  );
  const model = await AutoModelForSequenceClassification.fromPretrained(goldenPath("bert-tiny-base"), { numLabels: 2 });
  await pipeline("text-classification", model, { tokenizer: tinyTokenizer });
  expect(warn).toHaveBeenCalledWith(expect.stringMatching(/its answers are random/));
  model.dispose();
});

test("what is no text, no pair and no data set is refused by its place", async () => {
  const classify = (await pipeline("text-classification", await folderOf(single))) as (
    ...all: unknown[]
  ) => Promise<unknown>;
  for (const [given, options, message] of [
    [3, {}, /Example 0 is of type number: give a text, or a pair/],
    [["a", null], {}, /Example 1 is null/],
    [[["a", "b"]], {}, /Example 0 is a list: give a text, or a pair as/],
    [{ text: "a", text_pair: "b" }, {}, /"text_pair". Write textPair/],
    [{ txt: "a" }, {}, /Did you mean text/],
    [{ textPair: "b" }, {}, /Example 0 is of type undefined/],
    [[{ text: "a", textPair: "b" }, "c"], {}, /Example 1 has no textPair, which others have/],
    [{ text: "a", textPair: "b" }, { textPair: "c" }, /either in the pairs or as the option textPair/],
    [["a", "b"], { textPair: ["c"] }, /textPair has 1 texts for 2 first ones/],
    ["a", { functionToApply: "tanh" }, /functionToApply is "tanh"; known are/],
    ["a", { threshold: 0.5 }, /an option of trainer.predict/],
    ["a", { topk: 3 }, /Write topK/],
  ] as const) {
    await expect(classify(given, options), JSON.stringify(given)).rejects.toThrow(message);
  }
});
