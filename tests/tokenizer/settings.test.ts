/** One truth about a text's tokens, whatever a tokenizer's files say: here, in Python, in a saved folder and in an exported model. */
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { afterAll, describe, expect, test, vi } from "vitest";
import { TextDataset } from "../../src/data/textDataset.ts";
import { exportOnnx } from "../../src/exportOnnx.ts";
import type { SequenceClassifier } from "../../src/models/sequenceClassifier.ts";
import { AutoTokenizer } from "../../src/tokenizer/autoTokenizer.ts";
import type { Tokenizer } from "../../src/tokenizer/tokenizer.ts";
import { Trainer } from "../../src/trainer.ts";
import { goldenPath } from "../golden/read.ts";
import { formulaModel, unknownToXenova } from "../models/familyModel.ts";
import { classifyInNode } from "../models/onnx/pipelines.ts";
import {
  cut,
  folderOf,
  type GoldenSetting,
  isRefused,
  pairs,
  type Refused,
  type SettingCase,
  scratchFolder,
  settingCases,
  settingFamilies,
  texts,
} from "./settings.ts";

const root = scratchFolder();
afterAll(() => rmSync(root, { recursive: true }));

const firsts = pairs.map(([first]) => first);
const seconds = pairs.map(([, second]) => second);
const joined = (rows: readonly number[][]): string[] => rows.map((row) => row.join(" "));

/** The same in our words: what the golden has, as far as a tokenizer alone gives it. */
function described(tokenizer: Tokenizer): Omit<GoldenSetting, "class" | "modelMaxLength" | "logits"> {
  const rowsOf = (batch: ReturnType<Tokenizer>) => ({ ids: joined(batch.inputIds), types: joined(batch.tokenTypeIds) });
  const only = (strategy: "only_first" | "only_second") =>
    pairs.map(([first, second]) =>
      attempt(() => joined(tokenizer(first, second, { truncation: strategy, maxLength: cut }).inputIds)[0] as string),
    );
  const singles = tokenizer([...texts]);
  return {
    sides: `${tokenizer.truncationSide} ${tokenizer.paddingSide}`,
    padTokenId: tokenizer.padTokenId ?? null,
    singles: joined(singles.inputIds),
    pairs: rowsOf(tokenizer(firsts, seconds)),
    cut: joined(tokenizer([...texts], { truncation: true, maxLength: cut }).inputIds),
    cutPairs: rowsOf(tokenizer(firsts, seconds, { truncation: true, maxLength: cut })),
    onlyFirst: only("only_first"),
    onlySecond: only("only_second"),
    padded: attempt(() => {
      const batch = tokenizer([texts[0] as string, "x"], { padding: true });
      return { ...rowsOf(batch), mask: joined(batch.attentionMask) };
    }),
    decoded: singles.inputIds
      .slice(0, 3)
      .flatMap((ids) => [false, true].map((skipSpecialTokens) => tokenizer.decode(ids, { skipSpecialTokens }))),
  };
}

function attempt<T>(make: () => T): T | Refused {
  try {
    return make();
  } catch (error) {
    expect((error as { code?: string }).code).toMatch(/^[A-Z_]+$/);
    return { refused: "" };
  }
}

/** Which error it is does not matter here: only that both refuse. */
const withoutReasons = (value: unknown): unknown =>
  JSON.parse(JSON.stringify(value), (_, part) => (isRefused(part) ? { refused: "" } : part));

const casesOf = (family: string) => settingCases.filter((each) => each.family === family);
const load = (one: SettingCase) => AutoTokenizer.fromPretrained(folderOf(one, root), { backend: "native" });

/** A model whose logits the golden has. */
function modelOf(family: string): SequenceClassifier {
  return formulaModel(JSON.parse(readFileSync(goldenPath(`tokenizer-settings/${family}/config.json`), "utf8")));
}

async function logitsOf(model: SequenceClassifier, tokenizer: Tokenizer): Promise<(readonly number[])[]> {
  const rowsToTrain = [
    { text: "a", second: "b", label: "LABEL_0" },
    { text: "b", second: "a", label: "LABEL_1" },
  ];
  model.unfreeze("head");
  const [trainer, pairTrainer] = [{}, { textPair: "second" }].map((options) => {
    const trainDataset = TextDataset.fromRows(rowsToTrain, { text: "text", label: "label", ...options });
    return new Trainer({ model, tokenizer, trainDataset, args: { disableTqdm: true } });
  }) as [Trainer, Trainer];
  const isEmpty = tokenizer([""]).inputIds[0]?.length === 0;
  if (isEmpty)
    await expect(trainer.predict([...texts])).rejects.toMatchObject({
      code: "BAD_BATCH",
      message: expect.stringMatching(/no tokens/),
    });
  const rows = [
    ...(await trainer.predict(texts.filter((text) => !isEmpty || text !== ""))),
    ...(await pairTrainer.predict(firsts, { textPair: seconds })),
  ].map(({ logits }) => Array.from(logits));
  if (isEmpty) rows.splice(texts.indexOf(""), 0, []);
  return rows;
}

