/** What a model's folder asks for and what its weights hold, compared before anything is read. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { ThawError } from "../../src/errors.ts";
import { AutoModelForSequenceClassification, type FromPretrainedOptions } from "../../src/models/autoModel.ts";
import { parseConfig } from "../../src/models/config/parseConfig.ts";
import { matchNames } from "../../src/models/loadPlan.ts";
import { AutoTokenizer } from "../../src/tokenizer/autoTokenizer.ts";
import { readSafetensors, type SafetensorsFile } from "../../src/weights/safetensors/read.ts";
import { type NamedTensor, writeSafetensors } from "../../src/weights/safetensors/write.ts";
import { goldenPath } from "../golden/read.ts";
import { familyOf, formulaModel, formulaWeight, goldenCases } from "./familyModel.ts";

let folder = "";
let said: string[] = [];
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "thaw-load-"));
  said = [];
  for (const level of ["info", "warn"] as const)
    vi.spyOn(console, level).mockImplementation((text) => void said.push(text));
});
afterEach(() => {
  vi.restoreAllMocks();
  rmSync(folder, { recursive: true });
});

const tiny = await readSafetensors(goldenPath("bert-tiny/model.safetensors"));
const tinyConfig = JSON.parse(readFileSync(goldenPath("bert-tiny/config.json"), "utf8"));
const tensorsOf = (file: SafetensorsFile, rename: (name: string) => string | undefined): NamedTensor[] =>
  file.names.flatMap((name) => {
    const renamed = rename(name);
    return renamed === undefined ? [] : [{ name: renamed, shape: file.shape(name), data: file.read(name) }];
  });

/** A folder with these tensors and bert-tiny's config, changed. */
async function write(tensors: readonly NamedTensor[], config: Record<string, unknown> = {}): Promise<void> {
  writeFileSync(join(folder, "config.json"), JSON.stringify({ ...tinyConfig, ...config }));
  await writeSafetensors(join(folder, "model.safetensors"), tensors);
}
const load = (options: FromPretrainedOptions = {}) =>
  AutoModelForSequenceClassification.fromPretrained(folder, options);
const reference = await AutoModelForSequenceClassification.fromPretrained(goldenPath("bert-tiny"));

async function expectTiny(): Promise<void> {
  const model = await load();
  expect([model.newlyInitialized, model.unused]).toEqual([[], []]);
  for (const [name, parameter] of model.parameters)
    expect(parameter.data(), name).toEqual(reference.parameters.get(name)?.data());
  model.dispose();
}

test.each([
  ["DataParallel", "module."],
  ["torch.compile", "_orig_mod."],
  ["both", "_orig_mod.module."],
  ["Lightning", "model."],
  ["a module of one's own", "classifier_net.backbone."],
])("names under the prefix that %s leaves are read without it, and it is said", async (_, prefix) => {
  await write(tensorsOf(tiny, (name) => prefix + name));
  await expectTiny();
  expect(said.join()).toContain(`all begin with "${prefix}", of a module around the model: read without it`);
});

test("a bare encoder in a module, beside a head of its own, is found", async () => {
  await write(tensorsOf(tiny, (name) => (name.startsWith("bert.") ? name.replace("bert.", "encoder.") : name)));
  await expectTiny();
});

test("old names under a prefix are both understood", async () => {
  const old = (name: string) =>
    name.replace("LayerNorm.weight", "LayerNorm.gamma").replace("LayerNorm.bias", "LayerNorm.beta");
  await write(tensorsOf(tiny, (name) => `module.${old(name)}`));
  await expectTiny();
});

test.each<[string, (name: string) => string]>([
  ["another family's encoder", (name) => name.replace("bert.", "roberta.")],
  ["another family's encoder in a module", (name) => `module.${name.replace("bert.", "roberta.")}`],
  ["no model's names", (name) => name.replaceAll(".", "/")],
])("the names of %s are no prefix: the file is refused, not read as this family's", async (_, rename) => {
  await write(tensorsOf(tiny, rename));
  await expect(load()).rejects.toMatchObject({ code: "BAD_CHECKPOINT" });
});

