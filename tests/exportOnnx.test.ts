import { mkdir, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, test, vi } from "vitest";
import { exportOnnx } from "../src/exportOnnx.ts";
import { AutoModelForSequenceClassification } from "../src/models/autoModel.ts";
import type { SequenceClassifier } from "../src/models/sequenceClassifier.ts";
import { manifestName } from "../src/platform/savedFiles.ts";
import { AutoTokenizer } from "../src/tokenizer/autoTokenizer.ts";
import { Tokenizer } from "../src/tokenizer/tokenizer.ts";
import { saveModel } from "../src/train/saveModel.ts";
import { goldenPath } from "./golden/read.ts";
import { formulaModel, type GoldenCase, goldenCases, goldenTypes, unknownToXenova } from "./models/familyModel.ts";
import { chromium } from "./models/onnx/chromium.ts";
import { type Classified, classifyInChromium, classifyInNode } from "./models/onnx/pipelines.ts";
import { withFaults } from "./platform/faults.ts";
import { temporaryFolder } from "./temporary.ts";
import { tinyModel, tinyTokenizer } from "./train/tiny.ts";

const place = async () => join(temporaryFolder(), "model");
const texts = ["a b c d", "Zebra, yes: no!", "the quick brown fox jumps over the lazy dog", "É ü", "x"];

function ownLogits(model: SequenceClassifier, tokenizer: Tokenizer): number[][] {
  const { logits } = model.forward(tokenizer(texts, { padding: true, truncation: true }));
  const rows = logits.arraySync();
  logits.dispose();
  return rows;
}

/** Labels by the name in the config, scores by softmax, logits within 1e-4; the largest difference. */
function compare(
  classified: Classified,
  logits: readonly number[][],
  { id2label }: SequenceClassifier["config"],
): number {
  const differences = logits.map((row, text) => {
    const sum = row.reduce((total, value) => total + Math.exp(value), 0);
    const order = [...row.keys()].sort((a, b) => (row[b] as number) - (row[a] as number));
    const answers = classified.answers[text] ?? [];
    expect(answers.map(({ label }) => label)).toEqual(order.map((label) => id2label[label]));
    for (const [i, label] of order.entries()) {
      expect(answers[i]?.score).toBeCloseTo(Math.exp(row[label] as number) / sum, 4);
    }
    return Math.max(...row.map((value, i) => Math.abs(value - (classified.logits[text]?.[i] as number))));
  });
  const worst = Math.max(...differences);
  expect(worst).toBeLessThanOrEqual(1e-4);
  return worst;
}

const ownNames = ["sad", "glad", "mad"];
const named = () =>
  AutoModelForSequenceClassification.fromPretrained(goldenPath("bert-tiny"), { id2label: ownNames, seed: 3 });

test("the folder holds what pipeline() asks for, beside what a person or saveModel keeps there", async () => {
  const [folder, model] = [await place(), await named()];
  await saveModel(folder, model, tinyTokenizer, { "trainer_state.json": 1 });
  await writeFile(join(folder, "notes.json"), "mine");
  await exportOnnx(folder, { model, tokenizer: tinyTokenizer, quantize: "int8" });
  const kept = ["model.safetensors", "trainer_state.json", "notes.json"];
  expect((await readdir(folder)).sort()).toEqual(
    ["config.json", manifestName, "onnx", "tokenizer.json", "tokenizer_config.json", ...kept].sort(),
  );
  expect((await readdir(join(folder, "onnx"))).sort()).toEqual(["model.onnx", "model_quantized.onnx"]);
  const sizes = await Promise.all(
    ["model.onnx", "model_quantized.onnx"].map(async (name) => (await readFile(join(folder, "onnx", name))).length),
  );
  expect(sizes[1]).toBeLessThan(0.6 * (sizes[0] as number));
  const again = await AutoTokenizer.fromPretrained(folder);
  expect(again(texts, { padding: true })).toEqual(tinyTokenizer(texts, { padding: true }));
  await exportOnnx(folder, { model, tokenizer: tinyTokenizer });
  expect(await readdir(join(folder, "onnx"))).toEqual(["model.onnx"]); // an older one would be another model's
});

test("pipeline() in Node gives the labels and scores that the model gives", async () => {
  const [folder, model] = [await place(), await named()];
  await exportOnnx(folder, { model, tokenizer: tinyTokenizer, quantize: "int8" });
  const logits = ownLogits(model, tinyTokenizer);
  compare(await classifyInNode(folder, texts, 3, { quantized: false }), logits, model.config);
  const { logits: close } = await classifyInNode(folder, texts, 3, { quantized: true });
  const worst = Math.max(...logits.flatMap((row, i) => row.map((v, j) => Math.abs(v - (close[i]?.[j] as number)))));
  expect(worst).toBeGreaterThan(1e-6);
  expect(worst).toBeLessThan(0.05);
});

