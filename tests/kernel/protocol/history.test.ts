import {
  appendFileSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { History, type HistoryEntry, HistoryFile, matchesGlob } from "../../../kernel/protocol/history.ts";
import type { Content } from "../../../kernel/protocol/wire/message.ts";

const folder = mkdtempSync(join(tmpdir(), "thaw-history-"));
afterAll(() => rmSync(folder, { recursive: true }));

/** A file with the inputs of three sessions of a past long gone, as kernels have left it. */
async function past(place = mkdtempSync(join(folder, "past-"))): Promise<HistoryFile> {
  const file = new HistoryFile(place);
  const entries: HistoryEntry[] = [
    { session: 10, line: 1, input: "let a = 1" },
    { session: 30, line: 1, input: "a + 1" },
    { session: 20, line: 1, input: "let b = 2" }, // a kernel that began before the other and ran this later
    { session: 10, line: 2, input: "a + 1" },
    { session: 30, line: 2, input: "b" },
    { session: 30, line: 3, input: "b" },
  ];
  for (const entry of entries) file.append(entry);
  await file.written();
  return file;
}

/** Answers a request with `[session, line, input]` written as one text. */
async function asked(history: History, content: Content): Promise<string[]> {
  const own = (session: number) => (session === history.session ? "own" : session);
  return (await history.query(content)).map(([session, line, input]) => `${own(session)}/${line} ${input}`);
}

test("the inputs of earlier sessions come first, session by session, then those of this one", async () => {
  const history = new History(await past());
  history.add(1, "'own'");
  expect(await asked(history, { hist_access_type: "tail", n: 100 })).toEqual([
    "10/1 let a = 1",
    "10/2 a + 1",
    "20/1 let b = 2",
    "30/1 a + 1",
    "30/2 b",
    "30/3 b",
    "own/1 'own'",
  ]);
  expect(await asked(history, { hist_access_type: "tail", n: 2 })).toEqual(["30/3 b", "own/1 'own'"]);
  expect(await asked(history, { hist_access_type: "tail", n: 0 })).toEqual([]);
  expect(await asked(history, { hist_access_type: "tail", n: -1 })).toEqual([]);
  expect(await asked(history, { hist_access_type: "tail" })).toHaveLength(7);
  expect(await asked(history, { hist_access_type: "everything" })).toEqual([]);
});

test.each<[asks: Content, answer: string[]]>([
  [{ session: 30, start: 2, stop: 3 }, ["30/2 b"]],
  [{ session: 30, start: 2 }, ["30/2 b", "30/3 b"]],
  [{ session: 30, stop: 2 }, ["30/1 a + 1"]],
  [{ session: 0 }, ["own/1 'own'"]],
  [{}, ["own/1 'own'"]],
  [{ session: -1, stop: 2 }, ["30/1 a + 1"]],
  [{ session: -3 }, ["10/1 let a = 1", "10/2 a + 1"]],
  [{ session: -4 }, []],
  [{ session: 1 }, []],
])("the range %j is answered with %j", async (asks, answer) => {
  const history = new History(await past());
  history.add(1, "'own'");
  expect(await asked(history, { hist_access_type: "range", ...asks })).toEqual(answer);
});

test("a range counts sessions back from this one also before its first cell", async () => {
  const history = new History(await past());
  expect(await asked(history, { hist_access_type: "range", session: -2 })).toEqual(["20/1 let b = 2"]);
});

test("a search without a pattern finds all; of the same inputs the newest stays where it stands", async () => {
  const history = new History(await past());
  history.add(1, "a + 1");
  expect(await asked(history, { hist_access_type: "search" })).toHaveLength(7);
  expect(await asked(history, { hist_access_type: "search", unique: true })).toEqual([
    "10/1 let a = 1",
    "20/1 let b = 2",
    "30/3 b",
    "own/1 a + 1",
  ]);
  expect(await asked(history, { hist_access_type: "search", pattern: "a*", n: 2 })).toEqual([
    "30/1 a + 1",
    "own/1 a + 1",
  ]);
});

test("an output is the plain text of a result; none, a longer one and one without text are empty", async () => {
  const history = new History(undefined);
  const results = [
    JSON.stringify({ data: { "text/plain": "3" } }),
    undefined,
    JSON.stringify({ data: { "text/html": "<b>" } }),
    JSON.stringify({ data: { "text/plain": "x".repeat(10_000) } }),
  ];
  results.forEach((result, i) => {
    history.add(i + 1, `cell ${i + 1}`);
    history.ended(result);
  });
  const rows = await history.query({ hist_access_type: "tail", n: 9, output: true });
  expect(rows.map((row) => row[2])).toEqual([
    ["cell 1", "3"],
    ["cell 2", ""],
    ["cell 3", ""],
    ["cell 4", ""],
  ]);
});

test("a cell is written when it has ended, without its result, and only by its owner to be read", async () => {
  const place = join(folder, "ended");
  const history = new History(new HistoryFile(place));
  history.ended(undefined); // no cell has begun
  history.add(1, "1");
  await history.written();
  expect(existsSync(place)).toBe(false);
  history.ended(JSON.stringify({ data: { "text/plain": "secret" } }));
  await history.written();
  const path = join(place, "history.jsonl");
  expect(readFileSync(path, "utf8")).toBe(`{"session":${history.session},"line":1,"input":"1"}\n`);
  expect(statSync(path).mode & 0o777).toBe(0o600);
  expect(await asked(history, { hist_access_type: "tail", n: 9 })).toEqual(["own/1 1"]); // once, and not from the file too
});

test("of this session the newest 10,000 inputs are remembered", async () => {
  const history = new History(undefined);
  for (let line = 1; line <= 10_002; line++) history.add(line, "x");
  const rows = await history.query({ hist_access_type: "tail" });
  expect(rows).toHaveLength(10_000);
  expect([rows[0]?.[1], rows.at(-1)?.[1]]).toEqual([3, 10_002]);
});

test("of long inputs fewer are remembered, the last one always", async () => {
  const history = new History(undefined);
  const lines = async () => (await history.query({ hist_access_type: "tail" })).map((row) => row[1]);
  for (const line of [1, 2, 3]) history.add(line, "x".repeat(20_000_000));
  expect(await lines()).toEqual([2, 3]);
  history.add(4, "x".repeat(10_000_000)); // 50 million characters are still within
  expect(await lines()).toEqual([2, 3, 4]);
  history.add(5, "x".repeat(60_000_000));
  expect(await lines()).toEqual([5]);
});

test("lines of another kind or form are passed over", async () => {
  const file = await past(join(folder, "torn"));
  const lines = ["{ torn", "[]", "3", "", '{"session":1,"line":1}', '{"session":"1","line":1,"input":""}'];
  lines.push('{"session":1,"line":"1","input":""}', '{"session":5,"line":1,"input":"whole"}');
  appendFileSync(join(folder, "torn", "history.jsonl"), lines.join("\n"));
  const entries = await file.earlier(30);
  expect(entries.map(({ session }) => session)).toEqual([5, 10, 10, 20]);
  expect(entries[0]).toEqual({ session: 5, line: 1, input: "whole" });
});

test("a folder that is a file is tried once, and is no error", async () => {
  const blocked = join(folder, "blocked");
  writeFileSync(blocked, "");
  const file = new HistoryFile(blocked);
  file.append({ session: 1, line: 1, input: "1" });
  await file.written();
  rmSync(blocked);
  file.append({ session: 1, line: 2, input: "2" });
  await file.written();
  expect(existsSync(blocked)).toBe(false);
  expect(await file.earlier(0)).toEqual([]);
});

test("the file is bounded: a long one is put aside, and only the newest of those is kept", async () => {
  const bounded = join(folder, "bounded");
  const input = "x".repeat(100_000);
  for (let round = 0; round < 3; round++) {
    const history = new HistoryFile(bounded);
    for (let line = 0; line < 90; line++) history.append({ session: round, line, input });
    await history.written();
  }
  const last = new HistoryFile(bounded);
  last.append({ session: 9, line: 1, input: "newest" });
  await last.written();
  const names = readdirSync(bounded);
  expect(names).toHaveLength(2);
  const entries = await last.earlier(-1);
  expect(entries.at(-1)).toEqual({ session: 9, line: 1, input: "newest" });
  expect(entries).toHaveLength(91);
});

test.each<[pattern: string, text: string, matches: boolean]>([
  ["*", "", true],
  ["", "", true],
  ["", "a", false],
  ["a", "a", true],
  ["a", "ab", false],
  ["*b*", "abc\nd", true],
  ["a?c", "abc", true],
  ["a?c", "ac", false],
  ["*.ts", "a.b.ts", true],
  ["*.ts", "a.tsx", false],
  ["a*b*c", "a__b__b_c", true],
  ["a*b*c", "a__c__b", false],
  ["[x]", "x", false],
  ["**a**", "bab", true],
])("%j on %j: %j", (pattern, text, matches) => {
  expect(matchesGlob(pattern, text)).toBe(matches);
});

test("a pattern of many stars does not take for ever", () => {
  const started = performance.now();
  expect(matchesGlob(`${"*a".repeat(40)}*b`, "a".repeat(20_000))).toBe(false);
  console.log(`glob: 40 stars on 20,000 letters: ${(performance.now() - started).toFixed(1)} ms`);
});
