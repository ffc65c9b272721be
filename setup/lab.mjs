/** `npx thaw lab`: JupyterLab on the user's own folder, without running anything. */
import { spawn } from "node:child_process";
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { findProgram } from "./child.mjs";
import { SetupProblem } from "./problem.mjs";
import { contextFrom, runMain, setUp } from "./setUp.mjs";
import { foldersOf, prepareWork } from "./workplace.mjs";

/** Runs a program in this terminal; Ctrl-C goes to it and it decides how to end. Resolves to its exit code. */
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
 * @param {object} context from `createContext`
 * @param {readonly string[]} labArgs JupyterLab's own arguments, such as `--no-browser`
 * @throws {SetupProblem} `NO_JUPYTER` in a project where there is no JupyterLab
 */
export async function openLab(context, labArgs = []) {
  const asRoot = process.getuid?.() === 0 ? ["--allow-root"] : [];
  if (context.installed)
    return inTerminal(ownJupyter(context), ["lab", context.home, ...asRoot, ...labArgs], context, context.home);
  const folders = foldersOf(context);
  for (const sentence of prepareWork(folders)) process.stdout.write(`${sentence}\n`);
  mkdirSync(context.env.IPYTHONDIR, { recursive: true }); // IPython warns where it is missing
  process.stdout.write("Opening JupyterLab on work/, which is yours; Ctrl-C twice ends it.\n");
  return inTerminal(join(context.paths.venv, "bin", "jupyter"), ["lab", folders.work, ...asRoot, ...labArgs], context);
}

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

if (process.argv[1] === fileURLToPath(import.meta.url)) {
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
