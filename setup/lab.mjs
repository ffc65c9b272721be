/**
 * `npx thaw lab`: JupyterLab on the user's own folder, without running anything.
 *
 * In a clone that is `work/`, with copies of the notebooks that come with Thaw. A file in it is never written over. Where a
 * newer version of a notebook comes, it is put beside the copy that was given before.
 */
import { spawn } from "node:child_process";
import { constants, copyFileSync, existsSync, mkdirSync, readdirSync, readFileSync } from "node:fs";
import { join, parse } from "node:path";
import { findProgram } from "./child.mjs";
import { codeOf, readJson, sha256, writeWhole } from "./files.mjs";
import { SetupProblem } from "./problem.mjs";
import { contextFrom, isMain, runMain } from "./program.mjs";
import { setUp } from "./setup.mjs";

/** @import { Context } from "./context.mjs" */
/** @typedef {{ readonly shipped: string, readonly executed: string, readonly work: string }} Folders */
/** @typedef {Record<string, string>} Versions Version of a notebook by its name. */

/**
 * Runs a program in this terminal; Ctrl-C goes to it and it decides how to end. Resolves to its exit code.
 * @param {string} program
 * @param {readonly string[]} programArgs
 * @param {Context} context
 * @param {string} [cwd]
 * @returns {Promise<number>}
 */
export function inTerminal(program, programArgs, context, cwd = context.root) {
  return new Promise((resolve, reject) => {
    const ignore = () => {};
    for (const signal of ["SIGINT", "SIGTERM"]) process.removeAllListeners(signal);
    const child = spawn(program, programArgs, { cwd, env: context.env, stdio: "inherit" });
    const pass = () => child.kill("SIGTERM");
    process.on("SIGINT", ignore);
    process.on("SIGTERM", pass);
    child.on("error", reject);
    child.on("close", (code, signal) => resolve(code ?? (signal === "SIGINT" ? 130 : 1)));
  });
}

/**
 * Opens JupyterLab: in a clone the one of the set-up on `work/`, in a project the person's own on the project's folder.
 * @param {Context} context
 * @param {readonly string[]} labArgs JupyterLab's own arguments, such as `--no-browser`
 * @throws {SetupProblem} `NO_JUPYTER` in a project where there is no JupyterLab
 */
export async function openLab(context, labArgs = []) {
  const asRoot = process.getuid?.() === 0 ? ["--allow-root"] : [];
  if (context.installed)
    return inTerminal(ownJupyter(context), ["lab", context.home, ...asRoot, ...labArgs], context, context.home);
  const folders = foldersOf(context);
  for (const sentence of prepareWork(folders)) process.stdout.write(`${sentence}\n`);
  mkdirSync(context.paths.ipython, { recursive: true }); // IPython warns where it is missing
  process.stdout.write("Opening JupyterLab on work/, which is yours; Ctrl-C twice ends it.\n");
  return inTerminal(join(context.paths.venv, "bin", "jupyter"), ["lab", folders.work, ...asRoot, ...labArgs], context);
}

/** @param {Context} context */
function ownJupyter(context) {
  const jupyter = findProgram("jupyter", context.env);
  if (jupyter !== undefined && findProgram("jupyter-lab", context.env) !== undefined) return jupyter;
  throw new SetupProblem({
    code: "NO_JUPYTER",
    title: "There is no JupyterLab.",
    looked: "jupyter and jupyter-lab on PATH",
    found: jupyter === undefined ? "neither" : `${jupyter}, without jupyter-lab`,
    todo: "Install it (`pip install jupyterlab`), run `npx thaw install`, and open the notebook with the kernel TypeScript (Thaw).",
  });
}

/** Returns the folders of the notebooks that come with Thaw, of their executed copies, and of the user. */
export const foldersOf = (/** @type {Pick<Context, "root">} */ { root }) => ({
  shipped: join(root, "notebooks"),
  executed: join(root, "build", "notebooks"),
  work: join(root, "work"),
});

/**
 * Returns the names of the notebooks in a folder, in order; none where there is no such folder.
 * @param {string} folder
 */
export function notebooksIn(folder) {
  if (!existsSync(folder)) return [];
  return readdirSync(folder)
    .filter((name) => name.endsWith(".ipynb"))
    .sort();
}

/**
 * Returns the version of a notebook, which tells a newer one from the one that was given or executed before.
 * @param {string} folder
 * @param {string} name
 */
export const versionOf = (folder, name) => sha256(readFileSync(join(folder, name)));

/** This file lies beside the executed notebooks and says which version of each was executed without an error. */
const executedMarkerOf = (/** @type {string} */ executed) => join(executed, ".versions.json");

/**
 * Returns those notebooks whose present version has not been executed in this clone.
 * @param {Pick<Folders, "shipped" | "executed">} folders
 * @param {readonly string[]} names
 */
export function notExecuted({ shipped, executed }, names) {
  /** @type {Versions} */
  const versions = readJson(executedMarkerOf(executed)) ?? {};
  return names.filter((name) => versions[name] !== versionOf(shipped, name) || !existsSync(join(executed, name)));
}

/**
 * Remembers that these versions of the notebooks were executed.
 * @param {Pick<Folders, "shipped" | "executed">} folders
 * @param {Versions} versions
 */
export function markExecuted({ shipped, executed }, versions) {
  const known = notebooksIn(shipped);
  const before = Object.entries(readJson(executedMarkerOf(executed)) ?? {}).filter(([name]) => known.includes(name));
  writeWhole(
    executedMarkerOf(executed),
    `${JSON.stringify({ ...Object.fromEntries(before), ...versions }, null, 2)}\n`,
  );
}

/** This file lies in the user's folder and says which version of each notebook was given. */
const givenMarkerOf = (/** @type {string} */ work) => join(work, ".thaw-notebooks.json");

/**
 * Brings `work/` up to date and returns a sentence for each file that was put there. A copy is the notebook as it was
 * executed in this clone, or else as it comes with Thaw. A copy that was deleted is given again.
 * @param {Folders} folders
 */
export function prepareWork(folders) {
  const { shipped, executed, work } = folders;
  mkdirSync(work, { recursive: true });
  /** @type {Versions} */
  const given = readJson(givenMarkerOf(work)) ?? {};
  const names = notebooksIn(shipped);
  const stale = notExecuted(folders, names);
  /** @type {string[]} */
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

/**
 * Yields the names of newer versions of a notebook: `01-first.new.ipynb`, `01-first.new-2.ipynb`, ...
 * @param {string} file
 */
function* newNamesOf(file) {
  const { name, ext } = parse(file);
  yield `${name}.new${ext}`;
  for (let number = 2; ; number++) yield `${name}.new-${number}${ext}`;
}

/**
 * Copies a file to the first name that is free, and returns the name: a file that is there is never written over.
 * @param {string} source
 * @param {string} folder
 * @param {Iterable<string>} names
 */
function copyNew(source, folder, names) {
  for (const name of names) {
    try {
      copyFileSync(source, join(folder, name), constants.COPYFILE_EXCL);
      return name;
    } catch (error) {
      if (codeOf(error) !== "EEXIST") throw error;
    }
  }
}

if (isMain(import.meta.url)) {
  await runMain(async () => {
    const own = process.argv.slice(2).filter((arg) => /^--(root|node-version|free-bytes)=/.test(arg));
    const context = contextFrom(own);
    await setUp(context, { quiet: true });
    return openLab(
      context,
      process.argv.slice(2).filter((arg) => !own.includes(arg)),
    );
  });
}
