/** Large and damaged data files, rows of anything, and every split that the first tier only draws some of. */
import {
  closeSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
  writeSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, expect, test } from "vitest";
import { TextDataset } from "../../src/data/textDataset.ts";
import { ThawError } from "../../src/errors.ts";
import { randomWords } from "../../src/tensor/random.ts";
import { goldenPath } from "../golden/read.ts";

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

/** Numbers below a limit, the same in every run. */
function dice(stream: string): (limit: number) => number {
  let next = 0;
  return (limit) => (randomWords(1, stream, 1, next++)[0] as number) % limit;
}

const tally = { read: 0, refused: 0 };
/** Reads, shows, walks through and splits; anything but a `ThawError` fails the test, with what was tried. */
async function attempt(tried: () => string, read: () => unknown): Promise<void> {
  try {
    const data = (await read()) as TextDataset;
    expect(String(data)).toContain("example");
    for (const { text } of data) expect(typeof text).toBe("string");
    if (data.length > 2) data.split({ train: 0.5, validation: 0.3, test: 0.2 });
    tally.read++;
  } catch (error) {
    if (!(error instanceof ThawError)) throw new Error(tried(), { cause: error });
    tally.refused++;
  }
}

test("a damaged file of any format is read or refused with a code, by any call", async () => {
  const roll = dice("damaged");
  const path = join(folder, "damaged");
  const calls = ["fromCsv", "fromTsv", "fromJsonl", "fromJson", "fromParquet"] as const;
  const options = [
    {},
    { label: false },
    { labelSeparator: "," },
    { problemType: "regression" },
    { text: ["text", "label"] },
  ] as const;
  const names = ["data", "data/foreign"].flatMap((below) =>
    readdirSync(goldenPath(below), { withFileTypes: true }).flatMap((entry) =>
      entry.isFile() ? [`${below}/${entry.name}`] : [],
    ),
  );
  for (let i = 0; i < 4_000; i++) {
    const name = names[roll(names.length)] as string;
    let bytes = Buffer.from(readFileSync(goldenPath(name)));
    for (let change = roll(3); change >= 0; change--) {
      const place = roll(bytes.length + 1);
      const kind = roll(4);
      if (kind === 0 && roll(4) === 0) bytes = bytes.subarray(0, place);
      if (kind === 1 && place < bytes.length) bytes[place] = (bytes[place] as number) ^ (1 << roll(8));
      if (kind === 2) bytes = Buffer.concat([bytes.subarray(0, place), Buffer.from('"'), bytes.subarray(place)]);
      if (kind === 3) bytes = Buffer.concat([bytes.subarray(0, place), Buffer.of(roll(256)), bytes.subarray(place)]);
    }
    writeFileSync(path, bytes);
    const own = name.endsWith("parquet") ? 4 : name.endsWith("jsonl") ? 2 : name.endsWith("json") ? 3 : 0;
    const call = calls[roll(3) > 0 ? own : roll(calls.length)] as (typeof calls)[number];
    const given = options[roll(options.length)];
    await attempt(
      () => `${call}, ${JSON.stringify(given)}, damaged ${name}: ${bytes.toString("base64")}`,
      () => TextDataset[call](path, given),
    );
  }
  console.log(`damaged files: ${tally.read} read, ${tally.refused} refused, no other error`);
});

test("a damaged Parquet file over which its decoder loops without an end is refused within half a minute", async () => {
  const path = fileURLToPath(new URL("endless.parquet", import.meta.url)); // found by the test above; hyparquet 1.33.0
  const start = performance.now();
  await expect(TextDataset.fromParquet(path)).rejects.toThrow(/cannot be read: it takes too long, as damaged files do/);
  expect(performance.now() - start).toBeLessThan(60_000);
  expect((await TextDataset.fromParquet(goldenPath("data/codec-snappy.parquet"))).length).toBe(8);
});

test("rows and options of anything are taken or refused with a code", async () => {
  const roll = dice("rows");
  const values: readonly unknown[] = [
    ...[
      null,
      undefined,
      "",
      " ",
      "a",
      "b",
      "nan",
      0,
      1,
      2,
      -1,
      0.5,
      Number.NaN,
      1 / 0,
      1e300,
      true,
      false,
      10n,
      Symbol("s"),
    ],
    ...[[], ["a"], ["a", "b"], [0, 1], [0, 1, 0], [[1]], [null], {}, { a: 1 }, new Date(0), new Map(), () => 1],
    ...["['a', 'b']", "[0, 1]", "[", "1.0", "01", "\ud800", Object.create(null), new Proxy({}, {})],
  ];
  const value = () => values[roll(values.length)];
  const options: readonly object[] = [
    ...[{}, {}, { label: false }, { label: ["text", "label"] }, { labels: ["a", "b"] }, { labels: ["0", "1"] }],
    ...[{ problemType: "regression" }, { problemType: "multi_label_classification" }, { labelSeparator: "," }],
    ...[
      { text: ["text", "label"] },
      { textPair: "label", label: false },
      { label: (row: { label: unknown }) => row.label },
    ],
  ];
  const path = join(folder, "plain.csv");
  writeFileSync(path, "text,label\na,x\nb,y\n");
  for (let i = 0; i < 40_000; i++) {
    const both = [value(), value()];
    const rows = Array.from({ length: roll(6) }, (_, row) =>
      roll(30) === 0
        ? value()
        : { text: roll(4) > 0 ? `t${row}` : value(), label: i % 2 === 0 ? both[roll(2)] : value() },
    );
    await attempt(
      () => `rows ${i}`,
      () => TextDataset.fromRows(rows as never, options[roll(options.length)] as never),
    );
    const name = [
      "text",
      "textPair",
      "label",
      "labels",
      "labelSeparator",
      "name",
      "columns",
      "delimiter",
      "quote",
      "encoding",
    ][roll(10)];
    if (i % 8 === 0) {
      await attempt(
        () => `options ${i}`,
        () => TextDataset.fromCsv(path, { [name as string]: value() } as never),
      );
    }
  }
  const data = TextDataset.fromRows([0, 1, 0].map((label) => ({ text: `${label}`, label })));
  for (const each of values) {
    await attempt(
      () => "path",
      () => TextDataset.fromCsv(each as never),
    );
    await attempt(
      () => "rows",
      () => TextDataset.fromRows(each as never),
    );
    await attempt(
      () => "options",
      () => TextDataset.fromCsv(path, each as never),
    );
    await attempt(
      () => "split",
      () => data.split(each as never).train,
    );
    await attempt(
      () => "size",
      () => data.split({ validation: each as never }).train,
    );
    await attempt(
      () => "seed",
      () => data.split({ validation: 1, seed: each as never }).train,
    );
    await attempt(
      () => "take",
      () => data.take(each as never),
    );
  }
  console.log(
    `rows and options of anything: ${tally.read} taken, ${tally.refused} refused, no other error (with the damaged files)`,
  );
});
