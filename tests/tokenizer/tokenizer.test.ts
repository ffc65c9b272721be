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

  test("a second text may stand in the second place, as in Python", () => {
    const pair = tokenizer()("A text.", { textPair: "Another." });
    expect(tokenizer()("A text.", "Another.")).toEqual(pair);
    expect(tokenizer()(["A text."], ["Another."], { padding: true })).toEqual(pair);
    expect(tokenizer()("A text.", "Another.", { maxLength: 6 })).toEqual(
      tokenizer()("A text.", { textPair: "Another.", truncation: true, maxLength: 6 }),
    );
  });

  test("a length alone is a wish to be cut to it, as in Python", () => {
    const cut = tokenizer()("one two three four", { truncation: true, maxLength: 4 });
    expect(tokenizer()("one two three four", { maxLength: 4 })).toEqual(cut);
    expect(tokenizer()("one two three four", { maxLength: 4, truncation: false }).inputIds[0]).toHaveLength(6);
    expect(tokenizer()("one", { padding: "max_length", maxLength: 8 }).inputIds[0]).toHaveLength(8);
  });

  test("tokens are taken off the side that is asked for", () => {
    const text = "one two three four";
    const [ids = []] = tokenizer()(text).inputIds;
    const left = tokenizer()(text, { maxLength: 4, truncationSide: "left" });
    expect(left.inputIds[0]).toEqual([ids[0], ...ids.slice(3)]);
    const [kept] = tokenizer().encodeBatch([text], { maxLength: 4, truncationSide: "left" });
    expect([...(kept?.inputIds ?? [])]).toEqual(left.inputIds[0]);
  });

  test("half of a surrogate pair is read as the replacement character", () => {
    expect(tokenizer()("a \ud800 b")).toEqual(tokenizer()("a \ufffd b"));
  });
});

const any = (options: object) => options as never;

test.each<[string, () => unknown, RegExp]>([
  [
    "max_length",
    () => native("a", any({ max_length: 8 })),
    /There is no option of a tokenizer "max_length". Write maxLength/,
  ],
  ["return_tensors", () => native("a", any({ return_tensors: "pt" })), /Here it is nothing: model.forward takes/],
  ["pad_to_multiple_of", () => native("a", any({ pad_to_multiple_of: 8 })), /Here it is padding: "max_length"/],
  ["a mistyped name", () => native("a", any({ truncaton: true })), /Did you mean truncation\?/],
  [
    "a third way to cut",
    () => native("a", any({ truncation: "only_third" })),
    /truncation is "only_third"; it is one of true, "longest_first"/,
  ],
  [
    "an unknown padding",
    () => native("a", any({ padding: "all" })),
    /padding is "all"; it is one of true, "longest", "max_length"/,
  ],
  [
    "a third side to cut",
    () => native("a", any({ truncation: true, truncationSide: "top" })),
    /truncationSide is "top"; it is "left" or "right"/,
  ],
  [
    "a third side to pad",
    () => native("a", any({ padding: true, paddingSide: 1 })),
    /paddingSide is 1; it is "left" or "right"/,
  ],
  ["options twice", () => (native as (...all: unknown[]) => unknown)("a", {}, {}), /found options twice/],
  ["second texts twice", () => native("a", "b", { textPair: "c" }), /given twice/],
  ["a number as second text", () => native("a", any({ textPair: 3 })), /got number/],
  [
    "a length that pads nothing and cuts nothing",
    () => native("a", { padding: true, maxLength: 8 }),
    /add truncation: true to cut texts to it/,
  ],
  [
    "an option of padding in encodeBatch",
    () => native.encodeBatch(["a"], any({ padding: true })),
    /Here it is an option of the tokenizer itself/,
  ],
  [
    "an unknown option of decode",
    () => native.decode([1], any({ skip_special_tokens: true })),
    /Write skipSpecialTokens/,
  ],
])("%s is answered with what to write", (_, call, message) => {
  expect(call).toThrow(message);
  expect(call).toThrow(expect.objectContaining({ code: expect.stringMatching(/^BAD_(ARGUMENT|TEXT)$/) }));
});

test("what these answers advise works", () => {
  expect(native("a b", { maxLength: 3 }).inputIds[0]).toHaveLength(3);
  expect(native("a", { padding: "max_length", maxLength: 8 }).inputIds[0]).toHaveLength(8);
  expect(native("a b", { padding: true, truncation: true, maxLength: 3 }).inputIds[0]).toHaveLength(3);
  expect(native("a b", { padding: "max_length", maxLength: 3 }).inputIds[0]).toHaveLength(4);
  expect(native.decode([101, 102], { skipSpecialTokens: true })).toBe("");
  expect(native("a b c", "d", { truncation: "only_first", maxLength: 6 }).inputIds[0]).toHaveLength(6);
});

test("a text that has to give way more than it has is an error, and the advice of its message works", () => {
  const [first, second] = ["a", "b c d e f g"];
  const call = () => native(first, second, { truncation: "only_first", maxLength: 5 });
  expect(call).toThrow(/truncation is "only_first", but even without the first text .* Use truncation: true/);
  expect(() => native(first, { truncation: "only_second", maxLength: 2 })).toThrow(/since there is no second one/);
  expect(native(first, second, { truncation: true, maxLength: 5 }).inputIds[0]).toHaveLength(5);
});

test.each<[object, RegExp]>([
  [{ use_fast: true }, /Here it is backend: "native", which is the default/],
  [{ max_length: 8 }, /Here it is modelMaxLength/],
  [{ do_lower_case: false }, /Here it is a setting: write "do_lower_case" into the tokenizer_config.json of a copy/],
  [{ truncation_side: "left" }, /Write truncationSide/],
  [{ modelMaxLength: 0 }, /"model_max_length", is 0; it must be a whole number/],
  [{ truncationSide: "top" }, /"truncation_side" is "top"; it must be "left" or "right"/],
])("%o at loading is answered with what to write", async (options, message) => {
  await expect(AutoTokenizer.fromPretrained(model, options as never)).rejects.toThrow(message);
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
