import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { operations } from "../../src/platform/files.ts";
import type { Staging } from "../../src/platform/savedFiles.ts";
import { saveFolder } from "../../src/platform/saveFolder.ts";
import { restsIn, treeOf } from "./world.ts";

let folder = "";
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "thaw-staging-"));
});
afterEach(() => {
  rmSync(folder, { recursive: true });
});
const place = () => join(folder, "saved");
const saved = async (fill: (staging: Staging) => Promise<unknown>, part: "model" | "checkpoint" = "checkpoint") => {
  await saveFolder(place(), { part }, async (staging) => {
    await fill(staging);
    return "weights";
  });
  return treeOf(place());
};

test("files that other code has written into the folder are saved like those written through it", async () => {
  const tree = await saved(async (staging) => {
    await staging.write("a/b/c.json", "{}");
    writeFileSync(join(staging.folder, "by-hand.txt"), "text");
    mkdirSync(join(staging.folder, "deep", "er"), { recursive: true });
    writeFileSync(join(staging.folder, "deep", "er", "file"), "x");
    await staging.write("deep/other", "y");
  });
  expect(tree).toEqual({ "a/b/c.json": "{}", "by-hand.txt": "text", "deep/er/file": "x", "deep/other": "y" });
});

test("the manifest has the length and the hash of every file, as other programs count them", async () => {
  const tree = await saved(async (staging) => {
    await staging.write("a.json", "{}");
    await staging.write("large.bin", [new Uint8Array(3_000_000).fill(1), new Uint8Array(10).fill(2)]);
    writeFileSync(join(staging.folder, "by-hand.txt"), "Größe");
  });
  const { version, files } = JSON.parse(readFileSync(join(place(), "thaw_manifest.json"), "utf8"));
  expect([version, Object.keys(files)]).toEqual([1, Object.keys(tree)]);
  for (const [name, { bytes }] of Object.entries<{ bytes: number }>(files)) {
    expect(statSync(join(place(), name)).size).toBe(bytes);
  }
  const [, command] = /```sh\n(.*?)\n```/s.exec(readFileSync("docs/saving.md", "utf8")) as RegExpExecArray;
  const check = () => execFileSync("sh", ["-c", command as string], { cwd: place(), encoding: "utf8", stdio: "pipe" });
  expect(check()).toBe("a.json: OK\nby-hand.txt: OK\nlarge.bin: OK\n");
  writeFileSync(join(place(), "a.json"), "[]");
  expect(check).toThrow(/a\.json: FAILED|did NOT match/);
});

test("a file that does not change is taken by a second name, and copied where there are none", async () => {
  const shard = join(folder, "shard");
  writeFileSync(shard, "the same in every checkpoint");
  await saved((staging) => staging.link("linked", shard));
  expect(statSync(join(place(), "linked")).ino).toBe(statSync(shard).ino);
  // Again into the folder that exists: the new name and the old one are one file then.
  expect(await saved((staging) => staging.link("linked", shard))).toEqual({ linked: "the same in every checkpoint" });
  const real = operations.link;
  operations.link = () => Promise.reject(Object.assign(new Error("no links here"), { code: "EPERM" }));
  try {
    expect(await saved((staging) => staging.link("copied", shard))).toEqual({ copied: "the same in every checkpoint" });
  } finally {
    operations.link = real;
  }
  expect(statSync(join(place(), "copied")).ino).not.toBe(statSync(shard).ino);
  expect(restsIn(folder)).toEqual([]);
});

test.each([
  "../out",
  "/etc/x",
  "",
  "a//b",
  "a/./b",
  "a\\b",
  "a\0b",
  ".thaw-save-1/x",
  "x/.thaw-file-1",
  "x".repeat(1001),
])("a name that could lead elsewhere is refused: %j", async (name) => {
  await expect(saved((staging) => staging.write(name, ""))).rejects.toMatchObject({ code: "BAD_ARGUMENT" });
  expect(treeOf(folder)).toEqual({});
});

test.each<[string, (at: string) => void]>([
  ["a link", (at) => symlinkSync("/etc/hostname", at)],
  ["a pipe", (at) => execFileSync("mkfifo", [at])],
])("what is no file cannot be saved: %s", async (_, make) => {
  await expect(saved(async (staging) => make(join(staging.folder, "odd")))).rejects.toThrow(
    /odd is neither a file nor a folder/,
  );
  expect(restsIn(folder)).toEqual([]);
});
