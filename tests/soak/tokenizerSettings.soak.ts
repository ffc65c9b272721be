/** Every folder of the settings' table saved by a trainer and read by transformers, and exported and read by @xenova/transformers. */
import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { afterAll, expect, test, vi } from "vitest";
import { TextDataset } from "../../src/data/textDataset.ts";
import { exportOnnx } from "../../src/exportOnnx.ts";
import type { SequenceClassifier } from "../../src/models/sequenceClassifier.ts";
import { AutoTokenizer } from "../../src/tokenizer/autoTokenizer.ts";
import { Trainer } from "../../src/trainer.ts";
import { pythonOfGoldens } from "../golden/pythonOfGoldens.ts";
import { goldenPath } from "../golden/read.ts";
import { formulaModel, unknownToXenova } from "../models/familyModel.ts";
import { classifyInNode } from "../models/onnx/pipelines.ts";
import {
  folderOf,
  type GoldenSetting,
  isRefused,
  pairs,
  scratchFolder,
  settingCases,
  settingFamilies,
  texts,
} from "../tokenizer/settings.ts";

const root = scratchFolder();
afterAll(() => rmSync(root, { recursive: true }));

const modelOf = (family: string): SequenceClassifier =>
  formulaModel(JSON.parse(readFileSync(goldenPath(`tokenizer-settings/${family}/config.json`), "utf8")));
const trainDataset = TextDataset.fromRows(
  [
    { text: "a", label: "LABEL_0" },
    { text: "b", label: "LABEL_1" },
  ],
  { text: "text", label: "label" },
);
/** Those that Python reads, and that give every text a token. */
const wanted = new RegExp(process.env.THAW_SETTINGS ?? "");
const cases = settingCases.filter(
  ({ family, setting, expected }) =>
    wanted.test(`${family}, ${setting}`) && !isRefused(expected) && !expected.logits.some((row) => isRefused(row)),
);

function distance(rows: readonly (readonly number[])[], expected: GoldenSetting["logits"]): number {
  return Math.max(
    ...rows.flatMap((row, i) => (expected[i] as number[]).map((value, j) => Math.abs(value - (row[j] as number)))),
  );
}

interface Answer {
  readonly ids: number[][];
  readonly types: number[][];
  readonly logits: number[][];
  readonly error?: string;
}

test("what a trainer saves has its ids, token types and logits in transformers", async () => {
  const folders = join(root, "saved");
  mkdirSync(folders);
  const own = new Map<string, Omit<Answer, "logits">>();
  for (const family of settingFamilies) {
    const model = modelOf(family).unfreeze("head");
    for (const [i, one] of cases.entries()) {
      if (one.family !== family) continue;
      const tokenizer = await AutoTokenizer.fromPretrained(folderOf(one, root), { backend: "native" });
      const trainer = new Trainer({ model, tokenizer, trainDataset, args: { disableTqdm: true } });
      await trainer.saveModel(join(folders, String(i)));
      const options = { truncation: true, maxLength: model.textLimit as number };
      const rows = [
        ...tokenizer.encodeBatch(texts, options),
        ...pairs.flatMap(([first, second]) => tokenizer.encodeBatch([first], { ...options, textPair: second })),
      ];
      own.set(String(i), {
        ids: rows.map(({ inputIds }) => [...inputIds]),
        types: rows.map(({ tokenTypeIds }) => [...tokenTypeIds]),
      });
    }
    model.dispose();
  }
  const input = JSON.stringify({ texts, pairs });
  const python = execFileSync(pythonOfGoldens(), [goldenPath("check_saved_settings.py"), folders], {
    input,
    maxBuffer: 2 ** 28,
  });
  const answers = JSON.parse(python.toString()) as Record<string, Answer>;
  const wrong: string[] = [];
  let worst = 0;
  for (const [i, { family, setting, expected }] of cases.entries()) {
    const { error, ids, types, logits } = answers[i] as Answer;
    const say = (what: string) => wrong.push(`${family}, ${setting}: ${what}`);
    if (error !== undefined) {
      say(error);
      continue;
    }
    if (String(ids) !== String(own.get(String(i))?.ids)) say("other ids");
    if (String(types) !== String(own.get(String(i))?.types)) say("other types");
    const away = distance(logits, (expected as GoldenSetting).logits);
    if (away > 1e-5) say(`logits ${away} away`);
    worst = Math.max(worst, away);
  }
  console.log(
    `${cases.length} saved folders in transformers: ids and types equal but for ${wrong.length}, logits within ${worst.toExponential(1)}`,
  );
  expect(wrong).toEqual([]);
});

/**
 * @xenova/transformers 2.17.2 puts added tokens into the vocabulary, knows no token that is looked for in the normalised text
 * or as a word of its own, and cuts punctuation and white space by other rules than these.
 */
const beyondXenova = /added_tokens|older files|other flags|another pre-tokenizer|add_prefix_space false|split_by_punct/;

test("what is exported has its logits in pipeline(), but for what its tokenizers do not know", async () => {
  const said = vi.spyOn(console, "info").mockImplementation(() => {});
  const differing: string[] = [];
  let worst = 0;
  for (const family of settingFamilies) {
    const model = modelOf(family);
    for (const one of cases.filter((each) => each.family === family)) {
      const tokenizer = await AutoTokenizer.fromPretrained(folderOf(one, root), { backend: "native" });
      const folder = join(mkdtempSync(join(root, "export-")), "model");
      await exportOnnx(folder, { model, tokenizer });
      const options = {
        quantized: false,
        batchSize: 2,
        ...(unknownToXenova.includes(family) && { modelType: "bert" }),
      };
      const { logits } = await classifyInNode(folder, texts, 2, options).catch(() => ({ logits: [] }));
      const away = logits.length === 0 ? 1 : distance(logits, (one.expected as GoldenSetting).logits);
      if (away > 1e-5) differing.push(`${family}, ${one.setting}`);
      else worst = Math.max(worst, away);
      rmSync(folder, { recursive: true });
    }
    model.dispose();
  }
  said.mockRestore();
  console.log(
    `${cases.length} exported folders in pipeline(): ${cases.length - differing.length} within ${worst.toExponential(1)}; others: ${differing.join("; ")}`,
  );
  expect(differing.filter((each) => !beyondXenova.test(each))).toEqual([]);
  expect(differing.length).toBeLessThan(10);
});
