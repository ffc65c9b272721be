/** `npm test [-- vitest's own arguments]`: set-up, then the tests, then a line `N passed, N failed`. */
import { spawn } from "node:child_process";
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { readJson } from "./files.mjs";
import { contextFrom, isMain, runMain } from "./program.mjs";
import { setUp } from "./setup.mjs";

/**
 * @typedef {object} TestReport What vitest's json reporter writes, as far as it is read here.
 * @property {number} numPassedTests
 * @property {number} numFailedTests
 * @property {{ name: string, status: string, message?: string, assertionResults: TestResult[] }[]} testResults
 */
/** @typedef {{ status: string, fullName: string, failureMessages: string[] }} TestResult */

/**
 * Counts a run of vitest, so that nothing that went wrong is counted as nothing.
 * @param {TestReport | undefined} report `undefined` when nothing was written
 * @param {number} code vitest's exit code
 * @returns {{ passed: number, failed: number }} a file that could not be loaded, and a run that ended badly, each count as a failure
 */
export function countTests(report, code) {
  if (report === undefined) return { passed: 0, failed: 1 };
  const unloaded = report.testResults.filter(
    ({ status, assertionResults }) => status === "failed" && !assertionResults.some((test) => test.status === "failed"),
  );
  const failed = report.numFailedTests + unloaded.length;
  return { passed: report.numPassedTests, failed: failed === 0 && code !== 0 ? 1 : failed };
}

/**
 * Names what failed, so that the end of a long log tells it.
 * @param {TestReport | undefined} report as for `countTests`
 * @param {string} root the repository's folder, cut off the files' names
 * @returns {string[]} a paragraph for each failed test or unloaded file: file, title and the error's first lines
 */
export function describeFailures(report, root) {
  if (report === undefined) return [];
  return report.testResults.flatMap(({ name, status, message, assertionResults }) => {
    const file = name.replace(`${root}/`, "");
    const failed = assertionResults.filter((test) => test.status === "failed");
    if (failed.length === 0) return status === "failed" ? [`FAILED ${file}\n${firstLines(message)}`] : [];
    return failed.map((test) => `FAILED ${file} > ${test.fullName}\n${firstLines(test.failureMessages[0])}`);
  });
}

const firstLines = (text = "") =>
  text
    .split("\n")
    .slice(0, 12)
    .map((line) => `    ${line}`)
    .join("\n");

if (isMain(import.meta.url)) {
  await runMain(async () => {
    const args = process.argv.slice(2);
    const context = contextFrom(args);
    await setUp(context);
    const report = join(context.root, "build", "tests.json");
    mkdirSync(join(context.root, "build"), { recursive: true });
    rmSync(report, { force: true });
    const vitest = join(context.paths.modules, "vitest", "vitest.mjs");
    const reporters = ["--reporter=default", "--reporter=json", `--outputFile.json=${report}`];
    /** @type {number} */
    const code = await new Promise((resolve) => {
      const child = spawn(process.execPath, [vitest, "run", ...reporters, ...args], {
        cwd: context.root,
        stdio: "inherit",
      });
      child.on("close", (status) => resolve(status ?? 1));
    });
    /** @type {TestReport | undefined} */
    const results = readJson(report);
    const failures = describeFailures(results, context.root).join("\n");
    writeFileSync(join(context.root, "build", "failed-tests.txt"), failures);
    process.stdout.write(`${failures}\n`);
    const { passed, failed } = countTests(results, code);
    process.stdout.write(`${passed} passed, ${failed} failed\n`);
    return failed > 0 ? 1 : code;
  });
}
