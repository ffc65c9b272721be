import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { TextDataset } from "../../src/data/textDataset.ts";

let folder = "";
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "thaw-folder-"));
});
afterEach(() => rmSync(folder, { recursive: true }));

/** Writes files, by their path in the folder. */
function write(files: Readonly<Record<string, string | Uint8Array>>): void {
  for (const [path, content] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), content);
  }
}

test("a folder is a label, a file an example, in the order of their names", async () => {
  write({
    "pos/10.txt": "Good.\nVery good.\n",
    "pos/2.TXT": "\ufeffFine.",
    "neg/1.txt": '{"not": "JSON"',
    ".cache/x.txt": "hidden",
    "pos/.DS_Store": "hidden",
  });
  const data = await TextDataset.fromFolder(folder, { name: "reviews" });
  expect(data.labelNames).toEqual(["neg", "pos"]);
  expect([0, 1, 2].map((place) => data.at(place))).toEqual([
    { text: '{"not": "JSON"', label: "neg", row: 1 },
    { text: "Good.\nVery good.\n", label: "pos", row: 2 },
    { text: "Fine.", label: "pos", row: 3 },
  ]);
  expect(data.notes).toEqual([]);
});

test("labels choose folders and their order; what is left out is said", async () => {
  write({ "pos/1.txt": "a", "neg/1.txt": "b", "unsup/1.txt": "c", "neg/readme.md": "d", "neg/more/2.txt": "e" });
  const data = await TextDataset.fromFolder(folder, { labels: ["pos", "neg"] });
  expect(data.labelNames).toEqual(["pos", "neg"]);
  expect(data.labels).toEqual([0, 1]);
  expect(data.notes.join(" ")).toMatch(/the folders unsup\. 2 names .* neg\/more.*neg\/readme\.md/);
});

test("columns are those of any data set: a function sees the file's name", async () => {
  write({ "pos/1_9.txt": "a", "neg/1_2.txt": "b" });
  const data = await TextDataset.fromFolder(folder, {
    label: ({ file }) => Number(/_(\d+)/.exec(String(file))?.[1]),
    problemType: "regression",
  });
  expect(data.labels).toEqual([2, 9]);
});

test.each<[string, Parameters<typeof write>[0], object, string, RegExp]>([
  ["no folders", { "1.txt": "a" }, {}, "BAD_DATA", /is to have a folder for each label, .*; it has no folders\.$/],
  [
    "a label without one",
    { "pos/1.txt": "a" },
    { labels: ["pos", "neg"] },
    "BAD_DATA",
    /has the folders pos, but not neg\.$/,
  ],
  ["folders without texts", { "pos/1.md": "a" }, {}, "BAD_DATA", /has no rows/],
  [
    "a picture",
    { "pos/1.txt": Buffer.from("\x89PNG\r\n\x1a\n\0\0", "latin1") },
    {},
    "WRONG_FORMAT",
    /1\.txt is a picture, not the text of one example/,
  ],
  [
    "an unknown option",
    { "pos/1.txt": "a" },
    { delimiter: ";" },
    "BAD_ARGUMENT",
    /no option of fromFolder "delimiter"/,
  ],
])("%s is refused, with what to do", async (_, files, options, code, message) => {
  write(files);
  await expect(TextDataset.fromFolder(folder, options)).rejects.toMatchObject({
    code,
    message: expect.stringMatching(message),
  });
});

test("a path that is no folder, or nothing, is refused", async () => {
  write({ "a.csv": "text,label" });
  await expect(TextDataset.fromFolder(join(folder, "a.csv"))).rejects.toMatchObject({ code: "MISSING_FILE" });
  await expect(TextDataset.fromFolder(join(folder, "gone"))).rejects.toThrow(
    /gone: it does not exist\. Check the path\./,
  );
});

test("a file in another encoding is read, and said", async () => {
  write({ "pos/1.txt": Buffer.from("caf\xe9", "latin1"), "neg/1.txt": "café" });
  const data = await TextDataset.fromFolder(folder);
  expect(data.texts).toEqual(["café", "café"]);
  expect(data.notes[0]).toMatch(/^pos\/1\.txt is not UTF-8 and was read as Windows-1252\./);
});
