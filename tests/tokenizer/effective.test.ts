import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { AutoTokenizer } from "../../src/tokenizer/autoTokenizer.ts";
import { effectiveTokenizer } from "../../src/tokenizer/effective.ts";
import { readTokenizerFolder } from "../../src/tokenizer/folder.ts";
import type { BatchEncoding } from "../../src/tokenizer/rows.ts";
import type { Tokenizer } from "../../src/tokenizer/tokenizer.ts";
import { golden, goldenPath } from "../golden/read.ts";

interface Encoded {
  readonly pair: readonly [string, string];
  readonly ids: number[];
  readonly types: number[];
  readonly mask: number[];
}
interface Described {
  readonly class: string;
  readonly padTokenId: number;
  readonly paddingSide: string;
  readonly structure: unknown;
  readonly ids: readonly string[];
}
interface Kind extends Described {
  readonly pairs: readonly (Encoded & { readonly maxLength?: number })[];
  readonly padded: readonly (Encoded & { readonly side: "left" | "right" | null })[];
}
interface Golden {
  readonly texts: readonly string[];
  readonly fewTexts: readonly string[];
  readonly kinds: Readonly<Record<string, Kind>>;
  readonly variants: Readonly<
    Record<string, Described & { readonly kind: string; readonly files: Record<string, unknown> }>
  >;
}
const expected = golden<Golden>("tokenizers.json");

let scratch = "";
beforeAll(() => {
  scratch = mkdtempSync(join(tmpdir(), "thaw-convert-"));
});
afterAll(() => rmSync(scratch, { recursive: true }));

let copies = 0;
/** A copy of a kind's folder with files added or replaced. */
function folderOf(kind: string, files: Readonly<Record<string, unknown>> = {}): string {
  const folder = join(scratch, `${kind}-${copies++}`);
  cpSync(goldenPath(`tokenizers/${kind}`), folder, { recursive: true });
  for (const [file, content] of Object.entries(files)) writeFileSync(join(folder, file), JSON.stringify(content));
  return folder;
}

/** The made tokenizer.json, with what the vocabulary's files hold left out as in the golden. */
async function structureOf(folder: string): Promise<unknown> {
  const made = JSON.parse(JSON.stringify(effectiveTokenizer(await readTokenizerFolder(folder)).json));
  const { vocab, merges, ...model } = made.model;
  expect(vocab).toBeDefined();
  for (const part of [made.normalizer ?? {}, ...(made.normalizer?.normalizers ?? [])]) {
    if ("precompiled_charsmap" in part) part.precompiled_charsmap = part.precompiled_charsmap.length;
  }
  return { ...made, model };
}

async function check(folder: string, wanted: Described, texts: readonly string[]): Promise<Tokenizer> {
  const { className } = effectiveTokenizer(await readTokenizerFolder(folder));
  expect(className).toBe(wanted.class.replace("DistilBert", "Bert")); // one class under two names
  expect(await structureOf(folder)).toEqual(wanted.structure);
  const tokenizer = await AutoTokenizer.fromPretrained(folder, { backend: "native" });
  expect(tokenizer.padTokenId).toBe(wanted.padTokenId);
  expect(tokenizer.paddingSide).toBe(wanted.paddingSide);
  const { inputIds } = tokenizer(texts);
  for (const [i, ids] of inputIds.entries()) expect(ids.join(" "), JSON.stringify(texts[i])).toBe(wanted.ids[i]);
  return tokenizer;
}

const row = ({ inputIds, tokenTypeIds, attentionMask }: BatchEncoding) => ({
  ids: inputIds[0],
  types: tokenTypeIds[0],
  mask: attentionMask[0],
});