test("two models in one file are refused, not mixed", async () => {
  const twice = ["student", "teacher"].flatMap((whose) => tensorsOf(tiny, (name) => `${whose}.${name}`));
  await write(twice);
  await expect(load()).rejects.toMatchObject({ code: "BAD_CHECKPOINT" });
});

/** Sizes of config.json that a damaged or hostile file could ask for. */
const absurd: readonly (readonly [Record<string, unknown>, RegExp])[] = [
  [{ num_hidden_layers: 1e7 }, /asks for 10000000 layers, but .* has 57 tensors/],
  [{ num_hidden_layers: 2 ** 32 }, /asks for 4294967296 layers/],
  [{ num_hidden_layers: 2 ** 53 - 1 }, /asks for 9007199254740991 layers/],
  [{ num_hidden_layers: 900 }, /weights that .* lacks/],
  [{ num_labels: 4e8, id2label: null }, /"num_labels" is 400000000/],
  [{ num_labels: 2 ** 32, id2label: null }, /"num_labels" is 4294967296/],
  [{ vocab_size: 2e8 }, /\[60, 32\], but config.json asks for \[200000000, 32\]/],
  [{ vocab_size: 2 ** 53 - 1 }, /asks for \[9007199254740991, 32\]/],
  [{ hidden_size: 2 ** 40 }, /asks for \[60, 1099511627776\]/],
  [{ intermediate_size: 1e9 }, /asks for \[1000000000, 32\]/],
  [{ max_position_embeddings: 1e12 }, /asks for \[1000000000000, 32\]/],
  [{ type_vocab_size: 1e9 }, /asks for \[1000000000, 32\]/],
];

test.each(absurd)("sizes of %j are compared with the weights before anything is allocated", async (config, message) => {
  await write(
    tensorsOf(tiny, (name) => name),
    config,
  );
  const before = process.memoryUsage().rss;
  const error = await load().catch((thrown: unknown) => thrown);
  expect(error).toBeInstanceOf(ThawError);
  expect((error as Error).message).toMatch(message);
  expect(process.memoryUsage().rss - before).toBeLessThan(200e6);
});

test.each<[Record<string, unknown>, RegExp]>([
  [
    { vocab_size: 2e8 },
    /asks for 6400000000 weights that .* lacks, which holds \d+ \(the first is "bert.embeddings.word/,
  ],
  [{ vocab_size: 2 ** 50 }, /lacks, which holds/],
])("a table of %j that the file does not have at all is not made up", async (config, message) => {
  await write(
    tensorsOf(tiny, (name) => (name.includes("word_embeddings") ? undefined : name)),
    config,
  );
  await expect(load()).rejects.toMatchObject({ code: "BAD_CHECKPOINT", message: expect.stringMatching(message) });
});

test("what a file lacks of usual size is made anew, as in Python", async () => {
  await write(tensorsOf(tiny, (name) => (name.includes("position_embeddings") ? undefined : name)));
  const model = await load();
  expect(model.newlyInitialized).toEqual(["bert.embeddings.position_embeddings.weight"]);
  model.dispose();
});

describe.each(["albert", "deberta-v2", "modernbert", "xlnet", "mpnet"])("%s", (type) => {
  test("sizes of its own keys are compared as well", async () => {
    const [{ config }] = goldenCases(type) as [ReturnType<typeof goldenCases>[0]];
    const specs = familyOf(type).parameters(parseConfig(config));
    await writeSafetensors(
      join(folder, "model.safetensors"),
      specs.map(({ name, shape }) => ({ name, shape, data: formulaWeight({ name, shape }) })),
    );
    const own = [
      "num_hidden_groups",
      "inner_group_num",
      "embedding_size",
      "position_buckets",
      "max_relative_positions",
    ];
    const sizes = [
      ...own,
      "conv_kernel_size",
      "relative_attention_num_buckets",
      "vocab_size",
      "num_hidden_layers",
      "n_layer",
    ];
    for (const key of sizes) {
      for (const size of [100_000_001, 2 ** 32 + 1]) {
        writeFileSync(join(folder, "config.json"), JSON.stringify({ ...config, [key]: size }));
        const result = await load().then(
          (model) => {
            model.dispose();
            return "loaded";
          },
          (error: unknown) => error,
        );
        if (result !== "loaded") expect(result, `${key}: ${size}`).toBeInstanceOf(ThawError);
      }
    }
  });
});

test("of a folder with an adapter it is said what it is, and of one with weights too that the adapter is left out", async () => {
  writeFileSync(
    join(folder, "adapter_config.json"),
    JSON.stringify({ peft_type: "LORA", base_model_name_or_path: "org/base" }),
  );
  const lora = {
    name: "base_model.model.bert.encoder.layer.0.attention.self.query.lora_A.weight",
    shape: [1, 4],
    data: new Float32Array(4),
  };
  const head = { name: "base_model.model.classifier.weight", shape: [3, 4], data: new Float32Array(12) };
  await writeSafetensors(join(folder, "adapter_model.safetensors"), [lora, head]);
  await expect(load()).rejects.toMatchObject({
    code: "WRONG_FORMAT",
    message: expect.stringMatching(
      /PEFT adapter(.|\n)*base model, org\/base(.|\n)*num_labels=3\)(.|\n)*merge_and_unload/,
    ),
  });
  await write(tensorsOf(tiny, (name) => name));
  await expectTiny();
  expect(said.join()).toContain("the weights of");
});

