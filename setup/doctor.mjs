/**
 * `npm run doctor [-- --json] [-- --quick]`: what is there and what is not. Works before anything is installed, and
 * changes nothing. `--quick` looks and tries nothing out.
 */
import { existsSync } from "node:fs";
import { join } from "node:path";
import { answerOf, findProgram } from "./child.mjs";
import { readJson } from "./files.mjs";
import { contextFrom, runMain } from "./program.mjs";
import { freeBytesAt, gigabytes } from "./setup.mjs";
import { addon, compilerPath, hasGpu, smokeTest } from "./steps/tensorflow.mjs";
import { samples, stepsFor } from "./steps.mjs";

/** @import { Context, Step } from "./context.mjs" */
/** @typedef {{ name: string, ok: boolean, detail: string }} State One line of what the doctor says. */

/**
 * Looks at the set-up's steps in order, then at what they stand on.
 * @param {Context} context
 * @param {{ quick?: boolean }} [options] `quick` looks at the steps only
 * @returns {Promise<State[]>}
 */
async function examine(context, { quick = false } = {}) {
  const steps = stepsFor(context);
  const states = steps.map((step) => {
    const { done, detail } = step.check(context);
    // A project may have models and data of its own: it lacks nothing without ours.
    const optional = context.installed && samples.includes(step);
    return { name: step.name, ok: done || optional, detail: done || !optional ? detail : `${detail}, optional` };
  });
  if (quick) return states;
  const done = (/** @type {Step} */ step) => states.find(({ name }) => name === step.name)?.ok === true;
  return [
    ...states,
    addonState(done(addon) ? await smokeTest(context) : { error: "not built" }),
    gpuState(context),
    npmState(context),
    compilerState(context, done(addon)),
    ...(context.installed ? [] : [rendererState(context)]),
    spaceState(
      context,
      steps.filter((step) => !done(step)),
    ),
  ];
}

/**
 * @param {Awaited<ReturnType<typeof smokeTest>>} smoke
 * @returns {State}
 */
function addonState(smoke) {
  const detail =
    smoke.error === undefined
      ? `TensorFlow ${smoke.tensorflow} multiplies, on ${smoke.gpu ? "GPU" : "CPU"}`
      : String(smoke.error.split("\n")[0]);
  return { name: "addon loads", ok: smoke.error === undefined, detail };
}

/**
 * @param {Context} context
 * @returns {State}
 */
function gpuState(context) {
  return {
    name: "NVIDIA GPU",
    ok: true,
    detail: hasGpu(context) ? "seen by nvidia-smi" : "none seen, the CPU is used",
  };
}

/**
 * @param {Context} context
 * @returns {State}
 */
function npmState(context) {
  const path = findProgram("npm", context.env);
  const version = path && answerOf(path, ["--version"], context);
  return { name: "npm", ok: version !== undefined, detail: version ? `${version} at ${path}` : "not on PATH" };
}

/**
 * @param {Context} context
 * @param {boolean} built whether the addon is there
 * @returns {State}
 */
function compilerState(context, built) {
  const path = compilerPath(context);
  const version = path && answerOf(path, ["--version"], context)?.split("\n")[0];
  const none = built ? "none, and none needed: the addon is built" : "none on PATH (CXX names one)";
  return { name: "C++ compiler", ok: built || path !== undefined, detail: path ? `${version} at ${path}` : none };
}

/**
 * @param {Context} context
 * @returns {State}
 */
function rendererState({ paths }) {
  const folder = join(paths.venv, "share", "jupyter", "labextensions", "jupyterlab-plotly");
  const there = existsSync(folder);
  const version = readJson(join(folder, "package.json"))?.version;
  return {
    name: "JupyterLab's plotly renderer",
    ok: there,
    detail: there ? `${version ?? "installed"}` : "not installed",
  };
}

/**
 * @param {Context} context
 * @param {readonly Step[]} openSteps
 * @returns {State}
 */
function spaceState({ home, freeBytes = freeBytesAt }, openSteps) {
  const free = freeBytes(home);
  const needed = openSteps.reduce((sum, { bytes }) => sum + bytes, 0);
  return { name: "free disk", ok: free >= needed, detail: `${gigabytes(free)}, ${gigabytes(needed)} more needed` };
}

const args = process.argv.slice(2);
await runMain(async () => {
  const context = contextFrom(args);
  const checks = await examine(context, { quick: args.includes("--quick") });
  const ok = checks.every((check) => check.ok);
  const remedy = context.installed ? "npx thaw setup" : "node setup/setup.mjs";
  if (args.includes("--json")) {
    process.stdout.write(`${JSON.stringify({ ok, checks }, null, 2)}\n`);
  } else {
    const width = Math.max(...checks.map(({ name }) => name.length));
    for (const check of checks)
      process.stdout.write(`${check.ok ? "ok " : "-- "} ${check.name.padEnd(width)}  ${check.detail}\n`);
    process.stdout.write(
      ok
        ? "\nAll is well.\n"
        : `\nWhat is marked -- is missing; \`${remedy}\` makes it, or says what you have to do.\n`,
    );
  }
  return ok ? 0 : 1;
});
