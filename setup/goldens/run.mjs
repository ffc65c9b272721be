/**
 * `npm run goldens [-- families metrics] [-- --write]`: makes the goldens again in a folder of their own and compares them
 * with the committed ones. Ends with code 1 where they differ, and 3 where PyTorch could not be installed.
 */
import { cpSync, existsSync, mkdirSync, rmSync } from "node:fs";
import { dirname, join } from "node:path";
import { SetupProblem } from "../problem.mjs";
import { contextFrom, runMain } from "../program.mjs";
import { duration } from "../progress.mjs";
import { torchPython } from "../torch.mjs";
import { compareFile, describe, goldensIn } from "./compare.mjs";
import { inTurn, programsIn, runGolden, tensorsOf } from "./programs.mjs";

/**
 * @typedef {object} Row What came of one program.
 * @property {string} name
 * @property {number} ms
 * @property {string[]} files
 * @property {import("./compare.mjs").Gap | undefined} largest
 * @property {({ file: string } & import("./compare.mjs").Comparison)[]} different
 */

const notInstalled = 3;
const context = contextFrom([]);
const committed = join(context.root, "tests", "golden");
const folder = join(context.root, "build", "goldens");
const scratch = join(context.root, "build", "goldens-running");
const say = (/** @type {string} */ text) => process.stdout.write(`${text}\n`);

/**
 * Returns the programs that are asked for; all of them where no name is given.
 * @param {readonly string[]} args
 */
function namesOf(args) {
  const known = programsIn(committed);
  const unknown = args.find((name) => !known.includes(name));
  if (unknown === undefined) return args.length > 0 ? known.filter((name) => args.includes(name)) : known;
  throw new SetupProblem({
    code: "UNKNOWN_GOLDEN",
    title: `There is no program for goldens of the name ${unknown}.`,
    looked: `tests/golden/make_${unknown}.py`,
    found: known.join(", "),
    todo: "Give one of these names, --write, or nothing to make all.",
  });
}

function modelFolder() {
  const model = process.env.THAW_MODEL || join(context.paths.models, "sentence-transformers", "all-MiniLM-L6-v2");
  if (existsSync(model)) return model;
  throw new SetupProblem({
    code: "NO_MODEL",
    title: "The real model is not here.",
    looked: model,
    found: "no such folder",
    todo: "Run `node setup/setup.mjs`, or name the folder of all-MiniLM-L6-v2 with THAW_MODEL.",
  });
}

/**
 * Makes an empty folder, or one with what the programs that are not run have made.
 * @param {boolean} whole
 */
function prepare(whole) {
  for (const place of [folder, scratch]) rmSync(place, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  if (whole) return;
  for (const file of goldensIn(committed)) cpSync(join(committed, file), join(folder, file));
}

/**
 * Runs one program and compares what it has made.
 * @param {string} name
 * @param {import("./programs.mjs").Place} place
 * @returns {Promise<Row>}
 */
async function remake(name, place) {
  const started = performance.now();
  const files = await runGolden(name, place);
  const ms = performance.now() - started;
  const results = files.map((file) => ({
    file,
    ...compareFile(file, folder, committed, (path) => tensorsOf(place, path)),
  }));
  const gaps = results.flatMap((result) => ("largest" in result && result.largest) || []);
  const largest = gaps.sort((a, b) => b.difference / b.allowed - a.difference / a.allowed)[0];
  return { name, ms, files, largest, different: results.filter(({ differences }) => differences.length > 0) };
}

/**
 * Takes over the files that differ, or were not there, and removes those that nothing makes.
 * @param {readonly string[]} files
 * @param {readonly string[]} gone
 */
function write(files, gone) {
  for (const file of gone) rmSync(join(committed, file));
  for (const file of files) {
    mkdirSync(dirname(join(committed, file)), { recursive: true });
    cpSync(join(folder, file), join(committed, file));
  }
  say(`\nWritten to tests/golden: ${files.length} files; removed: ${gone.length}.`);
}

/**
 * @param {Row["different"]} different
 * @param {readonly string[]} gone
 */
function verdictOf(different, gone) {
  const files = [...different.map(({ file }) => file), ...gone];
  return files.length === 0 ? "all as committed." : `different from what is committed: ${files.join(", ")}.`;
}

const heads = ["program", "files", "different", "time", "largest difference within what is allowed"];

/**
 * Writes what came of every program as a table.
 * @param {readonly Row[]} rows
 */
function tableOf(rows) {
  const cells = rows.map(({ name, files, different, ms, largest }) => [
    name,
    String(files.length),
    String(different.length),
    duration(ms),
    largest === undefined
      ? "none"
      : `${largest.difference.toExponential(1)} of ${largest.allowed.toExponential(1)}, ${largest.place}`,
  ]);
  const widths = heads.map((head, i) => Math.max(head.length, ...cells.map((row) => row[i]?.length ?? 0)));
  const line = (/** @type {readonly string[]} */ row) =>
    row.map((cell, i) => (i > 0 && i < 4 ? cell.padStart(widths[i] ?? 0) : cell.padEnd(widths[i] ?? 0))).join("  ");
  return [line(heads), ...cells.map(line)].map((text) => text.trimEnd()).join("\n");
}

await runMain(async () => {
  const args = process.argv.slice(2);
  const names = namesOf(args.filter((arg) => arg !== "--write"));
  const whole = names.length === programsIn(committed).length;
  const model = modelFolder();
  let python = process.env.THAW_GOLDEN_PYTHON;
  try {
    const list = join(committed, "requirements.txt");
    python ??= await torchPython({ context, folder: join(context.root, "build", "golden"), list });
  } catch (error) {
    const fetching = ["NO_NETWORK", "NO_SPACE", "FETCH_FAILED"];
    if (!(error instanceof SetupProblem && fetching.includes(error.code))) throw error;
    const reason = error.found.split("\n").at(-1);
    say(`The goldens were not compared, since PyTorch cannot be installed here: ${reason}`);
    return notInstalled;
  }
  const start = performance.now();
  prepare(whole);
  const place = { context, python, programs: committed, folder, scratch, model };
  /** @type {Row[]} */
  const rows = [];
  await inTurn(names, async (name) => {
    const row = await remake(name, place);
    rows.push(row);
    say(`[${rows.length}/${names.length}] make_${name}.py ... ${duration(row.ms)}`);
  });
  rows.sort((a, b) => names.indexOf(a.name) - names.indexOf(b.name));
  rmSync(scratch, { recursive: true, force: true });
  const made = new Set(rows.flatMap(({ files }) => files));
  const gone = whole ? goldensIn(committed).filter((file) => !made.has(file)) : [];
  const different = rows.flatMap((row) => row.different);
  for (const { differences } of different) say(`\n${describe(differences)}`);
  for (const file of gone) say(`\n${file}: no program makes it`);
  const took = duration(performance.now() - start);
  say(`\n${tableOf(rows)}\n\n${made.size} files of ${names.length} programs in ${took}: ${verdictOf(different, gone)}`);
  if (!args.includes("--write")) return different.length + gone.length === 0 ? 0 : 1;
  write(
    different.map(({ file }) => file),
    gone,
  );
  return 0;
});
