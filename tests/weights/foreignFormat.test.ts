/** Goal 25: whatever lies in a model's folder, it is refused by what it is, and nothing of it runs. */
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gunzipSync, gzipSync } from "node:zlib";
import { afterEach, beforeEach, expect, test } from "vitest";
import { ThawError } from "../../src/errors.ts";
import { AutoModelForSequenceClassification } from "../../src/models/autoModel.ts";
import { foreignFormat, mergeAdapter } from "../../src/weights/foreignFormat.ts";
import { openWeights } from "../../src/weights/openWeights.ts";
import { goldenPath } from "../golden/read.ts";
import { foreignFiles } from "./foreignFiles.ts";

let folder = "";
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "thaw-foreign-"));
  cpSync(goldenPath("bert-tiny/config.json"), join(folder, "config.json"));
});
afterEach(() => rmSync(folder, { recursive: true }));

test("there are 30 files and more", () => {
  expect(foreignFiles.length).toBeGreaterThanOrEqual(30);
});

test.each(foreignFiles)("$title as $file is refused by its content", async ({ file, content, code, message }) => {
  writeFileSync(join(folder, file), content);
  const error = await AutoModelForSequenceClassification.fromPretrained(folder).catch((thrown: unknown) => thrown);
  expect(error).toBeInstanceOf(ThawError);
  expect(error).toMatchObject({ code, message: expect.stringMatching(message) });
  expect((error as ThawError).message).toContain(file);
  for (const place of [folder, process.cwd()]) expect(existsSync(join(place, "thaw-was-here"))).toBe(false);
});

test("a shard is refused by its content as well", async () => {
  cpSync(goldenPath("bert-tiny-shards"), folder, { recursive: true });
  writeFileSync(join(folder, "model-00002-of-00003.safetensors"), "\x80\x04\x95", "latin1");
  await expect(AutoModelForSequenceClassification.fromPretrained(folder)).rejects.toMatchObject({
    code: "WRONG_FORMAT",
    message: expect.stringMatching(/model-00002-of-00003.safetensors is a pickle/),
  });
});

test("a safetensors file whose length looks like a pickle is read", async () => {
  const header = '{"w":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}'.padEnd(0x0280, " "); // 80 02: protocol 2
  const length = Buffer.from(BigUint64Array.of(BigInt(header.length)).buffer);
  const path = join(folder, "model.safetensors");
  writeFileSync(path, Buffer.concat([length, Buffer.from(header), Buffer.alloc(4)]));
  expect(foreignFormat(path)).toMatchObject({ reader: "safetensors" });
  expect((await openWeights(folder)).names).toEqual(["w"]);
});

test("pickles and MessagePack maps are told from what begins nearly so", () => {
  const whatOf = (start: string) => {
    const path = join(folder, "weights.bin");
    writeFileSync(path, `${start}${" ".repeat(40)}`, "latin1");
    return foreignFormat(path)?.what;
  };
  const pickle = whatOf("\x80\x02");
  expect(pickle).toMatch(/pickle/);
  const begins = ["\x80\x05", "(d", "(i", "(l", "}q", "]q", "cos\nsystem\n", "c_codecs\nencode\n"];
  expect(begins.map(whatOf)).toEqual(begins.map(() => pickle));
  const map = whatOf("\x81\xa1a");
  expect(map).toMatch(/MessagePack|Flax/i);
  const maps = ["\x8f\xbfa", "\x85\xd9\x20", "\x82\xb0"];
  expect(maps.map(whatOf)).toEqual(maps.map(() => map));
  const neither = [
    ...["\x80\x01", "\x80\x06", "\x7f\x02", "\x80\xa1", "\x90\xa1a", "\x81\xa0", "\x81\xc0", "\x81\xd8", "\x81\x02"],
    ...["x(d", "(x", "x}q", "xq", "xcos\nsystem\n", "cos system\n"],
  ];
  expect(neither.map(whatOf).filter((what) => what === pickle || what === map)).toEqual([]);
});

test("a folder without weights: what else lies in it is named, three at most, and no folders or texts", async () => {
  const messageOf = async () => {
    const error = await openWeights(folder).catch((thrown: unknown) => thrown as ThawError);
    expect(error).toMatchObject({ code: "MISSING_FILE" });
    return (error as ThawError).message;
  };
  const pickle = Buffer.from("\x80\x02abc", "latin1");
  for (const name of ["notes.txt", "README.md", "spm.model", "args.json"]) writeFileSync(join(folder, name), pickle);
  mkdirSync(join(folder, "old.onnx"));
  expect(await messageOf()).toMatch(/Save the model in Python with save_pretrained/);
  for (const name of ["a.bin", "b.bin", "c.json.bin", "d.bin"]) writeFileSync(join(folder, name), pickle);
  const message = await messageOf();
  expect(message).toMatch(/It has a\.bin \(.*\), b\.bin \(.*\), c\.json\.bin \(.*\), which is not read\./);
  expect(message).not.toMatch(/d\.bin|notes\.txt|README|spm|args\.json|old\.onnx|Save the model in Python/);
});

