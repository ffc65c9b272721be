/**
 * `npm run mutation [-- schedule data] [-- Stryker's own options]`: changes the code of the pure modules in one place at a
 * time, and asks whether a test notices. Shows a table of what was noticed, and leaves every change with its place in
 * build/mutation/NAME.json. Ends with code 1 where tests notice fewer than 80 % of the changes. All modules take hours;
 * `-- data --mutate src/data/split.ts` asks of one file, `--sample 10` of one in ten pieces of all files, in minutes;
 * `--incremental` repeats only what has changed since the last time.
 */
import { spawn } from "node:child_process";
import { mkdirSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { join, matchesGlob } from "node:path";
import { readJson } from "./files.mjs";
import { SetupProblem } from "./problem.mjs";
import { contextFrom, isMain, runMain } from "./program.mjs";
import { duration } from "./progress.mjs";

/**
 * @typedef {object} Module
 * @property {readonly string[]} files
 * @property {readonly string[]} tests
 * @property {readonly string[]} [without] Tests that start processes, read the build or assert times.
 * @property {"threads" | "forks"} [pool] Where tests run. Forks take longer to start, and load addons that a process loads once.
 */
/** @typedef {{ status: string }} Change */
/** @typedef {{ files: Record<string, { mutants: Change[] }> }} Report What Stryker's json reporter writes, as far as it is read here. */
/** @typedef {{ killed: number, survived: number, uncovered: number }} Counts */

/** The modules whose functions depend on their arguments alone, or on a file they are given. */
export const modules = /** @type {const} @satisfies {Record<string, Module>} */ ({
  schedule: { files: ["src/schedule/*.ts"], tests: ["tests/schedule/*.test.ts"] },
  freezing: { files: ["src/freezing/*.ts"], tests: ["tests/freezing/*.test.ts"] },
  optim: { files: ["src/optim/*.ts"], tests: ["tests/optim/*.test.ts"] },
  plan: {
    files: ["src/plan/{checkStages,schedules,plan,prefix,arguments,batches}.ts"],
    tests: ["tests/plan/*.test.ts"],
    without: ["tests/plan/memory.test.ts"],
  },
  data: { files: ["src/data/*.ts"], tests: ["tests/data/*.test.ts"] },
  weights: {
    files: ["src/weights/**/*.ts"],
    tests: ["tests/weights/**/*.test.ts"],
    without: ["tests/weights/safetensors/{mutants,extremes}.test.ts"],
  },
  tokenizer: {
    files: ["src/tokenizer/*.ts"],
    tests: ["tests/tokenizer/*.test.ts"],
    pool: "forks",
  },
  wire: { files: ["kernel/protocol/wire/*.ts"], tests: ["tests/kernel/protocol/wire/*.test.ts"] },
  session: {
    files: ["kernel/protocol/{history,printedText,textCompletion,isComplete}.ts"],
    tests: ["tests/kernel/protocol/{history,printedText,textCompletion,isComplete}.test.ts"],
  },
  magics: {
    files: ["kernel/shared/magics/*.ts"],
    tests: [
      "tests/kernel/shared/magics/*.test.ts",
      "tests/kernel/cells/magics/rewriteMagics.test.ts",
      "tests/kernel/protocol/textCompletion.test.ts",
    ],
  },
});

/** At least this share of the changes is to be noticed, in per cent. */
const wanted = 80;

/**
 * Counts what came of the changes. Those that run once at import, or do not run at all, say nothing and are not counted.
 * @param {Report} report
 * @returns {Counts}
 */
export function countChanges({ files }) {
  const changes = Object.values(files).flatMap(({ mutants }) => mutants);
  const count = (/** @type {string[]} */ ...statuses) =>
    changes.filter(({ status }) => statuses.includes(status)).length;
  return { killed: count("Killed", "Timeout"), survived: count("Survived"), uncovered: count("NoCoverage") };
}

/**
 * Returns the share of changes that tests notice, in per cent; of no changes all are noticed.
 * @param {Counts} counts
 */
export function scoreOf({ killed, survived, uncovered }) {
  const all = killed + survived + uncovered;
  return all === 0 ? 100 : (100 * killed) / all;
}

/**
 * Lays out the counts of each module and of all.
 * @param {readonly [name: string, counts: Counts][]} rows
 */
export function tableOf(rows) {
  const sum = (/** @type {keyof Counts} */ key) => rows.reduce((total, [, counts]) => total + counts[key], 0);
  /** @type {Counts} */
  const total = { killed: sum("killed"), survived: sum("survived"), uncovered: sum("uncovered") };
  const line = (/** @type {string} */ name, /** @type {readonly string[]} */ cells) =>
    name.padEnd(10) + cells.map((cell) => cell.padStart(13)).join("");
  const cellsOf = (/** @type {Counts} */ counts) => [
    ...[counts.killed, counts.survived, counts.uncovered].map(String),
    `${scoreOf(counts).toFixed(1)} %`,
  ];
  const all = rows.length === 1 ? rows : [...rows, /** @type {const} */ (["in total", total])];
  const head = line("", ["killed", "survived", "no coverage", "score"]);
  return { text: [head, ...all.map(([name, counts]) => line(name, cellsOf(counts)))].join("\n"), total };
}

/**
 * Returns the range of the score of all changes, in per cent, that a sample leaves with 95 % confidence: Wilson's interval.
 * @param {Counts} counts
 */
export function intervalOf({ killed, survived, uncovered }) {
  const all = killed + survived + uncovered;
  if (all === 0) return [0, 100];
  const [share, z] = [killed / all, 1.96];
  const middle = (share + z ** 2 / (2 * all)) / (1 + z ** 2 / all);
  const half = (z * Math.sqrt((share * (1 - share)) / all + z ** 2 / (4 * all ** 2))) / (1 + z ** 2 / all);
  return [100 * (middle - half), 100 * (middle + half)];
}

/** Number of lines of a piece that is drawn as a whole: a change within a piece is tried, one across its border is not. */
const pieceLines = 20;

/**
 * Draws one in `every` pieces of all files, evenly: `src/data/split.ts:41-60`.
 * @param {readonly { readonly path: string, readonly lines: number }[]} files
 * @param {number} every
 */
export function sampleOf(files, every) {
  const pieces = files.flatMap(({ path, lines }) =>
    Array.from(
      { length: Math.ceil(lines / pieceLines) },
      (_, i) => `${path}:${i * pieceLines + 1}-${(i + 1) * pieceLines}`,
    ),
  );
  return pieces.filter((_, i) => i % every === Math.floor(every / 2));
}

/**
 * Lists the files of these patterns with their numbers of lines.
 * @param {string} root
 * @param {readonly string[]} patterns
 */
function filesOf(root, patterns) {
  const all = ["src", "kernel"].flatMap((folder) =>
    readdirSync(join(root, folder), { recursive: true, encoding: "utf8" }).map((name) => `${folder}/${name}`),
  );
  return all
    .filter((path) => path.endsWith(".ts") && patterns.some((pattern) => matchesGlob(path, pattern)))
    .sort()
    .map((path) => ({ path, lines: readFileSync(join(root, path), "utf8").split("\n").length }));
}

/**
 * Returns the names of modules, Stryker's options, and what a sample is drawn of among the arguments; no names are all modules,
 * and a sample of every piece is all.
 * @param {readonly string[]} args
 */
export function argumentsOf(args) {
  const first = args.findIndex((arg) => arg.startsWith("-"));
  const names = first < 0 ? args : args.slice(0, first);
  const given = first < 0 ? [] : args.slice(first);
  const at = given.indexOf("--sample");
  const sample = at < 0 ? 1 : Number(given[at + 1]);
  const options = at < 0 ? given : given.toSpliced(at, 2);
  if (!Number.isInteger(sample) || sample < 1) {
    throw new SetupProblem({
      code: "BAD_SAMPLE",
      title: "--sample takes a whole number: one in so many pieces is drawn.",
      looked: "the arguments",
      found: String(given[at + 1]),
      todo: "Give --sample 10, for example.",
    });
  }
  const known = /** @type {(keyof typeof modules)[]} */ (Object.keys(modules));
  const unknown = names.find((name) => !known.some((each) => each === name));
  if (unknown === undefined)
    return { names: names.length > 0 ? known.filter((name) => names.includes(name)) : known, options, sample };
  throw new SetupProblem({
    code: "UNKNOWN_MODULE",
    title: `There is no module ${unknown} among the pure ones.`,
    looked: "setup/mutation.mjs",
    found: known.join(", "),
    todo: "Give some of these names, or none for all.",
  });
}

if (isMain(import.meta.url)) {
  await runMain(async () => {
    const context = contextFrom([]);
    const { names, options, sample } = argumentsOf(process.argv.slice(2));
    const folder = join(context.root, "build", "mutation");
    mkdirSync(folder, { recursive: true });
    /** @type {[name: string, counts: Counts][]} */
    const rows = [];
    for (const name of names) {
      const start = performance.now();
      /** @type {Module} */
      const { files: patterns, tests, without = [], pool = "threads" } = modules[name];
      const files = sample === 1 ? patterns : sampleOf(filesOf(context.root, patterns), sample);
      const written = join(folder, `${name}.json`);
      rmSync(written, { force: true });
      const stryker = join(context.paths.modules, "@stryker-mutator", "core", "bin", "stryker.js");
      const code = await new Promise((resolve) => {
        const child = spawn(process.execPath, [stryker, "run", ...options], {
          cwd: context.root,
          stdio: "inherit",
          env: { ...context.env, THAW_MUTATION: JSON.stringify({ name, files, tests, without, pool }) },
        });
        child.on("close", (status) => resolve(status ?? 1));
      });
      /** @type {Report | undefined} */
      const report = readJson(written);
      if (report === undefined && code === 0) continue; // --dryRunOnly
      if (report === undefined) {
        process.stdout.write(`${name}: Stryker ended with code ${code} and without a report.\n`);
        return 1;
      }
      rows.push([name, countChanges(report)]);
      process.stdout.write(`${name}: ${duration(performance.now() - start)}\n`);
    }
    const { text, total } = tableOf(rows);
    process.stdout.write(`\n${text}\n`);
    for (const [name, counts] of sample === 1 ? [] : rows) {
      const [low, high] = intervalOf(counts).map((percent) => percent.toFixed(1));
      process.stdout.write(
        `${name}: one in ${sample} pieces of ${pieceLines} lines; of all between ${low} % and ${high} % (95 %).\n`,
      );
    }
    const untried = rows.filter(([, { killed, survived, uncovered }]) => killed + survived + uncovered === 0);
    for (const [name] of untried) process.stdout.write(`${name}: there was no change to try.\n`);
    return untried.length > 0 || scoreOf(total) < wanted ? 1 : 0;
  });
}
