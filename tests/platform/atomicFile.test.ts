import { linkSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { writeFileAtomic } from "../../src/platform/atomicFile.ts";
import { ownedName } from "../../src/platform/owner.ts";
import { type Fault, withFaults } from "./faults.ts";

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
      yield new Uint8Array(300_000).fill(4);
      yield new Uint8Array(9_000_000).fill(5);
      yield Uint8Array.of(6);
    })(),
  );
  await writeFileAtomic(join(folder, "d"), []);
  expect(readFileSync(join(folder, "a"), "utf8")).toBe("Größe");
  expect(readFileSync(join(folder, "b")).byteLength).toBe(12);
  const c = readFileSync(join(folder, "c"));
  expect([c.length, ...c.subarray(0, 4), c[300_002], c[300_003], c.at(-2), c.at(-1)]).toEqual([
    9_300_004, 1, 2, 3, 4, 4, 5, 5, 6,
  ]);
  expect(readFileSync(join(folder, "d")).length).toBe(0);
  expect(readdirSync(folder)).toEqual(["a", "b", "c", "d"]);
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

test.each<Fault>(["gone", "short", "ENOSPC", "EFBIG", "EIO", "EACCES"])(
  "a file is the old one or the new one at every call, the message is true, and what a dead process left goes: %s",
  async (fault) => {
    const path = join(folder, "config.json");
    const { calls } = await withFaults(() => writeFileAtomic(path, "new"));
    for (let at = 0; at < calls.length; at++) {
      writeFileSync(path, "old");
      const { error } = await withFaults(
        () => writeFileAtomic(path, "new"),
        ({ index }) => (index === at ? fault : undefined),
      );
      const where = `${fault} at ${calls[at]?.name}: ${error}`;
      const found = readFileSync(path, "utf8");
      expect(["old", "new"], where).toContain(found);
      if (error === undefined) expect(found, where).toBe("new");
      else if (fault !== "gone") {
        expect(String(error), where).toMatch(
          found === "new" ? /It is there, but may be lost/ : /What was there before is unchanged\./,
        );
      }
      if (fault === "ENOSPC" && error !== undefined)
        expect(String(error)).toMatch(/at least 3 bytes are needed, [\d,]+ are free/);
      await writeFileAtomic(join(folder, "another.json"), "");
      expect(readdirSync(folder), where).toEqual(["another.json", "config.json"]);
    }
  },
);

test("what a living process is writing is left alone, and so is everything of another name", async () => {
  const others = [ownedName(".thaw-file-"), ".thaw-file-of-mine", "config.json.tmp-1-0"];
  for (const name of others) writeFileSync(join(folder, name), "");
  writeFileSync(join(folder, others[0]?.replace(/file-\d+/, "file-9999999999") as string), "left by a dead one");
  await writeFileAtomic(join(folder, "config.json"), "");
  expect(readdirSync(folder).sort()).toEqual([...others, "config.json"].sort());
});

test("a file keeps a second name's content, and takes permissions when they are given", async () => {
  const path = join(folder, "a");
  writeFileSync(path, "old", { mode: 0o600 });
  linkSync(path, join(folder, "b"));
  await writeFileAtomic(path, "new", { mode: 0o664 });
  expect(readFileSync(join(folder, "b"), "utf8")).toBe("old");
  expect(statSync(path).mode & 0o777).toBe(0o664);
});
