import { cp, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test, vi } from "vitest";
import { AutoModelForSequenceClassification, type FromPretrainedOptions } from "../../src/models/autoModel.ts";
import { golden, goldenPath } from "../golden/read.ts";
import { temporaryFolder } from "../temporary.ts";

interface LoadingGolden {
  folders: Record<string, { missing: string[]; unexpected: string[]; equal_to_bert_tiny: string[] | number }>;
}

test.each(["bert-tiny", "bert-tiny-base", "bert-tiny-old"])("%s loads as transformers loads it", async (folder) => {
  const expected = golden<LoadingGolden>("bert_loading.json").folders[folder];
  const model = await AutoModelForSequenceClassification.fromPretrained(goldenPath(folder));
  const reference = await AutoModelForSequenceClassification.fromPretrained(goldenPath("bert-tiny"));
  expect([...model.newlyInitialized].sort()).toEqual([...(expected?.missing ?? [])].sort());
  expect([...model.unused].sort()).toEqual([...(expected?.unexpected ?? [])].sort());
  for (const [name, parameter] of model.namedParameters()) {
    if (parameter.newlyInitialized) continue;
    expect(parameter.data(), name).toEqual(reference.parameters.get(name)?.data());
  }
});

test("new values depend on the seed and on the name alone", async () => {
  const load = (seed: number) =>
    AutoModelForSequenceClassification.fromPretrained(goldenPath("bert-tiny-base"), { seed });
  const [a, b, c] = await Promise.all([load(1), load(1), load(2)]);
  const weight = (model: typeof a) => model.parameters.get("classifier.weight")?.data();
  expect(weight(a)).toEqual(weight(b));
  expect(weight(a)).not.toEqual(weight(c));
  expect([...(a.parameters.get("classifier.bias")?.data() ?? [])].every((value) => value === 0)).toBe(true);
});

test("another number of labels gives a new head, and names for it", async () => {
  const model = await AutoModelForSequenceClassification.fromPretrained(goldenPath("bert-tiny"), {
    id2label: ["bad", "good"],
  });
  expect(model.newlyInitialized).toEqual(["classifier.weight", "classifier.bias"]);
  expect(model.config.id2label).toEqual(["bad", "good"]);
});

test("a new head says for how many labels it was made, and keeps the problem type that was asked for", async () => {
  const info = vi.spyOn(console, "info").mockImplementation(() => {});
  const load = (options: FromPretrainedOptions) =>
    AutoModelForSequenceClassification.fromPretrained(goldenPath("bert-tiny"), options);
  const model = await load({ numLabels: 1 });
  expect(info.mock.calls.flat()).toEqual([
    'Problem type "regression": the model has one label, so that it gives a number for each text.',
    "Newly initialised (made anew for 1 label instead of 3): classifier.weight, classifier.bias. Train them before you use the model.",
  ]);
  expect(model.problemType).toBe("regression");
  const several = await load({ problemType: "multi_label_classification" });
  expect([several.problemType, several.newlyInitialized]).toEqual(["multi_label_classification", []]);
  info.mockRestore();
});

test("that values are new is said once of one model, however often it is loaded, and again of another", async () => {
  const info = vi.spyOn(console, "info").mockImplementation(() => {});
  const load = (numLabels: number) =>
    AutoModelForSequenceClassification.fromPretrained(goldenPath("bert-tiny"), { numLabels });
  for (const labels of [7, 7, 7, 8, 7]) await load(labels);
  const said = info.mock.calls.flat().filter((text) => /Newly initialised/.test(String(text)));
  expect(said).toEqual([expect.stringContaining("for 7 labels"), expect.stringContaining("for 8 labels")]);
  info.mockRestore();
});

test.each([
  ["BAD_LABEL", { numLabels: 0 }],
  ["BAD_LABEL", { numLabels: 1, problemType: "single_label_classification" as const }],
  ["BAD_LABEL", { numLabels: 3, id2label: ["a", "b"] }],
])("%s: %j is refused", async (code, options) => {
  await expect(
    AutoModelForSequenceClassification.fromPretrained(goldenPath("bert-tiny"), options),
  ).rejects.toMatchObject({
    code,
  });
});

/** A copy of bert-tiny whose config differs in one value. */
async function tinyWith(change: Record<string, unknown>): Promise<string> {
  const folder = temporaryFolder();
  await cp(goldenPath("bert-tiny"), folder, { recursive: true });
  const config = JSON.parse(await readFile(join(folder, "config.json"), "utf8"));
  await writeFile(join(folder, "config.json"), JSON.stringify({ ...config, ...change }));
  return folder;
}

test("a weights file that does not fit the config is refused by name and shape", async () => {
  const folder = await tinyWith({ intermediate_size: 65 });
  await expect(AutoModelForSequenceClassification.fromPretrained(folder)).rejects.toThrow(
    /intermediate\.dense\.weight.*\[64, 32\].*\[65, 32\]/s,
  );
});

test("weights of another family than the config names are refused, not replaced by random ones", async () => {
  const folder = await tinyWith({ model_type: "xlnet", d_model: 32, n_layer: 3, n_head: 4, d_inner: 64 });
  await expect(AutoModelForSequenceClassification.fromPretrained(folder)).rejects.toMatchObject({
    code: "BAD_CHECKPOINT",
    message: expect.stringMatching(/none of this xlnet model's weights.*"transformer\..*belong together/),
  });
});

test("a family that is not supported is refused by name", async () => {
  const folder = await tinyWith({ model_type: "mamba" });
  await expect(AutoModelForSequenceClassification.fromPretrained(folder)).rejects.toThrow(/mamba/);
});

test.each([
  [{ hidden_act: "mish" }, /mish.*gelu_new, /],
  [{ hidden_act: "toString" }, /toString/],
])("a config with %j, which would be computed wrongly, is refused", async (change, message) => {
  const folder = await tinyWith(change);
  const loading = AutoModelForSequenceClassification.fromPretrained(folder);
  await expect(loading).rejects.toMatchObject({ code: "BAD_CONFIG", message: expect.stringMatching(message) });
});