test("of several labels a text pipeline() gives each its own probability", async () => {
  const [folder, model] = [await place(), await named()];
  model.decideProblemType("multi_label_classification");
  await exportOnnx(folder, { model, tokenizer: tinyTokenizer });
  const { answers } = await classifyInNode(folder, texts, 3, { quantized: false });
  ownLogits(model, tinyTokenizer).forEach((row, text) => {
    const scores = new Map(answers[text]?.map(({ label, score }) => [label, score]));
    for (const [i, x] of row.entries())
      expect(scores.get(ownNames[i] as string)).toBeCloseTo(1 / (1 + Math.exp(-x)), 4);
  });
});

test("the numbers of a regression are the logits there, which is said", async () => {
  const said = vi.spyOn(console, "info").mockImplementation(() => {});
  const [folder, model] = [
    await place(),
    await AutoModelForSequenceClassification.fromPretrained(goldenPath("bert-tiny"), { id2label: ["stars"] }),
  ];
  await exportOnnx(folder, { model, tokenizer: tinyTokenizer });
  expect(said).toHaveBeenLastCalledWith(expect.stringMatching(/gives numbers: take the logits/));
  said.mockRestore();
  const { answers, logits } = await classifyInNode(folder, texts, 1, { quantized: false });
  ownLogits(model, tinyTokenizer).forEach(([value], text) => {
    expect(logits[text]?.[0]).toBeCloseTo(value as number, 4);
  });
  expect([answers[0]].flat()).toEqual([{ label: "stars", score: 1 }]); // why it is said
});

test.skipIf(chromium === undefined)(
  "in Chromium too (skipped where there is none on the PATH)",
  async () => {
    const [folder, model] = [await place(), await named()];
    await exportOnnx(folder, { model, tokenizer: tinyTokenizer, quantize: "int8" });
    const logits = ownLogits(model, tinyTokenizer);
    const worst = compare(await classifyInChromium(folder, texts, 3, { quantized: false }), logits, model.config);
    const eight = await classifyInChromium(folder, texts, 3, { quantized: true });
    const node = await classifyInNode(folder, texts, 3, { quantized: true });
    const apart = Math.max(
      ...node.logits.flatMap((row, i) => row.map((v, j) => Math.abs(v - (eight.logits[i]?.[j] as number)))),
    );
    expect(apart).toBeLessThanOrEqual(0.02); // activations are rounded, so the last bit of a sum can tip a value over
    console.log(
      `in Chromium: logits within ${worst.toExponential(1)} of the model's, in eight bits within ${apart.toExponential(1)} of Node's`,
    );
  },
  240_000,
);

/** Tokenizers of the families; those that are not named have BERT's. */
const tokenizers: Readonly<Record<string, string>> = {
  ...Object.fromEntries(
    ["albert", "camembert", "deberta", "deberta-v2", "mpnet", "roberta", "xlm-roberta", "xlnet"].map((name) => [
      name,
      name,
    ]),
  ),
  modernbert: "roberta",
};

/** A small model of the family and a tokenizer of its kind. */
async function modelAndTokenizer(modelType: string) {
  const tokenizer = await AutoTokenizer.fromPretrained(goldenPath(`tokenizers/${tokenizers[modelType] ?? "bert"}`));
  const { config } = goldenCases(modelType)[0] as GoldenCase;
  return { tokenizer, model: formulaModel(config, { vocab_size: 1300, pad_token_id: tokenizer.padTokenId }) };
}

describe.each(goldenTypes)("%s", (modelType) => {
  const isUnknown = unknownToXenova.includes(modelType);
  const options = { quantized: false, ...(isUnknown ? { modelType: "bert" } : {}) };

  test("with a tokenizer of its kind, pipeline() gives the labels and scores that the model gives", async () => {
    const { tokenizer, model } = await modelAndTokenizer(modelType);
    const { config } = model;
    const folder = await place();
    const said = vi.spyOn(console, "info").mockImplementation(() => {});
    await exportOnnx(folder, { model, tokenizer });
    if (isUnknown) expect(said).toHaveBeenCalledWith(expect.stringContaining('{ ...config, model_type: "bert" }'));
    else expect(said).not.toHaveBeenCalled();
    said.mockRestore();
    const logits = ownLogits(model, tokenizer);
    const inNode = compare(await classifyInNode(folder, texts, config.numLabels, options), logits, config);
    console.log(`${modelType} through pipeline() in Node: logits within ${inNode.toExponential(1)} of the model's`);
    if (chromium === undefined) return;
    const inPage = compare(await classifyInChromium(folder, texts, config.numLabels, options), logits, config);
    console.log(`${modelType} through pipeline() in Chromium: logits within ${inPage.toExponential(1)} of the model's`);
    model.dispose();
  }, 240_000);
});

test.each(unknownToXenova)("under its own name pipeline() has no class for %s", async (modelType) => {
  const { tokenizer, model } = await modelAndTokenizer(modelType);
  const folder = await place();
  const said = vi.spyOn(console, "info").mockImplementation(() => {});
  await exportOnnx(folder, { model, tokenizer });
  said.mockRestore();
  await expect(classifyInNode(folder, texts, 2, { quantized: false })).rejects.toThrow("Unsupported model type");
  model.dispose();
});

