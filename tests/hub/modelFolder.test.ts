/** Goal 25: what a model's files ask for of code is ignored, and said to be. */
import { cpSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { AutoModelForSequenceClassification } from "../../src/models/autoModel.ts";
import { writeConfig } from "../../src/models/config/configFile.ts";
import { AutoTokenizer } from "../../src/tokenizer/autoTokenizer.ts";
import { goldenPath } from "../golden/read.ts";

let folder = "";
const warn = vi.spyOn(console, "warn");
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "thaw-ignored-"));
  cpSync(goldenPath("bert-tiny"), folder, { recursive: true });
  const touch = `require("node:fs").writeFileSync(${JSON.stringify(join(folder, "was-here"))}, "");`;
  writeFileSync(join(folder, "modeling_evil.py"), `open(${JSON.stringify(join(folder, "was-here"))}, "w")`);
  for (const file of ["modeling_evil.js", "index.js", "tokenizer.js"]) writeFileSync(join(folder, file), touch);
  warn.mockClear().mockImplementation(() => {});
});
afterEach(() => {
  expect(existsSync(join(folder, "was-here"))).toBe(false);
  rmSync(folder, { recursive: true });
  warn.mockReset();
});

/** Adds keys to a JSON file of the folder. */
function edit(file: string, keys: Record<string, unknown>): void {
  const path = join(folder, file);
  const json = existsSync(path) ? JSON.parse(readFileSync(path, "utf8")) : {};
  writeFileSync(path, JSON.stringify({ ...json, ...keys }));
}
const warnings = () => warn.mock.calls.map(([text]) => String(text));
const auto_map = {
  AutoConfig: "modeling_evil.EvilConfig",
  AutoModelForSequenceClassification: "someone/else--modeling_evil.EvilModel",
};

test.each<[string, Record<string, unknown>]>([
  ["auto_map", { auto_map }],
  ["auto_map of a file in JavaScript", { auto_map: { AutoModel: "./modeling_evil.js" } }],
  ["trust_remote_code", { trust_remote_code: true }],
  ["custom_pipelines", { custom_pipelines: { evil: { impl: "modeling_evil.Evil", pt: ["AutoModel"] } } }],
  ["custom_generate", { custom_generate: "someone/else" }],
])("%s in config.json is ignored with a warning, and the model is the same", async (_, keys) => {
  const before = await AutoModelForSequenceClassification.fromPretrained(folder);
  expect(warnings()).toEqual([]);
  edit("config.json", keys);
  const after = await AutoModelForSequenceClassification.fromPretrained(folder);
  expect(warnings()).toEqual([expect.stringContaining("no code from a model's folder is ever run")]);
  expect(warnings()[0]).toContain(`"${Object.keys(keys)[0]}"`);
  expect(warnings()[0]).toContain(join(folder, "config.json"));
  for (const [name, parameter] of before.parameters) {
    expect(after.parameters.get(name)?.data()).toEqual(parameter.data());
  }
  for (const model of [before, after]) model.dispose();
});

test("what says nothing of code is not warned of", async () => {
  edit("config.json", { auto_map: {}, trust_remote_code: false, custom_pipelines: null });
  edit("tokenizer_config.json", { auto_map: {}, tokenizer_file: null, vocab_file: "vocab.txt" });
  await AutoModelForSequenceClassification.fromPretrained(folder);
  await AutoTokenizer.fromPretrained(folder);
  expect(warnings()).toEqual([]);
});

test("an unknown model_type is refused, with or without code for it", async () => {
  edit("config.json", { model_type: "evil", auto_map });
  await expect(AutoModelForSequenceClassification.fromPretrained(folder)).rejects.toMatchObject({
    code: "BAD_CONFIG",
    message: expect.stringContaining('"model_type" is "evil"'),
  });
  expect(warnings()).toHaveLength(1);
});

test("a saved model does not hand on what asks for code", async () => {
  edit("config.json", { auto_map, trust_remote_code: true, kept: 1 });
  const model = await AutoModelForSequenceClassification.fromPretrained(folder);
  await writeConfig(folder, model.config);
  const saved = JSON.parse(readFileSync(join(folder, "config.json"), "utf8"));
  expect(saved).toMatchObject({ kept: 1, model_type: "bert" });
  expect(Object.keys(saved).filter((key) => /auto_map|trust|custom/.test(key))).toEqual([]);
  model.dispose();
});

test.each<[string, Record<string, unknown>, RegExp]>([
  [
    "auto_map",
    { auto_map: { AutoTokenizer: ["modeling_evil.Evil", null] } },
    /"auto_map".*no code from a model's folder/,
  ],
  [
    "a class of its own",
    { tokenizer_class: "EvilTokenizer", auto_map: { AutoTokenizer: ["./tokenizer.js", null] } },
    /"auto_map"/,
  ],
  ["tokenizer_file elsewhere", { tokenizer_file: "/etc/passwd" }, /"tokenizer_file" "\/etc\/passwd", which is ignored/],
  ["tokenizer_file above", { tokenizer_file: "../../secret.json" }, /read from its own folder only/],
  ["vocab_file on Windows", { vocab_file: "C:\\secret.txt" }, /"vocab_file"/],
])("%s in tokenizer_config.json is ignored with a warning, and the ids are the same", async (_, keys, message) => {
  const { inputIds } = (await AutoTokenizer.fromPretrained(folder))("a cab, a bed!");
  edit("tokenizer_config.json", keys);
  const tokenizer = await AutoTokenizer.fromPretrained(folder);
  expect(tokenizer("a cab, a bed!").inputIds).toEqual(inputIds);
  expect(warnings()).toEqual([expect.stringMatching(message)]);
});
