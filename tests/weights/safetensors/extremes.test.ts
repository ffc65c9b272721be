/** Files that are meant to cost time or memory. */
import {
  closeSync,
  existsSync,
  ftruncateSync,
  mkdtempSync,
  openSync,
  readFileSync,
  rmSync,
  writeFileSync,
  writeSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { readHeader } from "../../../src/weights/safetensors/header.ts";
import { readSafetensors } from "../../../src/weights/safetensors/read.ts";
import { fileOf } from "./damaged.ts";

let folder = "";
const path = () => join(folder, "model.safetensors");
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "thaw-extremes-"));
});
afterAll(() => rmSync(folder, { recursive: true }));

/** What opening it says and costs: time, and memory over the file's own size at its highest (Linux counts it). */
async function cost(): Promise<{ says: string; ms: number; megabytes: number }> {
  const isCounted = existsSync("/proc/self/clear_refs");
  if (isCounted) writeFileSync("/proc/self/clear_refs", "5"); // the highest so far is what there is now
  const before = isCounted ? residentMegabytes("VmRSS") : 0;
  const start = performance.now();
  const says = await readSafetensors(path()).then(
    (file) => `${file.names.length} tensors`,
    (error) => (error as Error).message,
  );
  const ms = performance.now() - start;
  return { says, ms, megabytes: isCounted ? residentMegabytes("VmHWM") - before : 0 };
}

const residentMegabytes = (key: string): number =>
  Number(new RegExp(`${key}:\\s+(\\d+)`).exec(readFileSync("/proc/self/status", "utf8"))?.[1]) / 1000;

test("a sparse file of 8 TB whose header claims 100 MB is refused in little time", async () => {
  const file = openSync(path(), "w");
  writeSync(file, fileOf("{}", 0, 100_000_000n));
  ftruncateSync(file, 2 ** 43);
  closeSync(file);
  const { says, ms } = await cost();
  expect(says).toMatch(/not a valid safetensors file: expected the end/);
  expect(ms).toBeLessThan(10_000);
});

const entry = (name: string) => `"${name}":{"dtype":"F32","shape":[0],"data_offsets":[0,0]}`;
const listOf = (count: number, item: (i: number) => string) =>
  Array.from({ length: count }, (_, i) => item(i)).join(",");

test.each<[string, () => string, RegExp]>([
  ["99 MB of {}", () => `{"a":[${"{},".repeat(33_000_000)}{}]}`, /more than 1000000 characters that mean nothing here/],
  [
    "30 MB of {} in a field that means nothing",
    () => `{"a":{"x":[${"{},".repeat(10_000_000)}{}]}}`,
    /mean nothing here/,
  ],
  ["30 MB of sizes", () => `{"a":{"shape":[${"1,".repeat(15_000_000)}1]}}`, /a list of more than 64 sizes/],
  ["20 MB of opening brackets", () => "[".repeat(20_000_000), /nested deeper than 127/],
  ["a name of 30 MB", () => `{"${"a".repeat(30_000_000)}":1}`, /a string of more than 10000 characters/],
  [
    "a name of 30 MB of escapes",
    () => `{"${"\\u0061".repeat(5_000_000)}":1}`,
    /a string of more than 10000 characters/,
  ],
  ["30 MB of spaces", () => `{${" ".repeat(30_000_000)}}`, /^0 tensors$/],
  ["a number of 30 MB", () => `{"a":${"9".repeat(30_000_000)}}`, /is too large/],
  [
    "a million tensors",
    () => `{${listOf(1_000_000, (i) => entry(`t${i}`))}}`,
    /more than \d+ tensors, too many for a file of its size/,
  ],
  [
    "a million tensors that are none",
    () => `{${listOf(1_000_000, (i) => `"${i}":{}`)}}`,
    /more than \d+ tensors, too many for a file of its size/,
  ],
  [
    "a million texts of metadata",
    () => `{"__metadata__":{${listOf(1_000_000, (i) => `"${i}":""`)}}}`,
    /__metadata__ has more/,
  ],
  [
    "a text of metadata of 30 MB",
    () => `{"__metadata__":{"a":"${"x".repeat(30_000_000)}"}}`,
    /more than 1000000 characters/,
  ],
])("a header of %s takes no more memory than the file has bytes, and 10 MB", async (_, header, message) => {
  const file = fileOf(header());
  writeFileSync(path(), file);
  await cost(); // what is compiled and grown on the first call is not the file's doing
  const { says, ms, megabytes } = await cost();
  expect(says).toMatch(message);
  expect(says.length).toBeLessThan(500);
  expect(ms).toBeLessThan(10_000);
  expect(megabytes).toBeLessThan(file.length / 1e6 + 10);
});

test("5,000 tensors of no size at all are read, and more where the file has room for them", async () => {
  for (const [count, dataBytes, says] of [
    [5_000, 0, /^5000 tensors$/],
    [6_000, 0, /more than 5\d{3} tensors, too many for a file of its size/],
    [20_000, 16_000_000, /^20001 tensors$/],
  ] as const) {
    const data =
      dataBytes === 0 ? "" : `,"data":{"dtype":"F32","shape":[${dataBytes / 4}],"data_offsets":[0,${dataBytes}]}`;
    writeFileSync(path(), fileOf(`{${listOf(count, (i) => entry(`model.layers.${i}.weight`))}${data}}`, dataBytes));
    expect((await cost()).says).toMatch(says);
  }
});

test("texts, names and numbers are read across the borders of the pieces in which a header is read", async () => {
  const text =
    '{"__metadata__":{"note":"😀 \\u00e9\\ud83d\\ude00\\n"},"größe":{"dtype":"F32","shape":[12,1],"data_offsets":[0,48]}}';
  for (let spaces = 16_384 - Buffer.byteLength(text) - 2; spaces <= 16_384 + 2; spaces++) {
    const { header } = readHeader(8 + spaces + Buffer.byteLength(text) + 48, (position, length) =>
      Uint8Array.from(fileOf(" ".repeat(spaces) + text, 48).subarray(position, position + length)),
    );
    expect([...header.tensors]).toEqual([["größe", { dtype: "F32", shape: [12, 1], begin: 0, end: 48 }]]);
    expect(header.metadata.get("note")).toBe("😀 é😀\n");
  }
});
