/** `npm start [-- --no-lab] [-- --only 01]`: set-up, then every notebook executed live, then JupyterLab on the results. */
import { spawn } from "node:child_process";
import { existsSync, mkdirSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { SetupProblem } from "./problem.mjs";
import { contextFrom, runMain, setUp } from "./setUp.mjs";

const args = process.argv.slice(2);

/** Names of the notebooks whose name begins with one of `--only`'s values (all without it), in order. */
function notebookNames(folder) {
  const only = args.flatMap((arg, index) => (arg === "--only" ? [args[index + 1] ?? ""] : []));
  const all = existsSync(folder)
    ? readdirSync(folder)
        .filter((name) => name.endsWith(".ipynb"))
        .sort()
    : [];
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

/** Runs a program in this terminal; Ctrl-C goes to it and it decides how to end. */
function inTerminal(program, programArgs, context) {
  return new Promise((resolve, reject) => {
    const ignore = () => {};
    for (const signal of ["SIGINT", "SIGTERM"]) process.removeAllListeners(signal);
    const child = spawn(program, programArgs, { cwd: context.root, env: context.env, stdio: "inherit" });
    const pass = () => child.kill("SIGTERM");
    process.on("SIGINT", ignore);
    process.on("SIGTERM", pass);
    child.on("error", reject);
    child.on("close", (code, signal) => resolve(code ?? (signal === "SIGINT" ? 130 : 1)));
  });
}

await runMain(async () => {
  const context = contextFrom(args);
  const names = notebookNames(join(context.root, "notebooks"));
  await setUp(context);
  const results = join(context.root, "build", "notebooks");
  mkdirSync(results, { recursive: true });
  mkdirSync(context.env.IPYTHONDIR, { recursive: true }); // IPython warns where it is missing
  const program = join(context.root, "setup", "execute_notebooks.py");
  const code = await inTerminal(
    context.paths.python,
    [program, join(context.root, "notebooks"), results, ...names],
    context,
  );
  if (code !== 0) return code;
  process.stdout.write("Executed notebooks and their HTML: build/notebooks/\n");
  if (args.includes("--no-lab") || process.env.CI === "true") return 0;
  process.stdout.write("Opening JupyterLab on them; Ctrl-C twice ends it.\n");
  const asRoot = process.getuid?.() === 0 ? ["--allow-root"] : [];
  return inTerminal(join(context.paths.venv, "bin", "jupyter"), ["lab", results, ...asRoot], context);
});
