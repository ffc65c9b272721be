import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { HuggingFaceConfig } from "../../src/config/config.ts";
import { readConfig } from "../../src/config/readConfig.ts";
import { parseConfig, toHuggingFaceJson } from "../../src/config/translate.ts";
import { writeConfig } from "../../src/config/writeConfig.ts";

let folder = "";
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "thaw-config-"));
});
afterAll(() => rmSync(folder, { recursive: true }));

// transformers 5.23.0: BertConfig().to_dict()
test("absent keys get the class defaults of BertConfig", () => {
  const { raw, label2id, ...config } = parseConfig({ model_type: "bert" });
  expect(config).toEqual({
    modelType: "bert",
    vocabSize: 30522,
    hiddenSize: 768,
    embeddingSize: 768,
    numHiddenLayers: 12,
    numAttentionHeads: 12,
    intermediateSize: 3072,
    hiddenAct: "gelu",
    hiddenDropoutProb: 0.1,
    attentionProbsDropoutProb: 0.1,
    classifierDropout: undefined,
    maxPositionEmbeddings: 512,
    typeVocabSize: 2,
    layerNormEps: 1e-12,
    padTokenId: 0,
    initializerRange: 0.02,
    numLabels: 2,
    id2label: ["LABEL_0", "LABEL_1"],
    problemType: undefined,
  });
  expect(label2id).toEqual({ LABEL_0: 0, LABEL_1: 1 });
  expect(raw).toEqual({ model_type: "bert" });
});

test("what is in the file wins, and null means absent or none", () => {
  const config = parseConfig({
    model_type: "bert",
    hidden_size: 32,
    num_attention_heads: 4,
    classifier_dropout: 0,
    pad_token_id: null,
    id2label: { 1: "good", 0: "bad", 2: "mixed" },
    problem_type: "multi_label_classification",
    hidden_act: null,
  });
  expect(config).toMatchObject({
    hiddenSize: 32,
    classifierDropout: 0,
    padTokenId: undefined,
    id2label: ["bad", "good", "mixed"],
    numLabels: 3,
    problemType: "multi_label_classification",
    hiddenAct: "gelu",
  });
  expect(parseConfig({ model_type: "bert", num_labels: 5 }).numLabels).toBe(5);
});

test.each([
  [{}, /"model_type" is undefined. Families that can be trained: bert/],
  [{ model_type: "gpt2" }, /"model_type" is "gpt2"/],
  [{ position_embedding_type: "relative_key" }, /"relative_key", only "absolute"/],
  [{ hidden_size: "768" }, /"hidden_size" must be an integer from 1 on, found "768"/],
  [{ hidden_size: 0 }, /"hidden_size" must be an integer/],
  [{ num_hidden_layers: 1.5 }, /"num_hidden_layers" must be an integer/],
  [{ hidden_size: 100 }, /100 is no multiple of "num_attention_heads" 12/],
  [{ hidden_dropout_prob: 1 }, /"hidden_dropout_prob" must be a probability/],
  [{ attention_probs_dropout_prob: -0.1 }, /probability from 0 to below 1, found -0.1/],
  [{ classifier_dropout: "no" }, /"classifier_dropout" must be a probability/],
  [{ layer_norm_eps: 0 }, /"layer_norm_eps" must be a number above 0/],
  [{ hidden_act: 3 }, /"hidden_act" must be text/],
  [{ pad_token_id: 30522 }, /outside the vocabulary of 30522/],
  [{ id2label: ["a", "b"] }, /"id2label" must be an object/],
  [{ id2label: { 0: "a", 2: "b" } }, /no text for index 1/],
  [{ id2label: {} }, /no text for index 0/],
  [{ id2label: { 0: 7 } }, /no text for index 0/],
  [{ problem_type: "ranking" }, /must be one of single_label_classification/],
  [{ problem_type: "single_label_classification", num_labels: 1 }, /needs 2 labels/],
])("%j is refused", (json, message) => {
  const withType = Object.keys(json).length === 0 ? json : { model_type: "bert", ...json };
  expect(() => parseConfig(withType, "x/config.json")).toThrow(message);
  expect(() => parseConfig(withType, "x/config.json")).toThrow(/^x\/config\.json: /);
});

test("saving keeps unknown keys and writes what Python needs", async () => {
  const raw = {
    model_type: "bert",
    architectures: ["BertModel"],
    use_cache: true,
    num_labels: 2,
    torch_dtype: "float16",
  };
  const config: HuggingFaceConfig = {
    ...parseConfig(raw),
    id2label: ["negative", "positive", "neutral"],
    label2id: { negative: 0, positive: 1, neutral: 2 },
    numLabels: 3,
    problemType: "single_label_classification",
  };
  await writeConfig(folder, config);
  const written = JSON.parse(readFileSync(join(folder, "config.json"), "utf8"));
  expect(written).toMatchObject({
    architectures: ["BertForSequenceClassification"],
    use_cache: true,
    torch_dtype: "float32",
    id2label: { "0": "negative", "1": "positive", "2": "neutral" },
    label2id: { negative: 0, positive: 1, neutral: 2 },
    problem_type: "single_label_classification",
  });
  expect(written).not.toHaveProperty("num_labels");
  const { raw: _, text: ___, ...again } = await readConfig(folder);
  const { raw: __, ...before } = config;
  expect(again).toEqual(before);
});

// transformers 5.23 refuses an integer for a key that it declares as a float, such as ModernBERT's initializer_cutoff_factor
test("numbers are written as they stood in the file: 2.0 does not become 2, nor a large one another", async () => {
  const text = `{
  "model_type": "bert",
  "cutoff": 2.0,
  "eps": 1e-12,
  "twice": 1.0,
  "twice": 3.0,
  "large": 1000000000000000019884624838656,
  "nested": { "list": [160000.0, 1, 0.50], "id": 0 }
}`;
  writeFileSync(join(folder, "config.json"), text);
  const config = await readConfig(folder);
  await writeConfig(folder, {
    ...config,
    raw: { ...config.raw, changed: 7, nested: { ...(config.raw.nested as object), id: 5 } },
  });
  const written = readFileSync(join(folder, "config.json"), "utf8");
  for (const line of [
    '"cutoff": 2.0,',
    '"eps": 1e-12,',
    '"twice": 3.0,',
    '"large": 1000000000000000019884624838656,',
    '"changed": 7',
    '"id": 5',
  ]) {
    expect(written).toContain(line);
  }
  expect(written.replace(/\s/g, "")).toContain('"list":[160000.0,1,0.50]');
});

test("a configuration that was saved is saved again without a change", () => {
  const once = toHuggingFaceJson(parseConfig({ model_type: "bert", dtype: "bfloat16" }));
  expect(toHuggingFaceJson(parseConfig(once))).toEqual(once);
  expect(once.dtype).toBe("float32");
});

test("a folder without config.json, and a damaged one, say so", async () => {
  await expect(readConfig(join(folder, "none"))).rejects.toMatchObject({ code: "MISSING_FILE" });
  for (const text of ["", "{", "[]", "null", '"x"']) {
    writeFileSync(join(folder, "config.json"), text);
    await expect(readConfig(folder)).rejects.toMatchObject({ code: "BAD_CONFIG" });
  }
});
