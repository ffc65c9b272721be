/**
 * `npm run doctor [-- --json] [-- --quick]`: what is there and what is not. Works before anything is installed, and
 * changes nothing. `--quick` looks and tries nothing out.
 */
import { existsSync } from "node:fs";
import { join } from "node:path";
import { answerOf, findProgram } from "./child.mjs";
import { readJson } from "./files.mjs";
import { contextFrom, runMain } from "./setUp.mjs";
import { freeBytesAt, gigabytes } from "./space.mjs";
import { compilerPath, smokeTest } from "./steps/addon.mjs";
import { hasGpu } from "./steps/tensorflow.mjs";
import { samples, stepsFor } from "./steps.mjs";

/** @returns {Promise<{ name: string, ok: boolean, detail: string }[]>} the set-up's steps in order, then what they stand on */
export async function examine(context, { quick = false } = {}) {
  const steps = stepsFor(context);
  const states = steps.map((step) => {
    const { done, detail } = step.check(context);
    // A project may have models and data of its own: it lacks nothing without ours.
    const optional = context.installed && samples.includes(step);
    return { name: step.name, ok: done || optional, detail: done || !optional ? detail : `${detail}, optional` };
  });
  if (quick) return states;
  const done = (name) => states.find((state) => state.name === name).ok;
  return [
    ...states,
    addonState(done("TensorFlow addon") ? await smokeTest(context) : { error: "not built" }),
    gpuState(context),
    npmState(context),
    compilerState(context, done("TensorFlow addon")),
    ...(context.installed ? [] : [rendererState(context)]),
    spaceState(
      context,
      steps.filter((step) => !done(step.name)),
    ),
  ];
}

function addonState({ error, tensorflow, gpu }) {
  const detail =
    error === undefined ? `TensorFlow ${tensorflow} multiplies, on ${gpu ? "GPU" : "CPU"}` : error.split("\n")[0];
  return { name: "addon loads", ok: error === undefined, detail };
}

function gpuState(context) {
  return {
    name: "NVIDIA GPU",
    ok: true,
    detail: hasGpu(context) ? "seen by nvidia-smi" : "none seen, the CPU is used",
  };
}

function npmState(context) {
  const path = findProgram("npm", context.env);
  const version = path && answerOf(path, ["--version"], context);
  return { name: "npm", ok: version !== undefined, detail: version ? `${version} at ${path}` : "not on PATH" };
}

function compilerState(context, built) {
  const path = compilerPath(context);
  const version = path && answerOf(path, ["--version"], context)?.split("\n")[0];
  const none = built ? "none, and none needed: the addon is built" : "none on PATH (CXX names one)";
  return { name: "C++ compiler", ok: built || path !== undefined, detail: path ? `${version} at ${path}` : none };
}

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
