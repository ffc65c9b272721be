/**
 * `npm start [-- --no-lab] [-- --again] [-- --only 01]`: set-up; then the notebooks that come with Thaw, executed live once;
 * then JupyterLab on `work/`. The next time it opens at once.
 */
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { foldersOf, inTerminal, markExecuted, notExecuted, notebooksIn, openLab, versionOf } from "./lab.mjs";
import { SetupProblem } from "./problem.mjs";
import { contextFrom, runMain } from "./program.mjs";
import { setUp } from "./setup.mjs";

/** @import { Context } from "./context.mjs" */
/** @import { Folders } from "./lab.mjs" */

const args = process.argv.slice(2);
const only = args.flatMap((arg, index) => (arg === "--only" ? [args[index + 1] ?? ""] : []));
const opensLab = !args.includes("--no-lab") && process.env.CI !== "true";

/**
 * Returns the names of the notebooks whose name begins with one of `--only`'s values (all without it), in order.
 * @param {string} folder
 */
function chosen(folder) {
  const all = notebooksIn(folder);
  const names = all.filter((name) => only.length === 0 || only.some((start) => name.startsWith(start)));
  if (names.length > 0) return names;
  throw new SetupProblem({
    code: "NO_NOTEBOOKS",
    title: "There is no such notebook.",
    looked: only.length > 0 ? `notebooks/ that begin with ${only.join(", ")}` : "notebooks/*.ipynb",
    found: all.join(", ") || "none",
    todo: "Give `--only` the beginning of one of these names, or leave it out.",
  });
}

/**
 * Executes the notebooks into `build/notebooks`; returns the exit code.
 * @param {Context} context
 * @param {Folders} folders
 * @param {readonly string[]} names
 */
async function execute(context, folders, names) {
  const { shipped, executed } = folders;
  mkdirSync(executed, { recursive: true });
  mkdirSync(context.paths.ipython, { recursive: true }); // IPython warns where it is missing
  const versions = Object.fromEntries(names.map((name) => [name, versionOf(shipped, name)]));
  const program = join(context.root, "setup", "execute_notebooks.py");
  const code = await inTerminal(context.paths.python, [program, shipped, executed, ...names], context);
  if (code !== 0) return code;
  markExecuted(folders, versions);
  process.stdout.write("Executed notebooks and their HTML: build/notebooks/\n");
  return 0;
}

await runMain(async () => {
  const context = contextFrom(args);
  const folders = foldersOf(context);
  const names = chosen(folders.shipped);
  await setUp(context);
  // Who leaves JupyterLab out or names notebooks wants them executed; to open JupyterLab once is enough.
  const asked = !opensLab || only.length > 0 || args.includes("--again");
  const open = asked ? names : notExecuted(folders, names);
  if (open.length > 0) {
    const code = await execute(context, folders, open);
    if (code !== 0) return code;
  } else {
    process.stdout.write(
      "The notebooks have been executed here before (npm start -- --again does it anew): build/notebooks/\n",
    );
  }
  return opensLab ? openLab(context) : 0;
});