/** The largest difference from Python's logits; a text that Python cannot compute must have none here either. */
function distance(rows: readonly (readonly number[])[], expected: GoldenSetting["logits"]): number {
  return Math.max(
    ...rows.flatMap((row, i) => {
      const wanted = expected[i] as GoldenSetting["logits"][number];
      if (isRefused(wanted)) return row.length === 0 ? 0 : Number.POSITIVE_INFINITY;
      return wanted.map((value, j) => Math.abs(value - (row[j] ?? Number.POSITIVE_INFINITY)));
    }),
  );
}

test("the golden has all families, and settings of every kind", () => {
  expect(settingFamilies).toHaveLength(12);
  expect(settingCases.length).toBeGreaterThan(600);
});

describe.each(settingFamilies)("%s", (family) => {
  test("ids, segments, cuts, padding and texts are Python's whatever its files say, and so are what is saved and read again", async () => {
    const same: Tokenizer[] = [];
    for (const one of casesOf(family)) {
      const { expected, setting } = one;
      if (isRefused(expected)) {
        const use = async () => (await load(one))([...texts]);
        await expect(use(), setting).rejects.toMatchObject({ code: "BAD_TOKENIZER" });
        continue;
      }
      const tokenizer = await load(one);
      const { class: _, logits: __, modelMaxLength: ___, ...wanted } = expected;
      expect(withoutReasons(described(tokenizer)), setting).toEqual(withoutReasons(wanted));
      const saved = mkdtempSync(join(root, "saved-"));
      await tokenizer.save(saved);
      const again = await AutoTokenizer.fromPretrained(saved, { backend: "native" });
      expect(described(again), `${setting}, saved`).toEqual(described(tokenizer));
      same.push(tokenizer);
    }
    console.log(`tokenizer settings of ${family}: equal Python's in all ${same.length} folders that Python reads`);
  }, 240_000);

  test("a trainer's logits are those of Python on what its tokenizer gives", async () => {
    const model = modelOf(family);
    let worst = 0;
    for (const one of casesOf(family)) {
      if (isRefused(one.expected)) continue;
      const away = distance(await logitsOf(model, await load(one)), one.expected.logits);
      expect(away, one.setting).toBeLessThanOrEqual(1e-5);
      worst = Math.max(worst, away);
    }
    console.log(`logits of a trainer for ${family}, all settings: within ${worst.toExponential(1)} of Python's`);
    model.dispose();
  }, 240_000);

  test("so are those of pipeline() of @xenova/transformers on the exported folder", async () => {
    const settings = [
      "as saved",
      "truncation_side left",
      "model_max_length 12",
      "model_max_length above the positions",
    ];
    const more = ["do_lower_case false", "another normaliser in tokenizer.json", "other tokens at the ends"];
    const model = modelOf(family);
    let worst = 0;
    for (const one of casesOf(family).filter(({ setting }) => [...settings, ...more].includes(setting))) {
      if (isRefused(one.expected)) continue;
      const away = await exportedDistance(model, one);
      expect(away, one.setting).toBeLessThanOrEqual(1e-5);
      worst = Math.max(worst, away);
    }
    console.log(`logits of pipeline() for ${family}: within ${worst.toExponential(1)} of Python's`);
    model.dispose();
  }, 240_000);
});

async function exportedDistance(model: SequenceClassifier, one: SettingCase): Promise<number> {
  const said = vi.spyOn(console, "info").mockImplementation(() => {});
  const folder = join(mkdtempSync(join(root, "export-")), "model");
  await exportOnnx(folder, { model, tokenizer: await load(one) });
  said.mockRestore();
  const options = {
    quantized: false,
    batchSize: 2,
    ...(unknownToXenova.includes(one.family) && { modelType: "bert" }),
  };
  const { logits } = await classifyInNode(folder, texts, 2, options);
  return distance(logits, (one.expected as GoldenSetting).logits);
}
