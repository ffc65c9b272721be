/** Encodes texts and says what went wrong: throws, ids that are in no vocabulary, rows that are longer than allowed. */

import { readdirSync } from "node:fs";
import { resolveModel } from "../../src/hub/resolveModel.ts";
import { effectiveTokenizer } from "../../src/tokenizer/effective.ts";
import { readTokenizerFolder } from "../../src/tokenizer/folder.ts";
import type { Tokenizer } from "../../src/tokenizer/tokenizer.ts";
import { goldenPath } from "../golden/read.ts";

/** Folders with a tokenizer of every kind, and the real one. */
export async function tokenizerFolders(): Promise<[name: string, folder: string][]> {
  const kinds = readdirSync(goldenPath("tokenizers")).sort();
  const minilm = "sentence-transformers/all-MiniLM-L6-v2";
  return [
    ...kinds.map((name): [string, string] => [name, goldenPath(`tokenizers/${name}`)]),
    ["all-MiniLM-L6-v2", await resolveModel(minilm, { localFilesOnly: true })],
  ];
}

/** Ids from 0 to below this are in the vocabulary of a folder. */
export async function vocabularySize(folder: string): Promise<number> {
  const { model, added_tokens: added } = effectiveTokenizer(await readTokenizerFolder(folder)).json as {
    model: { vocab: Record<string, number> | unknown[] };
    added_tokens: { id: number }[];
  };
  const ids = Array.isArray(model.vocab) ? [model.vocab.length - 1] : Object.values(model.vocab);
  return 1 + [...ids, ...added.map(({ id }) => id)].reduce((a, b) => Math.max(a, b), -1);
}

const rows = 500;
const maxLength = 48;

/** What is wrong with each text, as lines; the texts go alone, and cut in pairs with the text before. */
export function troubles(tokenizer: Tokenizer, texts: readonly string[], size: number): string[] {
  const found: string[] = [];
  for (let start = 0; start < texts.length; start += rows) {
    const batch = texts.slice(start, start + rows);
    const one = attempt(tokenizer, batch, size);
    // one text at a time only where the batch has failed
    if (one !== undefined) found.push(...batch.flatMap((text) => attempt(tokenizer, [text], size) ?? []));
  }
  return found;
}

function attempt(tokenizer: Tokenizer, batch: readonly string[], size: number): string | undefined {
  const name = JSON.stringify(batch[0]?.slice(0, 40));
  try {
    const whole = tokenizer.encodeBatch(batch);
    const options = { truncation: true, maxLength, padding: true, textPair: [...batch].reverse() };
    const cut = tokenizer(batch, options).inputIds;
    const isWrong = (id: number) => !(Number.isInteger(id) && id >= 0 && id < size);
    for (const ids of [...whole.map(({ inputIds }) => inputIds), ...cut]) {
      const wrong = ids.find(isWrong);
      if (wrong !== undefined) return `${name}: id ${wrong} of ${size}`;
    }
    if (whole.length !== batch.length || cut.some((ids) => ids.length > maxLength))
      return `${name}: rows of a wrong size`;
    if (typeof tokenizer.decode(cut[0] ?? []) !== "string") return `${name}: no text`;
    return undefined;
  } catch (error) {
    return `${name}: ${(error as Error).message}`;
  }
}
