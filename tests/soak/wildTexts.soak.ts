/** Goal 23: 100,000 texts that nobody writes, words of a megabyte, and times that grow with the text. */
import { readdirSync, readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { AutoTokenizer } from "../../src/tokenizer/autoTokenizer.ts";
import { tokenizersOf } from "../tokenizer/native/processes.ts";
import { tokenizerFolders, troubles, vocabularySize } from "../tokenizer/underFire.ts";
import { endless, wildTexts } from "../tokenizer/wildTexts.ts";

const count = Number(process.env.THAW_TEXTS ?? 100_000);
const folders = await tokenizerFolders();
const backends = ["native", "xenova"] as const;
const cases = folders.flatMap(([name, folder]) =>
  backends.map((backend) => ({ name, folder, backend, texts: backend === "native" ? count : count / 10 })),
);

test.each(cases)("$name, $backend: $texts texts, 0 throws, 0 ids out of range", async (one) => {
  const tokenizer = await AutoTokenizer.fromPretrained(one.folder, { backend: one.backend });
  const started = performance.now();
  const found = troubles(tokenizer, wildTexts(one.texts, 1), await vocabularySize(one.folder));
  console.log(
    `${one.name}, ${one.backend}: ${one.texts} texts in ${((performance.now() - started) / 1000).toFixed(0)} s`,
  );
  expect(found).toEqual([]);
});

/** In milliseconds, of all threads of a process: other programs on the machine change nothing. */
const processorTime = (pid: number): number =>
  readdirSync(`/proc/${pid}/task`)
    .map((thread) => Number(readFileSync(`/proc/${pid}/task/${thread}/schedstat`, "latin1").split(" ")[0]) / 1e6)
    .reduce((a, b) => a + b);

test.each(folders)("%s, native: twice the text takes at most 2.5 times as long", async (name, folder) => {
  const tokenizer = await AutoTokenizer.fromPretrained(folder, { backend: "native" });
  tokenizer.encodeBatch(["all threads are there"]);
  const [pid] = tokenizersOf(process.pid);
  const millisecondsOf = (text: string): number => {
    const before = processorTime(pid as number);
    tokenizer.encodeBatch([text]);
    return processorTime(pid as number) - before;
  };
  // From some 500,000 units on what the library keeps of a text leaves the processor's cache: one step more, here and in Python.
  const units = 50_000;
  const measured = Object.entries(endless).map(([kind, make]) => {
    const [short, long] = [make(units), make(4 * units)];
    // in turn, so that a busy machine slows both; the least is what it takes
    const pairs = Array.from({ length: 7 }, () => [millisecondsOf(short), millisecondsOf(long)] as const);
    const least = (side: 0 | 1) => Math.min(...pairs.map((pair) => pair[side]));
    return {
      kind,
      short: least(0),
      long: least(1),
      ratio: Math.sqrt(least(1) / least(0)),
      million: millisecondsOf(make(1e6)),
    };
  });
  const worst = measured.reduce((a, b) => (a.ratio > b.ratio ? a : b));
  const slowest = measured.reduce((a, b) => (a.million > b.million ? a : b));
  console.log(
    `${name}: worst ${worst.ratio.toFixed(2)} (${worst.kind}: four times the text ${worst.short.toFixed(0)} > ${worst.long.toFixed(0)} ms), ` +
      `slowest ${slowest.million.toFixed(0)} ms for 1,000,000 units (${slowest.kind})`,
  );
  expect(measured.filter(({ ratio }) => ratio > 2.5)).toEqual([]);
});
