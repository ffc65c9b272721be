import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { writeFileAtomic } from "../../src/io/atomicFile.ts";
import { replaceDirectory } from "../../src/io/replaceDirectory.ts";

let folder = "";
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "thaw-io-"));
});
afterEach(() => {
  rmSync(folder, { recursive: true });
});

test("text, bytes and a row of chunks are written whole, by bytes and not by elements", async () => {
  await writeFileAtomic(join(folder, "a"), "Größe");
  await writeFileAtomic(join(folder, "b"), new Uint8Array(Float32Array.of(1, 2, 3).buffer));
  await writeFileAtomic(
    join(folder, "c"),
    (function* () {
      yield Uint8Array.of(1, 2);
      yield new Uint8Array(0);
      yield Uint8Array.of(3);
    })(),
  );
  expect(readFileSync(join(folder, "a"), "utf8")).toBe("Größe");
  expect(readFileSync(join(folder, "b")).byteLength).toBe(12);
  expect([...readFileSync(join(folder, "c"))]).toEqual([1, 2, 3]);
  expect(readdirSync(folder)).toEqual(["a", "b", "c"]);
});

test("an error half-way leaves the old file and nothing else", async () => {
  const path = join(folder, "model.bin");
  writeFileSync(path, "old");
  const chunks = function* () {
    yield Uint8Array.of(1);
    throw new Error("tensor 2 is gone");
  };
  await expect(writeFileAtomic(path, chunks())).rejects.toThrow(/model\.bin: tensor 2 is gone.*unchanged/);
  expect(readFileSync(path, "utf8")).toBe("old");
  expect(readdirSync(folder)).toEqual(["model.bin"]);
});

test("a missing folder is an error that says so", async () => {
  await expect(writeFileAtomic(join(folder, "no/such"), "x")).rejects.toMatchObject({ code: "WRITE_FAILED" });
});

test("a folder appears whole, replaces the old one and keeps what it does not know", async () => {
  const path = join(folder, "final");
  mkdirSync(path);
  writeFileSync(join(path, "config.json"), "old");
  writeFileSync(join(path, "notes.txt"), "mine");
  await replaceDirectory(path, async (temporary) => {
    writeFileSync(join(temporary, "config.json"), "new");
    mkdirSync(join(temporary, "sub"));
    writeFileSync(join(temporary, "sub/x"), "x");
    expect(readFileSync(join(path, "config.json"), "utf8")).toBe("old");
  });
  expect(readdirSync(path).sort()).toEqual(["config.json", "notes.txt", "sub"]);
  expect(readFileSync(join(path, "config.json"), "utf8")).toBe("new");
  expect(readFileSync(join(path, "notes.txt"), "utf8")).toBe("mine");
  expect(readdirSync(folder)).toEqual(["final"]);
});

test("a folder whose parents are missing is made", async () => {
  await replaceDirectory(join(folder, "runs/reviews/final"), async (temporary) => {
    writeFileSync(join(temporary, "a"), "a");
  });
  expect(readFileSync(join(folder, "runs/reviews/final/a"), "utf8")).toBe("a");
});

test("an error while filling leaves the old folder untouched and no rest", async () => {
  const path = join(folder, "final");
  mkdirSync(path);
  writeFileSync(join(path, "config.json"), "old");
  const failing = replaceDirectory(path, async (temporary) => {
    writeFileSync(join(temporary, "config.json"), "half");
    throw new Error("disk full");
  });
  await expect(failing).rejects.toThrow(/final: disk full/);
  expect(readFileSync(join(path, "config.json"), "utf8")).toBe("old");
  expect(readdirSync(folder)).toEqual(["final"]);
});

test("a file in the place of the folder is refused and kept", async () => {
  const path = join(folder, "final");
  writeFileSync(path, "a file");
  await expect(replaceDirectory(path, async () => {})).rejects.toThrow(/it is a file/);
  expect(readFileSync(path, "utf8")).toBe("a file");
  expect(readdirSync(folder)).toEqual(["final"]);
});
