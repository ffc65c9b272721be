/** Knows the programs that make goldens, in their order, and runs them. */
import { execFileSync } from "node:child_process";
import { cpSync, mkdirSync, readdirSync, rmSync, statSync, utimesSync } from "node:fs";
import { dirname, join } from "node:path";
import { endChildren, lastLines, runProgram } from "../child.mjs";
import { SetupProblem } from "../problem.mjs";
import { goldensIn } from "./compare.mjs";

/**
 * @typedef {object} Place What programs run with.
 * @property {import("../context.mjs").Context} context
 * @property {string} python
 * @property {string} programs the folder in which the programs lie
 * @property {string} folder what all of them have made so far
 * @property {string} scratch holds a folder for each program that runs
 * @property {string} model the real model
 */

/** Others read what these make. */
const first = ["bert_tiny", "bert_gradients", "tokenizers"];

/** This one takes as long as all others, so it begins with them. */
const longest = ["central_differences"];

/**
 * Returns the names of all programs `make_<name>.py` of a folder: those first that others read from, then the longest.
 * @param {string} folder
 */
export function programsIn(folder) {
  const names = readdirSync(folder).flatMap((file) => /^make_(\w+)\.py$/.exec(file)?.[1] ?? []);
  const inFront = [...first, ...longest.filter((name) => names.includes(name))];
  return [...inFront, ...names.filter((name) => !inFront.includes(name)).sort()];
}

/**
 * Calls `run` for every program: for those that others read from one after the other, then for two at a time, since each runs
 * on one thread.
 * @param {readonly string[]} names in the order of `programsIn`
 * @param {(name: string) => Promise<void>} run
 */
export async function inTurn(names, run) {
  const rest = names.filter((name) => !first.includes(name));
  for (const name of names) if (first.includes(name)) await run(name);
  const lane = async () => {
    try {
      for (let name = rest.shift(); name !== undefined; name = rest.shift()) await run(name);
    } catch (error) {
      rest.length = 0;
      endChildren();
      throw error;
    }
  };
  await Promise.all([lane(), lane()]);
}

/**
 * Runs a program in a folder of its own, which begins as a copy of what is there, and takes over what it has written.
 * @param {string} name
 * @param {Place} place
 * @returns {Promise<string[]>} the files that it has written
 * @throws {SetupProblem} `GOLDEN_FAILED` with the last lines of the program
 */
export async function runGolden(name, { context, python, programs, folder, scratch, model }) {
  const own = join(scratch, name);
  cpSync(folder, own, { recursive: true });
  age(own);
  const env = {
    THAW_GOLDENS: own,
    THAW_MODEL: model,
    HF_HUB_OFFLINE: "1", // everything is here: nothing is to be asked for
  };
  const { code, output } = await runProgram(python, [join(programs, `make_${name}.py`)], { context, cwd: own, env });
  if (code !== 0) {
    throw new SetupProblem({
      code: "GOLDEN_FAILED",
      title: `make_${name}.py did not get to its end.`,
      looked: "code 0",
      found: `code ${code}\n${lastLines(output)}`,
      todo: `Run it alone: npm run goldens -- ${name}`,
    });
  }
  const files = writtenIn(own);
  for (const file of files) {
    mkdirSync(dirname(join(folder, file)), { recursive: true });
    cpSync(join(own, file), join(folder, file));
  }
  rmSync(own, { recursive: true });
  return files;
}

/**
 * Makes every file look old, so that those written from now on are known.
 * @param {string} folder
 */
export function age(folder) {
  for (const file of goldensIn(folder)) utimesSync(join(folder, file), 0, 0);
}

/** Returns the files that were written since `age`. */
export const writtenIn = (/** @type {string} */ folder) =>
  goldensIn(folder).filter((file) => statSync(join(folder, file)).mtimeMs > 0);

/**
 * Returns the tensors of a file of weights, read by PyTorch, as plain values.
 * @param {Place} place
 * @param {string} path
 * @returns {unknown}
 */
export const tensorsOf = ({ context, python, programs }, path) =>
  JSON.parse(
    execFileSync(python, [join(programs, "tensors_of.py"), path], { env: context.env, maxBuffer: 2 ** 30 }).toString(),
  );
