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
