/** Archives at the ends of the format: large ones (zip64), comments that look like ends, and tables that are none. */
import { closeSync, openSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { readZipEntries } from "../../../src/weights/torch/zip.ts";
import { temporaryFolder } from "../../temporary.ts";
import { zipOf } from "./torchArchive.ts";

const folder = temporaryFolder();

function entriesOf(content: Uint8Array) {
  const path = join(folder, "archive.bin");
  writeFileSync(path, content);
  const file = openSync(path, "r");
  try {
    return [...readZipEntries(file, content.length).values()];
  } finally {
    closeSync(file);
  }
}

const small = zipOf([
  { name: "a/data.pkl", bytes: Buffer.from("12345") },
  { name: "a/data/0", bytes: Buffer.from("678") },
]);
const expected = entriesOf(small);
const end = small.length - 22;

/** The archive with the records of a large one before its end, which says "too large" in some of its fields. */
function large(
  fields: readonly ("entries" | "bytes" | "begin")[],
  change: (records: Buffer) => void = () => {},
): Buffer {
  const records = Buffer.alloc(76);
  records.writeUInt32LE(0x06064b50, 0);
  records.writeBigUInt64LE(BigInt(small.readUInt16LE(end + 10)), 32);
  records.writeBigUInt64LE(BigInt(small.readUInt32LE(end + 12)), 40);
  records.writeBigUInt64LE(BigInt(small.readUInt32LE(end + 16)), 48);
  records.writeUInt32LE(0x07064b50, 56);
  records.writeBigUInt64LE(BigInt(end), 64);
  change(records);
  const last = Buffer.from(small.subarray(end));
  if (fields.includes("entries")) last.writeUInt16LE(0xffff, 10);
  if (fields.includes("bytes")) last.writeUInt32LE(0xffffffff, 12);
  if (fields.includes("begin")) last.writeUInt32LE(0xffffffff, 16);
  return Buffer.concat([small.subarray(0, end), records, last]);
}

test("the entries of a small archive have their places", () => {
  expect(expected.map(({ name }) => name)).toEqual(["a/data.pkl", "a/data/0"]);
  expect(expected.map(({ begin, end: to }) => small.toString("latin1", begin, to))).toEqual(["12345", "678"]);
});

test.each([[["entries"]], [["bytes"]], [["begin"]], [["entries", "bytes", "begin"]]] as const)(
  "a large archive, whose end says so in %j, has its table where its own record says",
  (fields) => {
    expect(entriesOf(large(fields))).toEqual(expected);
  },
);

test("a large archive whose records are not what they should be is refused", () => {
  const all = ["entries", "bytes", "begin"] as const;
  const damaged: ((records: Buffer) => void)[] = [
    (records) => records.writeUInt32LE(0, 0),
    (records) => records.writeUInt32LE(0, 56),
    (records) => records.writeBigUInt64LE(BigInt(end + 21), 64), // the record would reach into the end
  ];
  for (const change of damaged) expect(() => entriesOf(large(all, change))).toThrow("table of contents is damaged");
  const onlyEnd = large(all).subarray(-22);
  expect(() => entriesOf(onlyEnd)).toThrow("table of contents is damaged");
  expect(() => entriesOf(Buffer.concat([Buffer.alloc(19), onlyEnd]))).toThrow("table of contents is damaged");
});

test("the end is found behind a comment, also one in which an end seems to begin", () => {
  const files = [{ name: "a", bytes: Buffer.from("1") }];
  for (const comment of ["made by hand", `PK\u0005\u0006${"x".repeat(40)}`, `${"x".repeat(10)}PK\u0005\u0006`]) {
    expect(entriesOf(zipOf(files, comment)).map(({ name }) => name)).toEqual(["a"]);
  }
  expect(entriesOf(zipOf([]))).toEqual([]); // the end is all there is
  expect(() => entriesOf(zipOf(files).subarray(0, -1))).toThrow("missing (cut off?)");
});