/** Loads the folder after its advice was followed, and expects bert-tiny. */
async function expectTiny(): Promise<void> {
  const [model, reference] = await Promise.all(
    [folder, goldenPath("bert-tiny")].map((each) => AutoModelForSequenceClassification.fromPretrained(each)),
  );
  expect(model?.newlyInitialized).toEqual([]);
  expect(model?.parameters.get("classifier.weight")?.data()).toEqual(
    reference?.parameters.get("classifier.weight")?.data(),
  );
}
const refusal = async () =>
  ((await AutoModelForSequenceClassification.fromPretrained(folder).catch((error: unknown) => error)) as Error).message;
const at = (file: string) => join(folder, file);

test.each<[title: string, from: string, as: string, advice: RegExp, follow: () => void]>([
  [
    "a safetensors file called .bin",
    "bert-tiny/model.safetensors",
    "pytorch_model.bin",
    /Call it model.safetensors/,
    () => renameSync(at("pytorch_model.bin"), at("model.safetensors")),
  ],
  [
    "a torch file called .safetensors",
    "bert-tiny-bin/pytorch_model.bin",
    "model.safetensors",
    /Called pytorch_model.bin, its state dict is read/,
    () => renameSync(at("model.safetensors"), at("pytorch_model.bin")),
  ],
  [
    "a torch file of another name",
    "bert-tiny-bin/pytorch_model.bin",
    "weights.pt",
    /Called pytorch_model.bin/,
    () => renameSync(at("weights.pt"), at("pytorch_model.bin")),
  ],
  [
    "a safetensors file of another name",
    "bert-tiny/model.safetensors",
    "best.safetensors",
    /Call it model.safetensors/,
    () => renameSync(at("best.safetensors"), at("model.safetensors")),
  ],
])("the advice for %s leads to the model", async (_, from, as, advice, follow) => {
  cpSync(goldenPath(from), at(as));
  expect(await refusal()).toMatch(advice);
  follow();
  await expectTiny();
});

test("the advice to unpack a gzip archive leads to the model", async () => {
  writeFileSync(at("model.safetensors"), gzipSync(readFileSync(goldenPath("bert-tiny/model.safetensors"))));
  expect(await refusal()).toMatch(/a gzip archive. Unpack it/);
  writeFileSync(at("model.safetensors"), gunzipSync(readFileSync(at("model.safetensors"))));
  await expectTiny();
});

test("the advice for a config that names other files leads to the model", async () => {
  const config = JSON.parse(readFileSync(at("config.json"), "utf8"));
  cpSync(goldenPath("bert-tiny/model.safetensors"), at("best.safetensors"));
  writeFileSync(at("config.json"), JSON.stringify({ ...config, transformers_weights: "best.safetensors" }));
  expect(await refusal()).toMatch(/Call it model.safetensors and take the key out/);
  renameSync(at("best.safetensors"), at("model.safetensors"));
  writeFileSync(at("config.json"), JSON.stringify({ model_type: "bert", configuration_files: ["config.4.0.0.json"] }));
  writeFileSync(at("config.4.0.0.json"), JSON.stringify(config));
  expect(await refusal()).toMatch(/Copy the content of the newest one over config.json/);
  cpSync(at("config.4.0.0.json"), at("config.json"));
  await expectTiny();
});

test.each([
  [
    { base: "bert-base-uncased", numLabels: 3 },
    "its base model, bert-base-uncased, in Python",
    '("a/lora", num_labels=3)',
  ],
  [{ base: undefined, numLabels: undefined }, "its base model in Python", '("a/lora")'],
])("an adapter is merged into its base model, with as many labels as its head has: %j", (facts, sentence, call) => {
  const advice = mergeAdapter("a/lora", facts);
  expect(advice).toContain(`Merge it into ${sentence} (pip install peft) and load a/lora-merged:`);
  expect(
    advice
      .split("\n")
      .map((line) => line.trim())
      .slice(1),
  ).toEqual([
    "from peft import AutoPeftModelForSequenceClassification",
    "from transformers import AutoTokenizer",
    `model = AutoPeftModelForSequenceClassification.from_pretrained${call}`,
    "base = model.peft_config[model.active_adapter].base_model_name_or_path",
    'model.merge_and_unload().save_pretrained("a/lora-merged")',
    'AutoTokenizer.from_pretrained(base).save_pretrained("a/lora-merged")',
  ]);
});
