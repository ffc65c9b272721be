/**
 * `npm run goldens [-- families metrics] [-- --write]`: makes the goldens again in a folder of their own and compares them
 * with the committed ones. Ends with code 1 where they differ, and 3 where PyTorch could not be installed.
 */
import { cpSync, existsSync, mkdirSync, rmSync } from "node:fs";
import { dirname, join } from "node:path";
import { SetupProblem } from "../problem.mjs";
import { duration, withProgress } from "../progress.mjs";
import { contextFrom, runMain } from "../setUp.mjs";
import { torchPython } from "../torch/environment.mjs";
import { describe } from "./compare.mjs";
import { age, compareFile, goldensIn, writtenIn } from "./files.mjs";
import { programsIn, runGolden, tensorsOf } from "./programs.mjs";
import { tableOf } from "./table.mjs";

const notInstalled = 3;
const context = contextFrom([]);
const committed = join(context.root, "tests", "golden");
const folder = join(context.root, "build", "goldens");
const say = (text) => process.stdout.write(`${text}\n`);

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

/** An empty folder, or one with what the programs that are not run have made. */
function prepare(whole) {
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  if (whole) return;
  for (const file of goldensIn(committed)) cpSync(join(committed, file), join(folder, file));
  age(folder);
}

/** Runs one program and compares what it has made: a row of the table. */
async function remake(name, label, place) {
  const started = performance.now();
  await withProgress(label, () => runGolden(name, place));
  const ms = performance.now() - started;
  const files = writtenIn(folder);
  const results = files.map((file) => ({
    file,
    ...compareFile(file, folder, committed, (path) => tensorsOf(place, path)),
  }));
  age(folder);
  const gaps = results.flatMap(({ largest }) => largest ?? []);
  const largest = gaps.sort((a, b) => b.difference / b.allowed - a.difference / a.allowed)[0];
  return { name, ms, files, largest, different: results.filter(({ differences }) => differences.length > 0) };
}

/** Takes over the files that differ, or were not there, and removes those that nothing makes. */
function write(files, gone) {
  for (const file of gone) rmSync(join(committed, file));
  for (const file of files) {
    mkdirSync(dirname(join(committed, file)), { recursive: true });
    cpSync(join(folder, file), join(committed, file));
  }
  say(`\nWritten to tests/golden: ${files.length} files; removed: ${gone.length}.`);
}

function verdictOf(different, gone) {
  const files = [...different.map(({ file }) => file), ...gone];
  return files.length === 0 ? "all as committed." : `different from what is committed: ${files.join(", ")}.`;
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
    if (!["NO_NETWORK", "NO_SPACE", "FETCH_FAILED"].includes(error.code)) throw error;
    const reason = error.found.split("\n").at(-1);
    say(`The goldens were not compared, since PyTorch cannot be installed here: ${reason}`);
    return notInstalled;
  }
  const start = performance.now();
  prepare(whole);
  const place = { context, python, programs: committed, folder, model };
  const rows = [];
  for (const [i, name] of names.entries()) {
    rows.push(await remake(name, `[${i + 1}/${names.length}] make_${name}.py`, place));
  }
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
