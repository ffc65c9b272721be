import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { resolveModel } from "../../src/hub/resolveModel.ts";
import { AutoTokenizer } from "../../src/tokenizer/autoTokenizer.ts";
import { Tokenizer } from "../../src/tokenizer/tokenizer.ts";
import type { XenovaTokenizer } from "../../src/tokenizer/xenova.ts";

interface Case {
  readonly text: string;
  readonly pair?: string;
  readonly maxLength?: number;
  readonly ids: number[];
  readonly secondFrom: number | null;
}
interface Padded {
  readonly input_ids: number[][];
  readonly attention_mask: number[][];
  readonly token_type_ids: number[][];
}
interface Golden {
  readonly cases: readonly Case[];
  readonly batch: string[];
  readonly padded: Readonly<Record<"left" | "right", Padded>>;
  readonly fixed: Padded;
  readonly decoded: readonly (readonly [number[], string])[];
}
const golden: Golden = JSON.parse(readFileSync(join(import.meta.dirname, "../golden/tokenizer.json"), "utf8"));
const model = "sentence-transformers/all-MiniLM-L6-v2";

let native: Tokenizer;
let xenova: Tokenizer;
let folder = "";
beforeAll(async () => {
  native = await AutoTokenizer.fromPretrained(model, { backend: "native", localFilesOnly: true });
  xenova = await AutoTokenizer.fromPretrained(model, { backend: "xenova", localFilesOnly: true });
  folder = mkdtempSync(join(tmpdir(), "thaw-tokenizer-"));
});
afterAll(() => rmSync(folder, { recursive: true }));

function encode(tokenizer: Tokenizer, { text, pair, maxLength }: Case) {
  const { inputIds, tokenTypeIds, attentionMask } = tokenizer(text, {
    ...(pair !== undefined && { textPair: pair }),
    ...(maxLength !== undefined && { truncation: true, maxLength }),
  });
  const secondFrom = tokenTypeIds[0]?.indexOf(1) ?? -1;
  expect(attentionMask[0]?.every((one) => one === 1)).toBe(true);
  return { ids: inputIds[0], secondFrom: secondFrom < 0 ? null : secondFrom };
}

test("ids and segments equal Python's on every text, pair and length", () => {
  expect(golden.cases.length).toBeGreaterThan(250);
  for (const one of golden.cases) {
    expect(encode(native, one), JSON.stringify(one.text.slice(0, 60))).toEqual({
      ids: one.ids,
      secondFrom: one.secondFrom,
    });
  }
});

test("the fallback gives Python's ids too, but for ideographs beyond the basic plane", () => {
  const wrong = golden.cases.filter((one) => JSON.stringify(encode(xenova, one).ids) !== JSON.stringify(one.ids));
  expect(wrong.map(({ text }) => text)).toEqual(["𠀀𠀁 𪚥"]);
});

