/** What a tokenizer saves: what it was loaded from, whatever became of that, and the length that its model was trained with. */
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, expect, test, vi } from "vitest";
import { exportOnnx } from "../../src/exportOnnx.ts";
import { AutoModelForSequenceClassification } from "../../src/models/autoModel.ts";
import { AutoTokenizer } from "../../src/tokenizer/autoTokenizer.ts";
import { goldenPath } from "../golden/read.ts";
import { classifyInNode } from "../models/onnx/pipelines.ts";
import { letters, tinyTrainer } from "../train/tiny.ts";
import { folderOf, scratchFolder } from "./settings.ts";

const root = scratchFolder();
afterAll(() => rmSync(root, { recursive: true }));
const target = () => mkdtempSync(join(root, "saved-"));
const filesOf = (folder: string) =>
  Object.fromEntries(readdirSync(folder).map((file) => [file, readFileSync(join(folder, file), "latin1")]));
const read = (folder: string, file: string) => JSON.parse(readFileSync(join(folder, file), "utf8"));

test.each(["removed", "replaced by another tokenizer", "damaged"])(
  "a folder that was %s after loading is saved as it was loaded",
  async (what) => {
    const folder = folderOf({ family: "bert", files: {} }, root);
    const before = filesOf(folder);
    const tokenizer = await AutoTokenizer.fromPretrained(folder);
    const ids = tokenizer("The lighthouse keeper").inputIds;
    rmSync(folder, { recursive: true });
    if (what !== "removed") cpSync(goldenPath("tokenizer-settings/roberta"), folder, { recursive: true });
    if (what === "damaged") writeFileSync(join(folder, "tokenizer.json"), "{");
    const saved = target();
    await tokenizer.save(saved);
    const { "config.json": _, ...files } = before;
    expect(filesOf(saved)).toEqual(files);
    expect((await AutoTokenizer.fromPretrained(saved))("The lighthouse keeper").inputIds).toEqual(ids);
  },
);

test("a trainer saves its tokenizer though the folder that it came from is gone", async () => {
  const folder = mkdtempSync(join(root, "gone-"));
  cpSync(goldenPath("bert-tiny"), folder, { recursive: true });
  const tokenizer = await AutoTokenizer.fromPretrained(folder);
  rmSync(folder, { recursive: true });
  const trainer = await tinyTrainer({ tokenizer });
  const saved = join(target(), "model");
  await trainer.saveModel(saved);
  expect((await AutoTokenizer.fromPretrained(saved))("a b").inputIds).toEqual(tokenizer("a b").inputIds);
});

test("of two files that contradict each other the saved one says what Python's class runs, the other stays as it was", async () => {
  const folder = folderOf({ family: "bert", files: { "tokenizer_config.json": { do_lower_case: false } } }, root);
  expect(read(folder, "tokenizer.json").normalizer.lowercase).toBe(true);
  const tokenizer = await AutoTokenizer.fromPretrained(folder);
  const saved = target();
  await tokenizer.save(saved);
  expect(read(saved, "tokenizer.json").normalizer.lowercase).toBe(false);
  expect(filesOf(saved)["tokenizer_config.json"]).toBe(filesOf(folder)["tokenizer_config.json"]);
  const again = await AutoTokenizer.fromPretrained(saved);
  const twice = target();
  await again.save(twice);
  expect(filesOf(twice)).toEqual(filesOf(saved)); // now they agree, so that nothing changes any more
});

test("what was said at loading in place of the files is saved with them", async () => {
  const folder = folderOf({ family: "bert", files: {} }, root);
  const options = { truncationSide: "left", paddingSide: "left", modelMaxLength: 7 } as const;
  const tokenizer = await AutoTokenizer.fromPretrained(folder, options);
  const saved = target();
  await tokenizer.save(saved);
  const again = await AutoTokenizer.fromPretrained(saved);
  for (const each of [tokenizer, again]) {
    expect({ ...each }).toMatchObject(options);
    const { inputIds } = each("a b c d e f g h i", { truncation: true });
    expect(inputIds).toEqual(tokenizer("e f g h i").inputIds);
  }
});