describe.each(Object.entries(expected.kinds))("%s", (name, kind) => {
  test("gives the tokenizer.json and the ids of transformers, also for pairs, truncated and padded", async () => {
    const tokenizer = await check(goldenPath(`tokenizers/${name}`), kind, expected.texts);
    expect(kind.ids.length).toBeGreaterThan(140);
    for (const { pair, maxLength, ids, types, mask } of kind.pairs) {
      const options = maxLength === undefined ? {} : { truncation: true, maxLength };
      expect(row(tokenizer(pair[0], { textPair: pair[1], ...options })), JSON.stringify([pair, maxLength])).toEqual({
        ids,
        types,
        mask,
      });
    }
    for (const { pair, side, ids, types, mask } of kind.padded) {
      const options = {
        textPair: pair[1],
        padding: "maxLength",
        maxLength: 24,
        ...(side === null ? {} : { paddingSide: side }),
      } as const;
      expect(row(tokenizer(pair[0], options)), `${side}`).toEqual({ ids, types, mask });
    }
  });
});

test.each(Object.entries(expected.variants))(
  "the settings of %s mean what they mean in transformers",
  async (_, variant) => {
    await check(folderOf(variant.kind, variant.files), variant, expected.fewTexts);
  },
);

test("the fallback has Python's ids too, but for a few odd texts", async () => {
  const differing: Record<string, number> = {};
  for (const [name, kind] of Object.entries(expected.kinds)) {
    const tokenizer = await AutoTokenizer.fromPretrained(goldenPath(`tokenizers/${name}`), { backend: "xenova" });
    const { inputIds } = tokenizer(expected.texts);
    differing[name] = inputIds.filter((ids, i) => ids.join(" ") !== kind.ids[i]).length;
  }
  console.log(`of ${expected.texts.length} texts the fallback reads otherwise:`, differing);
  expect(Math.max(...Object.values(differing))).toBeLessThanOrEqual(24);
});

test.each(["bert", "roberta", "xlnet"])(
  "a saved %s tokenizer has its own files and the made one, and loads again",
  async (kind) => {
    const tokenizer = await AutoTokenizer.fromPretrained(goldenPath(`tokenizers/${kind}`));
    const target = mkdtempSync(join(scratch, "saved-"));
    await tokenizer.save(target);
    const own = readdirSync(goldenPath(`tokenizers/${kind}`)).filter((file) => file !== "config.json");
    expect(readdirSync(target).sort()).toEqual([...own, "tokenizer.json", "tokenizer_config.json"].sort());
    for (const file of own)
      expect(readFileSync(join(target, file))).toEqual(readFileSync(goldenPath(`tokenizers/${kind}/${file}`)));
    const again = await AutoTokenizer.fromPretrained(target);
    expect(again(expected.texts)).toEqual(tokenizer(expected.texts));
    expect([again.padTokenId, again.paddingSide]).toEqual([tokenizer.padTokenId, tokenizer.paddingSide]);
  },
);

test("a vocabulary with CRLF, spaces at the end, repeated and special names is read as the reference reads it", async () => {
  const folder = folderOf("bert");
  writeFileSync(
    join(folder, "vocab.txt"),
    "[PAD]\r\n[UNK]\r\n[CLS] \n[SEP]\u0085\n__proto__\nthe\n10\nthe\nx\u3000\n\ufeff\n[MASK]",
  );
  const made = JSON.parse(JSON.stringify(effectiveTokenizer(await readTokenizerFolder(folder)).json));
  expect(new Map(Object.entries(made.model.vocab))).toEqual(
    new Map(
      Object.entries({
        "[PAD]": 0,
        "[UNK]": 1,
        "[CLS]": 2,
        "[SEP]": 3,
        the: 7,
        "10": 6,
        x: 8,
        "\ufeff": 9,
        "[MASK]": 10,
      }),
    ).set("__proto__", 4),
  );
});