test("names and numbers of labels that disagree with the head are told apart by what to write, and that keeps the head", async () => {
  await write(
    tensorsOf(tiny, (name) => name),
    { id2label: { 0: "a", 1: "b" }, num_labels: 5 },
  );
  const error = (await load().catch((thrown: unknown) => thrown)) as Error;
  expect(error.message).toMatch(
    /classifier.weight" .* has shape \[3, 32\], but config.json asks for \[5, 32\]. Load it with/,
  );
  expect(/numLabels: (\d+)/.exec(error.message)?.[1]).toBe("3");
  const model = await load({ numLabels: 3 });
  expect([model.newlyInitialized, model.config.id2label]).toEqual([[], ["LABEL_0", "LABEL_1", "LABEL_2"]]);
  model.dispose();
});

test("pairs on a model with one type of token are computed as in Python, whose tokenizers give it none", () => {
  for (const type of ["roberta", "xlm-roberta", "camembert"]) {
    const [first] = goldenCases(type) as [ReturnType<typeof goldenCases>[0]];
    expect(first.config.type_vocab_size).toBe(1);
    const model = formulaModel(first.config);
    const tokenTypeIds = first.input_ids.map((row) => row.map((_, column) => (column > row.length / 2 ? 1 : 0)));
    const found = model
      .forward({ inputIds: first.input_ids, attentionMask: first.attention_mask, tokenTypeIds })
      .logits.arraySync();
    for (const [i, row] of first.logits.entries()) {
      for (const [j, value] of row.entries()) expect(found[i]?.[j]).toBeCloseTo(value, 4);
    }
    model.dispose();
  }
});

test("with newHead the output layer is made anew for as many labels, and only that", async () => {
  await write(tensorsOf(tiny, (name) => name));
  const [one, same, other] = [
    await load({ newHead: true }),
    await load({ newHead: true }),
    await load({ newHead: true, seed: 7 }),
  ];
  expect(one.newlyInitialized).toEqual(["classifier.weight", "classifier.bias"]);
  expect(said[0]).toMatch(/^Newly initialised \(made anew\): classifier.weight/);
  const weight = (model: typeof one) => model.parameters.get("classifier.weight")?.data();
  expect(weight(one)).toEqual(weight(same));
  expect(weight(one)).not.toEqual(weight(other));
  for (const model of [one, same, other]) model.dispose();
});