test("what cannot be exported is refused, and what was there stays", async () => {
  const [folder, model] = [await place(), await tinyModel()];
  await mkdir(folder);
  const refused = (options: object) => exportOnnx(folder, { model, tokenizer: tinyTokenizer, ...options });
  await expect(refused({ quantize: "int4" })).rejects.toMatchObject({ code: "BAD_EXPORT" });
  await expect(refused({ quantized: true })).rejects.toThrow(
    'no option of exportOnnx "quantized". Here it is quantize: "int8"',
  );
  await expect(refused({ tokenizer: undefined })).rejects.toThrow(/tokenizer must be what AutoTokenizer/);
  await expect(refused({ quantise: "int8" })).rejects.toThrow("Did you mean quantize?");
  const brought = Tokenizer.from(Object.assign(() => ({ input_ids: [2, 3] }), { decode: () => "" }) as never);
  await expect(refused({ tokenizer: brought })).rejects.toMatchObject({ code: "WRITE_FAILED" });
  const bias = model.parameters.get("classifier.bias");
  bias?.assign(Float32Array.of(0, Number.NaN));
  await expect(refused({})).rejects.toMatchObject({
    code: "BAD_EXPORT",
    message: expect.stringMatching(/classifier.bias/),
  });
  expect(await readdir(folder)).toEqual([]);
});

test.each<[unknown[], RegExp]>([
  [["out", { quantized: true }], /"quantized". Here it is quantize: "int8"/],
  [["out", { quantise: "int8" }], /Did you mean quantize/],
  [["out", { opset: 14 }], /always 17: leave it out/],
  [["out", "int8"], /by name, in an object/],
  [["out", {}], /model must be what AutoModelForSequenceClassification.fromPretrained gives, awaited/],
  [["", {}], /takes a folder first/],
  [[{ model: 1 }], /takes a folder first/],
])("exportOnnx(...%j) says what was meant, before anything is written", async (given, message) => {
  await expect((exportOnnx as (...all: unknown[]) => Promise<void>)(...given)).rejects.toMatchObject({
    code: "BAD_ARGUMENT",
    message: expect.stringMatching(message),
  });
});

test("an export would make its config that of other weights: it is refused beside them, and the advice helps", async () => {
  const [folder, first, second] = [await place(), await named(), await named()];
  second.parameters.get("classifier.bias")?.assign(Float32Array.of(1, 2, 3));
  await saveModel(folder, first, tinyTokenizer);
  const config = await readFile(join(folder, "config.json"));
  const refusal = expect.objectContaining({
    code: "BAD_EXPORT",
    message: expect.stringMatching(
      /other weights \(model\.safetensors\).*Export to another folder, or save this model there first/,
    ),
  });
  await expect(exportOnnx(folder, { model: second, tokenizer: tinyTokenizer })).rejects.toEqual(refusal);
  expect(await readFile(join(folder, "config.json"))).toEqual(config);
  await exportOnnx(`${folder}-web`, { model: second, tokenizer: tinyTokenizer });
  await saveModel(folder, second, tinyTokenizer);
  await exportOnnx(folder, { model: second, tokenizer: tinyTokenizer });
  expect(await readdir(join(folder, "onnx"))).toEqual(["model.onnx"]);
  await saveModel(folder, first, tinyTokenizer); // and an export of other weights goes with them
  expect(await readdir(folder)).not.toContain("onnx");
});

test("a file that pipeline() would take in place of the export is not passed over", async () => {
  const [folder, model] = [await place(), await named()];
  await mkdir(join(folder, "onnx"), { recursive: true });
  await writeFile(join(folder, "onnx", "model_quantized.onnx"), "of another model");
  const exporting = () => exportOnnx(folder, { model, tokenizer: tinyTokenizer });
  await expect(exporting()).rejects.toThrow(/onnx\/model_quantized\.onnx there was not written by Thaw/);
  await rm(join(folder, "onnx", "model_quantized.onnx"));
  await exporting();
});

test("Stop while it exports or saves leaves what was there and nothing else", async () => {
  const [folder, model] = [await place(), await named()];
  await saveModel(folder, model, tinyTokenizer);
  const found = await readdir(folder);
  for (const [file, work] of [
    ["onnx/model.onnx", (signal: AbortSignal) => exportOnnx(folder, { model, tokenizer: tinyTokenizer, signal })],
    ["model.safetensors", (signal: AbortSignal) => saveModel(folder, model, tinyTokenizer, {}, { signal })],
  ] as const) {
    const controller = new AbortController();
    const { error } = await withFaults(
      () => work(controller.signal),
      ({ name, path }) => {
        if (name === "write" && path.endsWith(file)) controller.abort(new Error("stopped by hand"));
        return undefined;
      },
    );
    expect(error).toMatchObject({ message: "stopped by hand" });
    expect(await readdir(folder)).toEqual(found);
  }
  expect(await readdir(join(folder, ".."))).toEqual(["model"]);
});
