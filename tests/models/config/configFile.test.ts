import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { HuggingFaceConfig } from "../../../src/models/config/config.ts";
import { readConfig, writeConfig } from "../../../src/models/config/configFile.ts";
import { parseConfig, toHuggingFaceJson } from "../../../src/models/config/parseConfig.ts";
import { goldenPath } from "../../golden/read.ts";

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
    trainedOn: undefined,
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
  [{ position_embedding_type: "relative_key" }, /"position_embedding_type" is "relative_key". Only "absolute"/],
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
  [{ id2label: ["a", "b"] }, /"id2label" is .*; it must be an object/],
  [{ id2label: {} }, /"id2label" has 0 entries/],
  [{ num_labels: 4e8 }, /"num_labels" is 400000000; it must be an integer from 1 to 100000/],
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

test.each([
  [
    "a byte that is no UTF-8",
    Buffer.from('{"model_type": "bert", "name_or_path": "\xe4"}', "latin1"),
    /it is not UTF-8/,
  ],
  ["UTF-16", Buffer.from('\ufeff{"model_type": "bert"}', "utf16le"), /it is not UTF-8/],
  ["a byte order mark", Buffer.from('\ufeff{"model_type": "bert"}'), /byte order mark/],
])("a config.json with %s is refused, as tokenizer files are", async (_, bytes, message) => {
  writeFileSync(join(folder, "config.json"), bytes);
  await expect(readConfig(folder)).rejects.toMatchObject({
    code: "BAD_CONFIG",
    message: expect.stringMatching(message),
  });
});

/** Reads this text as config.json, and writes what was read. */
async function roundTrip(text: string): Promise<string> {
  writeFileSync(join(folder, "config.json"), text);
  await writeConfig(folder, await readConfig(folder));
  return readFileSync(join(folder, "config.json"), "utf8");
}

test.each([
  ["a number that underflows", '"slant": 1e-400'],
  ["numbers that overflow", '"slant": [1e400, -1e999]'],
  ["a number of 400 digits", `"slant": 0.${"1".repeat(400)}`],
  ["a key of JavaScript's own", '"__proto__": {"hidden_size": 5}, "constructor": 1, "toString": null'],
  ["half of a surrogate pair", '"slant": "\\ud800"'],
  ["lists within lists, 90 deep", `"slant": ${"[".repeat(90)}${"]".repeat(90)}`],
  ["lists within lists, 199 deep", `"slant": ${"[".repeat(199)}${"]".repeat(199)}`],
])("whatever is read can be saved, unchanged: %s", async (_, entry) => {
  const written = await roundTrip(`{"model_type": "bert", ${entry}}`);
  expect(written.replace(/\s/g, "")).toContain(entry.replace(/\s/g, ""));
  expect(await roundTrip(written)).toBe(written);
});

test.each([
  ["objects", `${'{"a":'.repeat(100_000)}1${"}".repeat(100_000)}`],
  ["lists", "[".repeat(100_000) + "]".repeat(100_000)],
  ["200 lists", "[".repeat(200) + "]".repeat(200)],
])("what is nested too deep to be saved is refused when it is read, not after training: %s", async (_, value) => {
  writeFileSync(join(folder, "config.json"), `{"model_type": "bert", "slant": ${value}}`);
  await expect(readConfig(folder)).rejects.toMatchObject({
    code: "BAD_CONFIG",
    message: expect.stringMatching(/nested deeper than 200 levels/),
  });
});

test("a folder, a pipe and a file of 33 MB in place of config.json are refused at once", async () => {
  const other = mkdtempSync(join(tmpdir(), "thaw-odd-"));
  const file = join(other, "config.json");
  mkdirSync(file);
  await expect(readConfig(other)).rejects.toMatchObject({ code: "MISSING_FILE" });
  rmSync(file, { recursive: true });
  execFileSync("mkfifo", [file]);
  await expect(readConfig(other)).rejects.toMatchObject({ code: "MISSING_FILE" });
  rmSync(file);
  writeFileSync(file, " ".repeat(33_000_000));
  await expect(readConfig(other)).rejects.toThrow(/it has 33 MB, and such files have at most 32 MB/);
  rmSync(other, { recursive: true });
});

/** What stands in place of a value, one after the other. */
const damages = [
  "-1",
  "0",
  "1",
  "1e7",
  "4294967296",
  "1e400",
  "1e-400",
  "0.5",
  "true",
  "null",
  '""',
  '"x"',
  "[]",
  "[1]",
  "{}",
  '{"0":1}',
];

test("every value of a real config, replaced by 16 others, is refused by name or read and saved again", async () => {
  const source = readFileSync(goldenPath("bert-tiny/config.json"), "utf8");
  const keys = Object.keys(JSON.parse(source));
  let [refused, saved] = [0, 0];
  for (const key of keys) {
    for (const damage of damages) {
      const entries = Object.entries(JSON.parse(source)).map(
        ([name, value]) => `"${name}": ${name === key ? damage : JSON.stringify(value)}`,
      );
      const text = `{${entries.join(", ")}}`;
      try {
        const written = await roundTrip(text);
        expect(await roundTrip(written), `${key}: ${damage}`).toBe(written);
        saved++;
      } catch (error) {
        expect((error as { code?: string }).code, `${key}: ${damage}: ${error}`).toBe("BAD_CONFIG");
        refused++;
      }
    }
  }
  console.log(`${keys.length} keys: ${refused} damaged configs refused, ${saved} read and saved`);
  expect(refused).toBeGreaterThan(100);
});