test.each<[unknown, RegExp]>([
  [{ num_labels: 2 }, /"num_labels". Write numLabels/],
  [{ numLables: 2 }, /Did you mean numLabels/],
  [{ torch_dtype: "float16" }, /always float32/],
  [{ ignore_mismatched_sizes: true }, /not needed: with numLabels or id2label/],
  [{ trust_remote_code: true }, /no code from a model's folder is ever run/],
  [{ cache_dir: "x" }, /HF_HUB_CACHE/],
  [3, /by name, in an object/],
])("fromPretrained with the options %j says what was meant", async (options, message) => {
  await expect(load(options as FromPretrainedOptions)).rejects.toMatchObject({
    code: "BAD_ARGUMENT",
    message: expect.stringMatching(message),
  });
});

test.each([undefined, 3, null, {}])("%j is no model's name, which is said", async (name) => {
  await expect(AutoModelForSequenceClassification.fromPretrained(name as never)).rejects.toMatchObject({
    code: "BAD_ARGUMENT",
  });
});

test.each<[unknown, RegExp]>([
  [{ input_ids: [[1]] }, /no key of a batch "input_ids". Write inputIds/],
  [{ inputIds: [[1]], positionIds: [[0]] }, /positions are counted from the first token/],
  [{ inputIds: [[1]], lables: [0] }, /Did you mean labels/],
  ["a text", /by name, in an object/],
  [{}, /what the tokenizer returns for a list of texts/],
  [{ inputIds: [1, 2] }, /a list of token ids for each text/],
])("forward of %j says what was meant", (batch, message) => {
  expect(() => reference.forward(batch as never)).toThrow(
    expect.objectContaining({ code: "BAD_BATCH", message: expect.stringMatching(message) }),
  );
});

test("of a model of few positions the message says how to encode, also where truncation was asked for, and that works", async () => {
  const tokenizer = await AutoTokenizer.fromPretrained(goldenPath("bert-tiny"));
  const text = ["a b c d e f g h ".repeat(20)];
  const encode = (options: object) => reference.forward(tokenizer(text, options));
  let advice = "";
  try {
    encode({ truncation: true, maxLength: 100 });
  } catch (error) {
    advice = /Encode with (\{.*\})\./.exec((error as Error).message)?.[1] ?? "";
  }
  expect(advice).toBe("{ truncation: true, maxLength: 40 }");
  expect(encode({ truncation: true, maxLength: 40 }).logits.shape).toEqual([1, 3]);
});

describe("names of a file", () => {
  /** Names of the model that a match has not found. */
  const missingIn = ({ found }: ReturnType<typeof matchNames>, names: readonly string[]) =>
    names.filter((name) => !found.has(name));

  const bertNames = ["bert.embeddings.LayerNorm.weight", "bert.embeddings.LayerNorm.bias", "classifier.weight"];

  test("names that are the model's stand for themselves", () => {
    const match = matchNames(bertNames, bertNames, "bert.");
    expect([...match.found]).toEqual(bertNames.map((name) => [name, name]));
    expect([missingIn(match, bertNames), match.unused]).toEqual([[], []]);
  });

  test("files of the bare encoder lack the prefix, and the head", () => {
    const match = matchNames(["embeddings.LayerNorm.weight", "embeddings.LayerNorm.bias"], bertNames, "bert.");
    expect(match.found.get("bert.embeddings.LayerNorm.bias")).toBe("embeddings.LayerNorm.bias");
    expect([missingIn(match, bertNames), match.unused]).toEqual([["classifier.weight"], []]);
  });

  test("old files say gamma and beta, with the prefix or without", () => {
    const { found } = matchNames(["bert.embeddings.LayerNorm.gamma", "embeddings.LayerNorm.beta"], bertNames, "bert.");
    expect(Object.fromEntries(found)).toEqual({
      "bert.embeddings.LayerNorm.weight": "bert.embeddings.LayerNorm.gamma",
      "bert.embeddings.LayerNorm.bias": "embeddings.LayerNorm.beta",
    });
  });

  test("only a layer norm's gamma is renamed", () => {
    const match = matchNames(["other.gamma"], ["other.weight"], "bert.");
    expect([missingIn(match, ["other.weight"]), match.unused]).toEqual([["other.weight"], ["other.gamma"]]);
  });

  test("a pretraining head is unused and reported, the buffer position_ids is neither", () => {
    const files = [...bertNames, "cls.predictions.bias", "bert.embeddings.position_ids", "position_ids"];
    expect(matchNames(files, bertNames, "bert.").unused).toEqual(["cls.predictions.bias"]);
    expect(matchNames(["my_position_ids"], bertNames, "bert.").unused).toEqual(["my_position_ids"]);
  });
});
