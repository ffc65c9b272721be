import { mkdir, readdir, readFile, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { manifestName } from "../../src/platform/savedFiles.ts";
import { AutoTokenizer } from "../../src/tokenizer/autoTokenizer.ts";
import { saveModel } from "../../src/train/saveModel.ts";
import { readSafetensors } from "../../src/weights/safetensors/read.ts";
import { goldenPath } from "../golden/read.ts";
import { temporaryFolder } from "../temporary.ts";
import { tinyModel, tinyTokenizer, tinyTrainer } from "./tiny.ts";

const place = async () => join(temporaryFolder(), "model");

test("every parameter is in the file, with its name, shape and bytes", async () => {
  const [folder, model] = [await place(), await tinyModel()];
  await saveModel(folder, model, undefined);
  const file = await readSafetensors(join(folder, "model.safetensors"));
  expect([...file.names].sort()).toEqual([...model.parameters.keys()].sort());
  for (const [name, parameter] of model.parameters) {
    expect(file.shape(name), name).toEqual(parameter.shape);
    expect(file.read(name), name).toEqual(parameter.data());
  }
});

test("the config names the class and the labels that Python opens it with", async () => {
  const folder = await place();
  await saveModel(folder, await tinyModel(), undefined);
  expect(JSON.parse(await readFile(join(folder, "config.json"), "utf8"))).toMatchObject({
    architectures: ["BertForSequenceClassification"],
    id2label: { 0: "LABEL_0", 1: "LABEL_1" },
    label2id: { LABEL_0: 0, LABEL_1: 1 },
  });
});

test("the tokenizer's files are copied byte for byte, and further files written as JSON", async () => {
  const folder = await place();
  await saveModel(folder, await tinyModel(), tinyTokenizer, { "more.json": { a: [1] } });
  const [mine, theirs] = [folder, goldenPath("bert-tiny")].map((each) => readFile(join(each, "tokenizer.json")));
  expect(await mine).toEqual(await theirs);
  expect(JSON.parse(await readFile(join(folder, "more.json"), "utf8"))).toEqual({ a: [1] });
});

test("an older model in the folder gives way, and what a person keeps beside it stays", async () => {
  const folder = await place();
  await saveModel(folder, await tinyModel(), undefined, { "trainer_state.json": 1 });
  await writeFile(join(folder, "notes.json"), "mine");
  const model = await tinyModel();
  model.parameters.get("classifier.bias")?.assign(Float32Array.of(5, 6));
  await saveModel(folder, model, undefined);
  const file = await readSafetensors(join(folder, "model.safetensors"));
  expect([...file.read("classifier.bias")]).toEqual([5, 6]);
  // The state of the older model's training would not be true of this one.
  expect((await readdir(folder)).sort()).toEqual(["config.json", "model.safetensors", "notes.json", manifestName]);
});

test("a save that fails half-way leaves the older model, and nothing beside it", async () => {
  const folder = await place();
  await saveModel(folder, await tinyModel(), undefined, { "old.json": 1 });
  const broken = Object.assign(tinyTokenizer.bind(undefined), tinyTokenizer, {
    save: () => Promise.reject(new Error("disk full")),
  });
  await expect(saveModel(folder, await tinyModel(), broken)).rejects.toThrow("disk full");
  expect((await readdir(folder)).sort()).toEqual(["config.json", "model.safetensors", "old.json", manifestName]);
  expect(await readdir(join(folder, ".."))).toEqual(["model"]);
});

test("an option that there is not is refused", async () => {
  const trainer = await tinyTrainer();
  await expect(trainer.saveModel(await place(), { safeSerialization: true } as never)).rejects.toThrow(
    /no option of saveModel "safeSerialization"/,
  );
});

test("an empty folder is a place to save to", async () => {
  const folder = await place();
  await mkdir(folder);
  await saveModel(folder, await tinyModel(), undefined);
  await writeFile(join(folder, "note.txt"), "still writable");
  expect(await readdir(folder)).toContain("config.json");
});

test.each<[string, (place: string) => Promise<string>, RegExp]>([
  ["a file", async (place) => `${place}/file`, /it is a file/],
  ["a link to nothing", async (place) => `${place}/dangling`, /a link to nowhere, which leads nowhere/],
  ["below a file", async (place) => `${place}/file/runs/final`, /is a file, and a folder is needed there/],
])("a place that cannot be saved to is told before anything is trained: %s", async (_, of, message) => {
  const folder = temporaryFolder();
  await writeFile(join(folder, "file"), "");
  await symlink("nowhere", join(folder, "dangling"));
  await expect(tinyTrainer({ args: { outputDir: await of(folder) } })).rejects.toThrow(message);
  await expect(tinyTrainer({ args: { outputDir: join(folder, "runs/final") } })).resolves.toBeDefined();
  expect((await readdir(folder)).sort()).toEqual(["dangling", "file"]); // nothing was made
});

test("the older tokenizer's files go with it, and those that nobody knows are not read with the new one", async () => {
  const folder = await place();
  const model = await tinyModel();
  await saveModel(folder, model, await AutoTokenizer.fromPretrained(goldenPath("tokenizers/roberta")));
  expect(await readdir(folder)).toContain("merges.txt");
  await saveModel(folder, model, tinyTokenizer);
  expect((await readdir(folder)).sort()).toEqual(
    ["config.json", "model.safetensors", manifestName, "tokenizer.json", "tokenizer_config.json"].sort(),
  );
  await writeFile(join(folder, "added_tokens.json"), '{ "z": 3 }');
  await expect(saveModel(folder, model, tinyTokenizer)).rejects.toThrow(
    /added_tokens\.json there was not written by Thaw, and would be read as a part of this model\. .* Remove/,
  );
});
