/** `npm start` and `thaw lab` open JupyterLab on a folder that is the user's, in which nothing is ever written over. */
import { spawnSync } from "node:child_process";
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { repository, scratchClone } from "./scratchClone.ts";

const workplace = await import(new URL("../../setup/lab.mjs", import.meta.url).href);
const { foldersOf, markExecuted, notExecuted, prepareWork, versionOf } = workplace as {
  foldersOf(context: { readonly root: string }): Folders;
  markExecuted(folders: Folders, versions: Readonly<Record<string, string>>): void;
  notExecuted(folders: Folders, names: readonly string[]): string[];
  prepareWork(folders: Folders): string[];
  versionOf(folder: string, name: string): string;
};

interface Folders {
  readonly shipped: string;
  readonly executed: string;
  readonly work: string;
}

/** The three folders of a clone with two notebooks. */
function clone(): Folders {
  const folders: Folders = foldersOf(scratchClone("nothing"));
  for (const folder of [folders.shipped, folders.executed]) mkdirSync(folder, { recursive: true });
  writeFileSync(join(folders.shipped, "01-first.ipynb"), "first, version 1");
  writeFileSync(join(folders.shipped, "02-second.ipynb"), "second, version 1");
  return folders;
}

const contents = (folder: string) =>
  Object.fromEntries(
    readdirSync(folder)
      .filter((name) => !name.startsWith("."))
      .map((name) => [name, readFileSync(join(folder, name), "utf8")]),
  );

test("the user gets copies of the notebooks, as they were executed here where they were", () => {
  const folders = clone();
  writeFileSync(join(folders.executed, "01-first.ipynb"), "first, executed");
  markExecuted(folders, { "01-first.ipynb": versionOf(folders.shipped, "01-first.ipynb") });
  expect(prepareWork(folders)).toEqual(["work/01-first.ipynb: a copy for you", "work/02-second.ipynb: a copy for you"]);
  expect(contents(folders.work)).toEqual({
    "01-first.ipynb": "first, executed",
    "02-second.ipynb": "second, version 1",
  });
  expect(prepareWork(folders)).toEqual([]);
});

test("what the user wrote is never written over: a newer version is put beside it, and said", () => {
  const folders = clone();
  prepareWork(folders);
  writeFileSync(join(folders.work, "01-first.ipynb"), "mine");
  writeFileSync(join(folders.work, "notes.txt"), "mine too");
  expect(prepareWork(folders)).toEqual([]);
  for (const version of [2, 3]) {
    writeFileSync(join(folders.shipped, "01-first.ipynb"), `first, version ${version}`);
    const beside = version === 2 ? "01-first.new.ipynb" : "01-first.new-2.ipynb";
    expect(prepareWork(folders)).toEqual([
      `work/${beside}: a newer version, beside your work/01-first.ipynb, which stays as it is`,
    ]);
    expect(prepareWork(folders)).toEqual([]);
  }
  expect(contents(folders.work)).toEqual({
    "01-first.ipynb": "mine",
    "01-first.new.ipynb": "first, version 2",
    "01-first.new-2.ipynb": "first, version 3",
    "02-second.ipynb": "second, version 1",
    "notes.txt": "mine too",
  });
});

test("a folder of notebooks that was there before is the user's as well, whatever its files are called", () => {
  const folders = clone();
  mkdirSync(folders.work);
  for (const name of ["01-first.ipynb", "01-first.new.ipynb"]) writeFileSync(join(folders.work, name), "mine");
  expect(prepareWork(folders)[0]).toContain("work/01-first.new-2.ipynb: a newer version");
  expect(contents(folders.work)).toMatchObject({ "01-first.ipynb": "mine", "01-first.new.ipynb": "mine" });
});

test("a copy that was deleted is given again", () => {
  const folders = clone();
  prepareWork(folders);
  rmSync(join(folders.work, "02-second.ipynb"));
  expect(prepareWork(folders)).toEqual(["work/02-second.ipynb: a copy again, since there was none"]);
});

test("only notebooks whose present version was executed count as executed", () => {
  const folders = clone();
  const names = ["01-first.ipynb", "02-second.ipynb"];
  expect(notExecuted(folders, names)).toEqual(names);
  writeFileSync(join(folders.executed, "01-first.ipynb"), "first, executed");
  markExecuted(folders, { "01-first.ipynb": versionOf(folders.shipped, "01-first.ipynb") });
  expect(notExecuted(folders, names)).toEqual(["02-second.ipynb"]);
  writeFileSync(join(folders.shipped, "01-first.ipynb"), "first, version 2");
  expect(notExecuted(folders, names)).toEqual(names);
});

test("JupyterLab's own scripts for Node run below this project's package.json", () => {
  const found = spawnSync(join(repository, ".venv", "bin", "python"), [
    "-c",
    "import jupyter_builder, pathlib; print(pathlib.Path(jupyter_builder.__file__).with_name('yarn.js'))",
  ]);
  const script = found.stdout.toString().trim();
  const { status, stdout, stderr } = spawnSync(process.execPath, [script, "--version"], { encoding: "utf8" });
  expect(status, stderr.slice(0, 300)).toBe(0);
  expect(stdout).toMatch(/^\d+\.\d+/);
});
