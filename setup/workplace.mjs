/**
 * `work/`, the folder that JupyterLab opens on: the user's own, with copies of the notebooks that come with Thaw. A file in
 * it is never written over. Where a newer version of a notebook comes, it is put beside the copy that was given before.
 */
import { constants, copyFileSync, existsSync, mkdirSync, readdirSync, readFileSync } from "node:fs";
import { join, parse } from "node:path";
import { readJson, sha256, writeWhole } from "./files.mjs";

/** Folder of the notebooks that come with Thaw, of what executing them gave, and of the user. */
export const foldersOf = ({ root }) => ({
  shipped: join(root, "notebooks"),
  executed: join(root, "build", "notebooks"),
  work: join(root, "work"),
});

/** Names of the notebooks in a folder, in order; none where there is no such folder. */
export function notebooksIn(folder) {
  if (!existsSync(folder)) return [];
  return readdirSync(folder)
    .filter((name) => name.endsWith(".ipynb"))
    .sort();
}

/** Version of a notebook: what tells a newer one from the one that was given or executed before. */
export const versionOf = (folder, name) => sha256(readFileSync(join(folder, name)));

/** Lies in the folder with the executed notebooks: which version of each was executed without an error. */
const executedMarkerOf = (executed) => join(executed, ".versions.json");

/** Those of the notebooks whose present version has not been executed in this clone. */
export function notExecuted({ shipped, executed }, names) {
  const versions = readJson(executedMarkerOf(executed)) ?? {};
  return names.filter((name) => versions[name] !== versionOf(shipped, name) || !existsSync(join(executed, name)));
}

/** Remembers that these versions of the notebooks were executed. */
export function markExecuted({ shipped, executed }, versions) {
  const known = notebooksIn(shipped);
  const before = Object.entries(readJson(executedMarkerOf(executed)) ?? {}).filter(([name]) => known.includes(name));
  writeWhole(
    executedMarkerOf(executed),
    `${JSON.stringify({ ...Object.fromEntries(before), ...versions }, null, 2)}\n`,
  );
}

/** Lies in the user's folder: which version of each notebook was given. */
const givenMarkerOf = (work) => join(work, ".thaw-notebooks.json");

/**
 * Brings `work/` up to date and returns a sentence for each file that was put there. A copy is the notebook as it was
 * executed in this clone, or else as it comes with Thaw. A copy that was deleted is given again.
 */
export function prepareWork(folders) {
  const { shipped, executed, work } = folders;
  mkdirSync(work, { recursive: true });
  const given = readJson(givenMarkerOf(work)) ?? {};
  const names = notebooksIn(shipped);
  const stale = notExecuted(folders, names);
  const sentences = [];
  for (const name of names) {
    const version = versionOf(shipped, name);
    const source = join(stale.includes(name) ? shipped : executed, name);
    if (!existsSync(join(work, name))) {
      copyNew(source, work, [name]);
      sentences.push(
        `work/${name}: ${given[name] === undefined ? "a copy for you" : "a copy again, since there was none"}`,
      );
    } else if (given[name] !== version && versionOf(work, name) !== version) {
      const beside = copyNew(source, work, newNamesOf(name));
      sentences.push(`work/${beside}: a newer version, beside your work/${name}, which stays as it is`);
    }
    given[name] = version;
  }
  writeWhole(givenMarkerOf(work), `${JSON.stringify(given, null, 2)}\n`);
  return sentences;
}

/** `01-first.new.ipynb`, `01-first.new-2.ipynb`, ... */
function* newNamesOf(file) {
  const { name, ext } = parse(file);
  yield `${name}.new${ext}`;
  for (let number = 2; ; number++) yield `${name}.new-${number}${ext}`;
}

/** Copies a file to the first name that is free, and returns the name: a file that is there is never written over. */
function copyNew(source, folder, names) {
  for (const name of names) {
    try {
      copyFileSync(source, join(folder, name), constants.COPYFILE_EXCL);
      return name;
    } catch (error) {
      if (error.code !== "EEXIST") throw error;
    }
  }
}
