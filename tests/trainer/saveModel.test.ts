import { mkdir, mkdtemp, readdir, readFile, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { readSafetensors } from "../../src/safetensors/read.ts";
import { saveModel } from "../../src/trainer/saveModel.ts";
import { goldenPath } from "../golden/read.ts";
import { tinyModel, tinyTokenizer } from "./tiny.ts";

const place = async () => join(await mkdtemp(join(tmpdir(), "thaw-save-")), "model");

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
  await saveModel(folder, await tinyModel(), undefined, { "notes.json": 1 });
  const model = await tinyModel();
  model.parameters.get("classifier.bias")?.assign(Float32Array.of(5, 6));
  await saveModel(folder, model, undefined);
  const file = await readSafetensors(join(folder, "model.safetensors"));
  expect([...file.read("classifier.bias")]).toEqual([5, 6]);
  expect((await readdir(folder)).sort()).toEqual(["config.json", "model.safetensors", "notes.json"]);
});

test("a save that fails half-way leaves the older model, and nothing beside it", async () => {
  const folder = await place();
  await saveModel(folder, await tinyModel(), undefined, { "old.json": 1 });
  const broken = Object.assign(tinyTokenizer.bind(undefined), tinyTokenizer, {
    save: () => Promise.reject(new Error("disk full")),
  });
  await expect(saveModel(folder, await tinyModel(), broken)).rejects.toThrow("disk full");
  expect((await readdir(folder)).sort()).toEqual(["config.json", "model.safetensors", "old.json"]);
  expect(await readdir(join(folder, ".."))).toEqual(["model"]);
});

test("an empty folder is a place to save to", async () => {
  const folder = await place();
  await mkdir(folder);
  await saveModel(folder, await tinyModel(), undefined);
  await writeFile(join(folder, "note.txt"), "still writable");
  expect(await readdir(folder)).toContain("config.json");
});
