/**
 * `node setup/setup.mjs [--quiet] [--engine-only]`, in a project `npx thaw setup`: everything that has to be there first.
 * Brings a clone or a project to the state in which everything works; what is done already is only looked at.
 */
// As a whole: a named import that an old Node.js lacks would end it before the version is looked at.
import fs, { existsSync, mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { withLock } from "./lock.mjs";
import { SetupProblem } from "./problem.mjs";
import { contextFrom, isMain, runMain } from "./program.mjs";
import { duration, withProgress } from "./progress.mjs";
import { wheelFolder } from "./steps/tensorflow.mjs";
import { packagesSteps, stepsAmongPackages, stepsFor } from "./steps.mjs";

/** @import { Context, Step } from "./context.mjs" */

/**
 * Runs every step that is not done.
 * @param {Context} context
 * @param {{ quiet?: boolean, engineOnly?: boolean, steps?: readonly Step[] }} [options] `quiet` says nothing when there is
 *   nothing to do; `engineOnly` leaves out the model and the data to begin with; `steps`: only these, the version of
 *   Node.js first
 * @throws {SetupProblem} on the first step that cannot be done
 */
export async function setUp(context, { quiet = false, engineOnly = false, steps: given } = {}) {
  const start = performance.now();
  const steps = given ?? stepsFor(context, { engineOnly });
  const say = (/** @type {string} */ text) => process.stdout.write(`${text}\n`);
  // The version comes first and alone: the rest of the code may not even run on another one.
  const [node] = steps;
  if (node !== undefined && !node.check(context).done) await node.run(context);
  if (steps.every((step) => step.check(context).done)) {
    if (!quiet) say(`Everything is set up (looked at in ${duration(performance.now() - start)}).`);
    return;
  }
  const waits = () => say("Another set-up is running here; waiting for it.");
  await withLock(join(context.paths.thaw, "setup.lock"), waits, async () => {
    // No other set-up runs now, so what lies here was left by one that was killed.
    rmSync(context.paths.temporary, { recursive: true, force: true });
    if (context.installed) hideFromGit(context);
    const open = steps.filter((step) => !step.check(context).done);
    checkSpace(context, open);
    for (const [index, step] of steps.entries()) {
      if (step.check(context).done) continue;
      await withProgress(`[${index + 1}/${steps.length}] ${step.name}`, () => runStep(step, context));
    }
    if (open.some((step) => packagesSteps.includes(step))) await restoreAddons(context);
    say(`Set-up is complete (${duration(performance.now() - start)}).`);
  });
}

/**
 * Makes again what other steps have put among the packages and an installation of these has taken along, where TensorFlow
 * shows that it was there: a set-up of some steps only leaves nothing behind that trains more slowly than before.
 * @param {Context} context
 */
async function restoreAddons(context) {
  if (wheelFolder(context) === undefined) return;
  for (const step of stepsAmongPackages) {
    if (!step.check(context).done) await withProgress(step.name, () => runStep(step, context));
  }
}

/**
 * Hides `.thaw` from Git, since a project's own .gitignore does not know of it.
 * @param {Context} context
 */
function hideFromGit({ paths }) {
  mkdirSync(paths.thaw, { recursive: true });
  const file = join(paths.thaw, ".gitignore");
  if (!existsSync(file)) writeFileSync(file, "*\n");
}

/**
 * Runs a step and looks whether it has done what it is there for.
 * @param {Step} step
 * @param {Context} context
 */
async function runStep(step, context) {
  await step.run(context);
  const { done, detail } = step.check(context);
  if (done) return;
  throw new SetupProblem({
    code: "NOT_DONE",
    title: `The step "${step.name}" ran without an error and still is not done.`,
    looked: `${step.name}, ready for use`,
    found: detail,
    todo: `Run the command again; if this stays, remove ${context.paths.venv} and node_modules, install the packages and run it once more, and tell us.`,
  });
}

/**
 * Returns how many bytes may still be written to the disk of a folder.
 * @param {string} folder
 */
export function freeBytesAt(folder) {
  const { bavail, bsize } = fs.statfsSync(folder);
  return bavail * bsize;
}

/** Writes bytes as gigabytes with one decimal. */
export const gigabytes = (/** @type {number} */ bytes) => `${(bytes / 1e9).toFixed(1)} GB`;

/**
 * Asks for room on the disk before anything is fetched.
 * @param {Pick<Context, "home" | "freeBytes">} context
 * @param {readonly Step[]} openSteps
 * @throws {SetupProblem} `NO_SPACE` when the open steps need more room than there is
 */
function checkSpace({ home, freeBytes = freeBytesAt }, openSteps) {
  const needed = openSteps.reduce((sum, { bytes }) => sum + bytes, 0);
  const free = freeBytes(home);
  if (free >= needed) return;
  throw new SetupProblem({
    code: "NO_SPACE",
    title: "Not enough room on the disk.",
    looked: `${gigabytes(needed)} for ${openSteps
      .filter(({ bytes }) => bytes > 0)
      .map(({ name }) => name)
      .join(", ")}`,
    found: `${gigabytes(free)} free on the disk of ${home}`,
    todo: "Free some room, or use another disk, and run the command again.",
  });
}

if (isMain(import.meta.url)) {
  const args = process.argv.slice(2);
  const options = { quiet: args.includes("--quiet"), engineOnly: args.includes("--engine-only") };
  await runMain(() => setUp(contextFrom(args), options));
}