test.each<[string, string, string | Uint8Array, RegExp]>([
  ["bert", "vocab.txt", Uint8Array.of(0x61, 0xff), /vocab\.txt .* as those of a BertTokenizer: .*not valid/],
  ["roberta", "vocab.json", "[]", /vocab\.json is no JSON object/],
  ["roberta", "vocab.json", "{", /Cannot read vocab\.json and merges\.txt/],
  ["roberta", "vocab.json", '{"a":-1}', /gives "a" no id/],
  ["roberta", "merges.txt", "#version: 0.2\na b c\n", /line 2 of merges\.txt is no pair/],
  ["roberta", "merges.txt", "\n", /line 1 of merges\.txt is no pair/],
  ["roberta", "merges.txt", "qq zz\n", /Cannot load .*out of vocabulary/i],
  ["xlnet", "spiece.model", "", /no pieces/],
  ["xlnet", "spiece.model", "hello world", /Cannot read spiece\.model/],
  ["xlnet", "spiece.model", Uint8Array.of(0x0a, 0xff, 0xff, 0xff, 0xff, 0x7f), /Cannot read spiece\.model/],
  ["xlnet", "spiece.model", new Uint8Array(10_000).fill(0x0b), /no sentencepiece model/],
  ["xlnet", "spiece.model", Uint8Array.of(0x0a, 2, 0x18, 9), /unknown type 9/],
  ["xlnet", "spiece.model", Uint8Array.of(0x0a, 3, 0x0a, 1, 0x61, 0x12, 2, 0x18, 2), /algorithm is bpe, only unigram/],
  ["albert", "spiece.model", Uint8Array.of(0x0a, 3, 0x0a, 1, 0x61), /Cannot (read|load)/],
  ["bert", "tokenizer_config.json", "{", /tokenizer_config\.json is not valid JSON/],
  ["bert", "tokenizer_config.json", "[1]", /must hold a JSON object/],
])("a %s with a damaged %s is refused", async (kind, file, content, message) => {
  const folder = folderOf(kind);
  writeFileSync(join(folder, file), content);
  await expect(AutoTokenizer.fromPretrained(folder)).rejects.toMatchObject({ code: "BAD_TOKENIZER" });
  await expect(AutoTokenizer.fromPretrained(folder)).rejects.toThrow(message);
});

test("a sentencepiece model cut off at any of 200 places is refused, or is a shorter one", async () => {
  const folder = folderOf("xlnet");
  const path = join(folder, "spiece.model");
  const whole = readFileSync(path);
  let refused = 0;
  for (let i = 0; i < 200; i++) {
    writeFileSync(path, whole);
    truncateSync(path, Math.floor((i * whole.length) / 200));
    const read = await readTokenizerFolder(folder);
    try {
      effectiveTokenizer(read);
    } catch (error) {
      expect(error).toMatchObject({ code: "BAD_TOKENIZER" });
      refused++;
    }
  }
  expect(refused).toBeGreaterThan(150);
});

test("a folder without a vocabulary, and a family without an original form, say what is missing", async () => {
  const folder = folderOf("roberta");
  rmSync(join(folder, "merges.txt"));
  await expect(AutoTokenizer.fromPretrained(folder)).rejects.toThrow(
    /no readable tokenizer.json and no vocab.json with merges.txt/,
  );
  writeFileSync(join(folder, "config.json"), '{"model_type":"modernbert"}');
  await expect(AutoTokenizer.fromPretrained(folder)).rejects.toMatchObject({ code: "MISSING_FILE" });
});

test.each([
  ["xlnet", true],
  ["albert", true],
  ["bert", false],
])(
  "a saved %s tokenizer asks transformers for token types where it would not give them by itself",
  async (kind, asks) => {
    const target = mkdtempSync(join(scratch, "saved-"));
    await (await AutoTokenizer.fromPretrained(goldenPath(`tokenizers/${kind}`))).save(target);
    const again = mkdtempSync(join(scratch, "saved-"));
    await (await AutoTokenizer.fromPretrained(target)).save(again);
    for (const folder of [target, again]) {
      const config = JSON.parse(readFileSync(join(folder, "tokenizer_config.json"), "utf8"));
      expect(config.model_input_names).toEqual(asks ? ["input_ids", "token_type_ids", "attention_mask"] : undefined);
    }
  },
);
