/** Large data files, and every split that the first tier only draws some of. */
import { closeSync, mkdtempSync, openSync, rmSync, statSync, writeSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { TextDataset } from "../../src/data/textDataset.ts";
import { randomWords } from "../../src/rng/philox.ts";

const folder = mkdtempSync(join(tmpdir(), "thaw-large-"));
afterAll(() => rmSync(folder, { recursive: true }));

/** A file of 200 MB: `head`, then rows that `line` makes, in pieces of some megabytes. */
function large(
  name: string,
  head: string,
  line: (row: number) => string,
): { readonly path: string; readonly rows: number } {
  const path = join(folder, name);
  const file = openSync(path, "w");
  let [rows, bytes, piece] = [0, 0, head];
  while (bytes + piece.length < 200e6) {
    piece += line(rows++);
    if (piece.length > 4e6) {
      bytes += writeSync(file, piece);
      piece = "";
    }
  }
  writeSync(file, piece);
  closeSync(file);
  return { path, rows };
}

const words = randomWords(0, "large", 1000);
const sentence = (row: number) =>
  Array.from({ length: 16 }, (_, i) => `word${(words[(row * 7 + i) % 1000] as number) % 5000}`).join(" ");
const label = (row: number) => (row % 3 === 0 ? "neg" : "pos");

test.each([
  ["large.csv", "text,label\n", (row: number) => `"${sentence(row)}, ""${row}""",${label(row)}\n`, TextDataset.fromCsv],
  [
    "large.jsonl",
    "",
    (row: number) => `${JSON.stringify({ text: sentence(row), label: label(row) })}\n`,
    TextDataset.fromJsonl,
  ],
] as const)("200 MB of %s are read whole", async (name, head, line, read) => {
  const { path, rows } = large(name, head, line);
  const before = process.memoryUsage.rss();
  const start = performance.now();
  const data = await read(path);
  const seconds = (performance.now() - start) / 1000;
  const megabytes = Math.round((process.memoryUsage.rss() - before) / 1e6);
  expect(data.length).toBe(rows);
  expect([data.at(-1)?.label, data.labelNames]).toEqual([label(rows - 1), ["neg", "pos"]]);
  console.log(
    `${name}: ${Math.round(statSync(path).size / 1e6)} MB, ${rows} rows in ${seconds.toFixed(1)} s, ${megabytes} MB more held`,
  );
  const shownAfter = performance.now();
  expect(String(data)).toMatch(/neg/);
  console.log(`its summary: ${((performance.now() - shownAfter) / 1000).toFixed(1)} s`);
});

test("split() by six usual shares gives every example of 3 to 2,000 to one part, stratified", () => {
  const shares = [
    { train: 0.8, validation: 0.1, test: 0.1 },
    { train: 0.7, validation: 0.15, test: 0.15 },
    { train: 0.5, validation: 0.25, test: 0.25 },
    { train: 0.9, validation: 0.05, test: 0.05 },
    { train: 0.6, validation: 0.2, test: 0.2 },
    { train: 0.5, validation: 0.5 },
  ];
  let splits = 0;
  for (let length = 3; length <= 2000; length++) {
    const data = TextDataset.fromRows(Array.from({ length }, (_, i) => ({ text: `text ${i}`, label: i % 2 })));
    for (const options of shares) {
      const { train, validation, test } = data.split({ ...options, seed: length });
      const rows = [train, validation, test].flatMap((part) => Array.from(part, ({ row }) => row));
      expect(new Set(rows).size).toBe(length);
      expect(rows.length).toBe(length);
      for (const part of [train, validation, test]) {
        const [zeros = 0, ones = 0] = Object.values(part.labelCounts());
        expect(Math.abs(zeros - ones)).toBeLessThanOrEqual(2);
      }
      splits++;
    }
  }
  console.log(`splits: ${splits} of ${splits} give every example to one part`);
});
