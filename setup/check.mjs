/**
 * `npm run check`: what can be said of the sources without running them, in less than a minute on two cores: lint, types of
 * every .ts and .mjs, structure, and the report of the public interface. Each part is shown with its seconds; at the end
 * stands all that was found. `npm run check:package` looks at the package as npm would publish it, and needs a build.
 */
import { mkdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { runProgram } from "./child.mjs";
import { contextFrom, runMain } from "./program.mjs";
import { duration } from "./progress.mjs";
import { setUp } from "./setup.mjs";
import { toolSteps } from "./steps.mjs";

/** @typedef {{ name: string, program: string, args: readonly string[], said?: RegExp }} Part `said`: lines of its output that are always shown. */
/** @typedef {{ name: string, code: number, output: string }} Result */

const context = contextFrom([]);
const say = (/** @type {string} */ text) => process.stdout.write(`${text}\n`);
const tool = (/** @type {string} */ path) => join(context.paths.modules, path);
const build = join(context.root, "build");

/** Folder for the compiler's declarations and its cache of unchanged files. */
const made = join("build", "check");

const node = process.execPath;
const tsc = tool("typescript/bin/tsc");
const emit = ["--emitDeclarationOnly", "--noEmitOnError", "false", "--outDir", made];
const remember = ["--incremental", "--tsBuildInfoFile", join(made, ".tsbuildinfo")];

/**
 * The parts of `npm run check`: each row runs by itself, its parts one after the other.
 * @type {readonly (readonly Part[])[]}
 */
const sources = [
  [
    {
      name: "types of .ts",
      program: node,
      args: [tsc, "-p", "tsconfig.json", "--pretty", "false", ...emit, ...remember],
    },
    { name: "public interface", program: node, args: [join("setup", "api.mjs"), `--declarations=${made}`] },
  ],
  [
    {
      name: "lint",
      program: node,
      args: [
        tool("@biomejs/biome/bin/biome"),
        "check",
        "--colors=off",
        "--error-on-warnings",
        "--max-diagnostics=50",
        ".",
      ],
    },
    { name: "types of .mjs", program: node, args: [tsc, "-p", "tsconfig.setup.json", "--pretty", "false"] },
    {
      name: "structure",
      program: node,
      args: [tool("vitest/vitest.mjs"), "run", "--project", "tensorflow", "tests/structure"],
      said: /^[\d.]+ (source files|lines|imports) /,
    },
  ],
];

/**
 * The parts of `npm run check:package`.
 * @param {string} tarball
 * @returns {readonly (readonly Part[])[]}
 */
const packed = (tarball) => [
  [
    { name: "publint", program: node, args: [tool("publint/src/cli.js"), tarball, "--strict"] },
    {
      name: "are the types wrong",
      program: node,
      args: [
        tool("@arethetypeswrong/cli/dist/index.js"),
        ...[tarball, "--profile", "esm-only", "--no-definitely-typed", "--no-color", "--no-emoji"],
      ],
    },
  ],
];

/**
 * Runs the parts of a row and shows how each ended.
 * @param {readonly Part[]} row
 * @returns {Promise<Result[]>}
 */
async function runRow(row) {
  const results = [];
  for (const { name, program, args, said } of row) {
    const start = performance.now();
    const env = { NO_COLOR: "1", FORCE_COLOR: "0" };
    const { code, output } = await runProgram(program, args, { context, env });
    say(`${code === 0 ? "ok " : "-- "} ${name.padEnd(20)} ${duration(performance.now() - start)}`);
    for (const line of output.split("\n")) if (said?.test(line)) say(`      ${line}`);
    results.push({ name, code, output });
  }
  return results;
}

/** Packs what `npm publish` would send, without building it. */
async function pack() {
  mkdirSync(build, { recursive: true });
  const args = ["pack", "--ignore-scripts", "--pack-destination", build];
  const { code, output } = await runProgram("npm", args, { context });
  const name = output.trim().split("\n").at(-1) ?? "";
  if (code !== 0 || !name.endsWith(".tgz")) throw new Error(`npm pack ended with code ${code}:\n${output}`);
  return join(build, name);
}

await runMain(async () => {
  const ofPackage = process.argv.includes("--package");
  await setUp(context, { quiet: true, steps: toolSteps });
  const start = performance.now();
  const tarball = ofPackage ? await pack() : undefined;
  const rows = tarball === undefined ? sources : packed(tarball);
  const results = (await Promise.all(rows.map(runRow))).flat();
  if (tarball !== undefined) rmSync(tarball);
  const failed = results.filter(({ code }) => code !== 0);
  for (const { name, output } of failed) say(`\n${name}:\n${output.trim()}`);
  const verdict = failed.length === 0 ? "all is well" : `not well: ${failed.map(({ name }) => name).join(", ")}`;
  say(`\nChecked in ${duration(performance.now() - start)}: ${verdict}.`);
  return failed.length === 0 ? 0 : 1;
});
