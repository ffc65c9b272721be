/**
 * Counts a run of vitest so that nothing that went wrong is counted as nothing.
 * @param {object | undefined} report what vitest's json reporter wrote; `undefined` when it wrote nothing
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
 * @param {object | undefined} report as for `countTests`
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