test("a class that is called for by the type of a model is named in what is saved, for another model beside it", async () => {
  const folder = folderOf(
    { family: "bert", files: { "tokenizer_config.json": { tokenizer_class: "__absent__" } } },
    root,
  );
  const saved = target();
  await (await AutoTokenizer.fromPretrained(folder)).save(saved);
  writeFileSync(join(saved, "config.json"), JSON.stringify({ model_type: "roberta" }));
  expect(read(saved, "tokenizer_config.json").tokenizer_class).toBe("BertTokenizer");
  const text = "The Lighthouse";
  expect((await AutoTokenizer.fromPretrained(saved))(text)).toEqual((await AutoTokenizer.fromPretrained(folder))(text));
});

test("where a setting has to be added, the numbers of the others are written as they stood", async () => {
  const folder = folderOf({ family: "bert", files: {} }, root);
  const path = join(folder, "tokenizer_config.json");
  writeFileSync(path, readFileSync(path, "utf8").replace('"tokenizer_class":"BertTokenizer",', ""));
  const tokenizer = await AutoTokenizer.fromPretrained(folder);
  const saved = target();
  await tokenizer.save(saved);
  expect(filesOf(saved)["tokenizer_config.json"]).toContain("1000000000000000019884624838656");
  await tokenizer.save(saved, { modelMaxLength: 40 });
  expect(read(saved, "tokenizer_config.json")).toMatchObject({
    model_max_length: 40,
    tokenizer_class: "BertTokenizer",
  });
});

test("a text is cut to one length by the trainer, in the saved folder, and in the exported model", async () => {
  const long = "a b c d e f g h i j k l m n o p q r s t u v w x y z";
  const trainer = await tinyTrainer({ args: { maxLength: 9, numTrainEpochs: 1 }, trainDataset: letters(8) });
  const { model, tokenizer } = trainer;
  await trainer.train();
  const [trained] = await trainer.predict([long]);
  const folder = join(target(), "model");
  await trainer.saveModel(folder);

  const again = await AutoTokenizer.fromPretrained(folder);
  expect(again.modelMaxLength).toBe(9);
  expect(again(long, { truncation: true })).toEqual(tokenizer(long, { truncation: true, maxLength: 9 }));
  const loaded = await AutoModelForSequenceClassification.fromPretrained(folder);
  const { logits } = loaded.forward(again(long, { truncation: true }));
  const said = vi.spyOn(console, "info").mockImplementation(() => {});
  await exportOnnx(folder, { model, tokenizer }); // the tokenizer that knows nothing of the length
  said.mockRestore();
  const exported = await classifyInNode(folder, [long], 2, { quantized: false });
  for (const row of [[...logits.dataSync()], exported.logits[0] as number[]]) {
    for (const [i, value] of row.entries()) expect(value).toBeCloseTo(trained?.logits[i] as number, 5);
  }
  logits.dispose();
  loaded.dispose();
});

test("a model that reads fewer tokens than its tokenizer says is never given more, by hand either", async () => {
  const folder = mkdtempSync(join(root, "few-"));
  cpSync(goldenPath("bert-tiny"), folder, { recursive: true });
  const config = join(folder, "tokenizer_config.json");
  writeFileSync(config, JSON.stringify({ ...read(folder, "tokenizer_config.json"), model_max_length: 512 }));
  const tokenizer = await AutoTokenizer.fromPretrained(folder);
  const model = await AutoModelForSequenceClassification.fromPretrained(folder);
  expect(tokenizer.modelMaxLength).toBe(40);
  const long = "a ".repeat(200);
  // the advice of the error that the first gives
  expect(() => model.forward(tokenizer(long))).toThrow(/Encode with \{ truncation: true/);
  model.forward(tokenizer(long, { truncation: true })).logits.dispose();
  model.dispose();
});
