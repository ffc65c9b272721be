/** Brings a clone or a project to the state in which everything works; what is done already is only looked at. */
import { existsSync, mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { endChildren } from "./child.mjs";
import { createContext } from "./context.mjs";
import { withLock } from "./lock.mjs";
import { formatProblem, SetupProblem } from "./problem.mjs";
import { duration, withProgress } from "./progress.mjs";
import { checkSpace } from "./space.mjs";
import { stepsFor } from "./steps.mjs";

/**
 * Runs every step that is not done.
 * @param {object} context from `createContext`
 * @param {{ quiet?: boolean, engineOnly?: boolean }} [options] `quiet` says nothing when there is nothing to do;
 *   `engineOnly` leaves out the model and the data to begin with
 * @throws {SetupProblem} on the first step that cannot be done
 */
export async function setUp(context, { quiet = false, engineOnly = false } = {}) {
  const start = performance.now();
  const steps = stepsFor(context, { engineOnly });
  const say = (text) => process.stdout.write(`${text}\n`);
  // The version comes first and alone: the rest of the code may not even run on another one.
  const [node] = steps;
  if (!node.check(context).done) await node.run(context);
  if (steps.every((step) => step.check(context).done)) {
    if (!quiet) say(`Everything is set up (looked at in ${duration(performance.now() - start)}).`);
    return;
  }
  await withLock(context, say, async () => {
    // No other set-up runs now, so what lies here was left by one that was killed.
    rmSync(context.paths.temporary, { recursive: true, force: true });
    if (context.installed) hideFromGit(context);
    const open = steps.filter((step) => !step.check(context).done);
    checkSpace(context, open);
    for (const [index, step] of steps.entries()) {
      if (step.check(context).done) continue;
      await withProgress(`[${index + 1}/${steps.length}] ${step.name}`, () => runStep(step, context));
    }
    say(`Set-up is complete (${duration(performance.now() - start)}).`);
  });
}

/** A project's own .gitignore does not know of `.thaw`. */
function hideFromGit({ paths }) {
  mkdirSync(paths.thaw, { recursive: true });
  const file = join(paths.thaw, ".gitignore");
  if (!existsSync(file)) writeFileSync(file, "*\n");
}

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

/** Runs a program's `main`, turning a problem into its text and code 1, and Ctrl-C into one sentence and code 130. */
export async function runMain(main) {
  for (const [signal, code] of [
    ["SIGINT", 130],
    ["SIGTERM", 143],
  ]) {
    process.once(signal, () => {
      endChildren();
      process.stderr.write("\nStopped. The next run goes on from here.\n");
      process.exit(code);
    });
  }
  try {
    process.exitCode = (await main()) ?? 0;
  } catch (error) {
    if (!(error instanceof SetupProblem)) throw error;
    process.stderr.write(`\n${formatProblem(error)}\n`);
    process.exitCode = 1;
  }
}

/** The context of this clone or installation; a fake version of Node.js or free disk space may be given to see what is said of it. */
export function contextFrom(args) {
  const given = (flag) => args.find((arg) => arg.startsWith(`${flag}=`))?.slice(flag.length + 1);
  const [nodeVersion, free, root] = ["--node-version", "--free-bytes", "--root"].map(given);
  return createContext({
    ...(nodeVersion === undefined ? {} : { nodeVersion }),
    ...(free === undefined ? {} : { freeBytes: () => Number(free) }),
    ...(root === undefined ? {} : { root }),
  });
}
