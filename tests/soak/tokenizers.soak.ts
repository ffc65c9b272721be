/** Goal 23 for tokenizers in their original form: ids equal Python's on 10,000 generated texts, for every kind and variant. */
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { AutoTokenizer } from "../../src/tokenizer/autoTokenizer.ts";
import { pythonOfGoldens } from "../golden/pythonOfGoldens.ts";
import { goldenPath } from "../golden/read.ts";

interface Answers {
  readonly texts: string[];
  readonly firsts: string[];
  readonly seconds: string[];
  readonly tokenizers: Readonly<
    Record<string, { folder: string; ids: number[][]; pairs: number[][]; types: number[][] }>
  >;
}

const count = Number(process.env.THAW_TEXTS ?? 10_000);

test(`${count} texts and a quarter as many pairs have Python's ids with each tokenizer`, async () => {
  const root = mkdtempSync(join(tmpdir(), "thaw-tokenizers-"));
  execFileSync(pythonOfGoldens(), [goldenPath("tokenize_generated.py"), root, String(count), "20261126"], {
    stdio: "inherit",
  });
  const { texts, firsts, seconds, tokenizers } = JSON.parse(readFileSync(join(root, "ids.json"), "utf8")) as Answers;
  expect(texts.length).toBeGreaterThanOrEqual(count);
  expect(Object.keys(tokenizers).length).toBeGreaterThan(30);
  for (const [name, { folder, ids, pairs, types }] of Object.entries(tokenizers)) {
    const tokenizer = await AutoTokenizer.fromPretrained(folder, { backend: "native" });
    const { inputIds } = tokenizer(texts);
    const wrong = texts.filter((_, i) => String(inputIds[i]) !== String(ids[i]));
    expect(
      wrong.map((text) => JSON.stringify(text)),
      name,
    ).toEqual([]);
    const both = tokenizer(firsts, { textPair: seconds, truncation: true, maxLength: 24, padding: "maxLength" });
    expect(both.inputIds, name).toEqual(pairs);
    expect(both.tokenTypeIds, name).toEqual(types);
    console.log(`${name}: ${texts.length} texts and ${pairs.length} pairs equal`);
  }
  rmSync(root, { recursive: true });
});
