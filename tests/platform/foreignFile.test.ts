import { execFileSync } from "node:child_process";
import {
  appendFileSync,
  closeSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  rmSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { parseForeignJson, readForeignFile } from "../../src/platform/foreignFile.ts";

const root = mkdtempSync(join(tmpdir(), "thaw-foreign-"));
afterAll(() => rmSync(root, { recursive: true }));
const at = (name: string) => join(root, name);
const limits = { maxBytes: 1000 };

test("a regular file is read whole, one that is missing is undefined", async () => {
  writeFileSync(at("file"), "content");
  writeFileSync(at("empty"), "");
  symlinkSync("file", at("link"));
  expect(String(await readForeignFile(at("file"), limits))).toBe("content");
  expect(String(await readForeignFile(at("link"), limits))).toBe("content");
  expect(await readForeignFile(at("empty"), limits)).toHaveLength(0);
  expect(await readForeignFile(at("none"), limits)).toBeUndefined();
  expect(await readForeignFile(join(at("file"), "below"), limits)).toBeUndefined();
});

test.each<[string, RegExp, (path: string) => void]>([
  ["a named pipe that nobody writes to", /a named pipe, not a file/, (path) => execFileSync("mkfifo", [path])],
  ["a folder", /a folder, not a file/, (path) => mkdirSync(path)],
  ["a device without an end", /a device, not a file/, (path) => symlinkSync("/dev/zero", path)],
  ["a device that waits for a person", /a device, not a file/, (path) => symlinkSync("/dev/ptmx", path)],
  ["a link to itself", /ELOOP/, (path) => symlinkSync(path, path)],
  [
    "a file above the limit",
    /it has 3,000 MB, and such files have at most 0 MB/,
    (path) => {
      closeSync(openSync(path, "w"));
      truncateSync(path, 3e9);
    },
  ],
])("%s is refused at once, and nothing of it is read", async (title, message, make) => {
  const path = at(title);
  make(path);
  await expect(readForeignFile(path, limits)).rejects.toMatchObject({ code: "MISSING_FILE" });
  await expect(readForeignFile(path, limits)).rejects.toThrow(message);
});

test("a file that says it is empty and is not, as those of /proc, is read to its end or to the limit", async () => {
  expect(String(await readForeignFile("/proc/self/status", { maxBytes: 100_000 }))).toMatch(/^Name:/);
  await expect(readForeignFile("/proc/self/status", { maxBytes: 10 })).rejects.toThrow(/such files have at most/);
});

test("a file that grows beyond the limit while it is read is refused", async () => {
  writeFileSync(at("growing"), "a".repeat(900));
  const reading = readForeignFile(at("growing"), limits);
  appendFileSync(at("growing"), "a".repeat(900));
  const outcome = await reading.then(
    (bytes) => bytes?.length ?? 0,
    (error) => error.code,
  );
  expect([900, "MISSING_FILE"]).toContain(outcome);
});

const json = (text: string | Uint8Array) =>
  parseForeignJson(typeof text === "string" ? Buffer.from(text) : text, "file.json", {
    code: "BAD_CONFIG",
    advice: "Save it again.",
  });

test("JSON is parsed as JSON.parse does it, whatever stands in its texts", () => {
  for (const text of [
    '{"a":[1,2,{"b":null}]}',
    `"${"[{,".repeat(500)}"`,
    '"\\"[[[[\\\\"',
    `[${'"a",'.repeat(1000)}0]`,
    '{"__proto__":1}',
  ]) {
    expect(json(text)).toEqual(JSON.parse(text));
  }
});

test.each<[string, string | Uint8Array, RegExp]>([
  ["what is cut off", '{"a":', /file.json is not valid JSON \(.*\)\. Save it again\./],
  ["what is empty", "", /not valid JSON/],
  ["no UTF-8", Uint8Array.of(0x22, 0xff, 0x22), /it is not UTF-8/],
  ["a byte order mark", "\ufeff{}", /begins with a byte order mark/],
  ["lists in lists without end", "[".repeat(1e6), /nested deeper than 200 levels/],
  ["objects in objects", `${'{"a":'.repeat(300)}1${"}".repeat(300)}`, /nested deeper than 200 levels/],
  ["millions of objects", `[${"{},".repeat(5e6)}{}]`, /more than 4,000,000 lists and objects/],
  ["millions of numbers", `[${"1,".repeat(17e6)}1]`, /more than 16,000,000 values/],
])("%s is an error that names the file, and costs no memory", (_, text, message) => {
  expect(() => json(text)).toThrow(message);
  expect(() => json(text)).toThrow(expect.objectContaining({ code: "BAD_CONFIG" }));
});