describe.each(["native", "xenova"] as const)("with the %s backend", (backend) => {
  const tokenizer = () => (backend === "native" ? native : xenova);

  test.each(["left", "right"] as const)("padding on the %s equals Python's", (paddingSide) => {
    const batch = tokenizer()(golden.batch, { padding: true, paddingSide });
    const { input_ids, attention_mask, token_type_ids } = golden.padded[paddingSide];
    expect(batch).toEqual({ inputIds: input_ids, attentionMask: attention_mask, tokenTypeIds: token_type_ids });
  });

  test("padding to a fixed length equals Python's", () => {
    const batch = tokenizer()(golden.batch, { padding: "maxLength", truncation: true, maxLength: 8 });
    const { input_ids, attention_mask, token_type_ids } = golden.fixed;
    expect(batch).toEqual({ inputIds: input_ids, attentionMask: attention_mask, tokenTypeIds: token_type_ids });
  });

  test("decoding equals Python's", () => {
    for (const [ids, text] of golden.decoded) expect(tokenizer().decode(ids, { skipSpecialTokens: true })).toBe(text);
    expect(tokenizer().decode(Int32Array.of(101, 102))).toBe("[CLS] [SEP]");
  });

  test("encodeBatch gives the same ids, text by text", () => {
    const texts = golden.cases.flatMap(({ text, pair, maxLength }) =>
      (pair ?? maxLength) === undefined ? [text] : [],
    );
    const many = tokenizer().encodeBatch(texts, { truncation: true, maxLength: 16 });
    const single = texts.map((text) => tokenizer()(text, { truncation: true, maxLength: 16 }));
    expect(many.map(({ inputIds }) => [...inputIds])).toEqual(single.map(({ inputIds }) => inputIds[0]));
    expect(tokenizer().encodeBatch([])).toEqual([]);
  });

  test("truncation defaults to what the model can take", () => {
    expect(tokenizer().modelMaxLength).toBe(512);
    expect(tokenizer()("word ".repeat(1000), { truncation: true }).inputIds[0]).toHaveLength(512);
    expect(tokenizer()("word ".repeat(1000)).inputIds[0]).toHaveLength(1002);
    expect(tokenizer().padTokenId).toBe(0);
  });

  test("what is no text is refused with its row", () => {
    expect(() => tokenizer()(["a", null as unknown as string])).toThrow(/Text 1 is null, not a string/);
    expect(() => tokenizer()(["a", "b", 3 as unknown as string])).toThrow(/Text 2 is number/);
    expect(() => tokenizer()(undefined as unknown as string)).toThrow(/string or an array of strings, got undefined/);
    expect(() => tokenizer()(["a", "b"], { textPair: ["c"] })).toThrow(/textPair has 1 texts for 2/);
    expect(() => tokenizer()("a", { truncation: true, maxLength: 1 })).toThrow(/integer from 2/);
    expect(() => tokenizer()("a", { textPair: "b", truncation: true, maxLength: 2.5 })).toThrow(/integer from 3/);
  });

  test("half of a surrogate pair is read as the replacement character", () => {
    expect(tokenizer()("a \ud800 b")).toEqual(tokenizer()("a \ufffd b"));
  });
});

test("10,000 texts in one call keep their order", () => {
  const texts = Array.from({ length: 10_000 }, (_, i) => `number ${i}`);
  const encoded = native.encodeBatch(texts);
  expect(encoded).toHaveLength(10_000);
  for (const i of [0, 1023, 1024, 5555, 9999]) {
    expect(native.decode(encoded[i]?.inputIds ?? [], { skipSpecialTokens: true })).toBe(`number ${i}`);
  }
});

test("a tokenizer that a user brings is wrapped, and cannot be saved", async () => {
  const modulePath = "@xenova/transformers/src/tokenizers.js";
  const { BertTokenizer } = await import(modulePath);
  const from = await resolveModel(model, { localFilesOnly: true });
  const files = ["tokenizer.json", "tokenizer_config.json"].map((file) => readFileSync(join(from, file), "utf8"));
  const brought = Tokenizer.from(new BertTokenizer(...files.map((text) => JSON.parse(text))) as XenovaTokenizer);
  expect(brought.backend).toBe("brought");
  const options = { textPair: "And another one.", truncation: true, maxLength: 9 };
  expect(brought("A text of some length.", options)).toEqual(native("A text of some length.", options));
  await expect(brought.save(folder)).rejects.toThrow(/brought as an object/);
});

test("saving copies the files byte for byte, and a tokenizer loads from the copy", async () => {
  await native.save(folder);
  const from = await resolveModel(model, { localFilesOnly: true });
  for (const file of ["tokenizer.json", "tokenizer_config.json", "special_tokens_map.json", "vocab.txt"]) {
    expect(Buffer.compare(readFileSync(join(folder, file)), readFileSync(join(from, file)))).toBe(0);
  }
  expect((await AutoTokenizer.fromPretrained(folder))("Again.")).toEqual(native("Again."));
  await expect(native.save(join(folder, "none"))).rejects.toMatchObject({ code: "WRITE_FAILED" });
});

test("a folder without tokenizer.json, and damaged ones, are refused", async () => {
  const empty = mkdtempSync(join(tmpdir(), "thaw-tokenizer-"));
  await expect(AutoTokenizer.fromPretrained(empty)).rejects.toThrow(/no readable .*tokenizer\.json/);
  for (const text of ["", "{", "{}", '{"version":"1.0","model":{"type":"Nonsense"}}']) {
    writeFileSync(join(empty, "tokenizer.json"), text);
    await expect(AutoTokenizer.fromPretrained(empty)).rejects.toMatchObject({ code: "BAD_TOKENIZER" });
  }
  rmSync(empty, { recursive: true });
});
