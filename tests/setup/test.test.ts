/** `N passed, N failed` never hides a file that did not load or a run that ended badly. */
import { join } from "node:path";
import { expect, test } from "vitest";
import { repository } from "./scratchClone.ts";

interface Report {
  readonly numPassedTests: number;
  readonly numFailedTests: number;
  readonly testResults: readonly {
    readonly name?: string;
    readonly status: string;
    readonly message?: string;
    readonly assertionResults: readonly {
      readonly status: string;
      readonly fullName?: string;
      readonly failureMessages?: readonly string[];
    }[];
  }[];
}
const { countTests, describeFailures } = (await import(join(repository, "setup", "test.mjs"))) as {
  countTests(report: Report | undefined, code: number): { passed: number; failed: number };
  describeFailures(report: Report | undefined, root: string): string[];
};

const passed = { status: "passed", assertionResults: [{ status: "passed" }] };
const failed = { status: "failed", assertionResults: [{ status: "failed" }] };
const unloaded = { status: "failed", assertionResults: [] };

test("passed and failed tests are counted", () => {
  expect(countTests({ numPassedTests: 5, numFailedTests: 1, testResults: [passed, failed] }, 1)).toEqual({
    passed: 5,
    failed: 1,
  });
});

test("a file that could not be loaded is a failure", () => {
  expect(countTests({ numPassedTests: 5, numFailedTests: 1, testResults: [passed, failed, unloaded] }, 1)).toEqual({
    passed: 5,
    failed: 2,
  });
});

test("a run that ended badly after its tests passed is a failure", () => {
  expect(countTests({ numPassedTests: 5, numFailedTests: 0, testResults: [passed] }, 1)).toEqual({
    passed: 5,
    failed: 1,
  });
  expect(countTests(undefined, 137)).toEqual({ passed: 0, failed: 1 });
});

test("what failed is named with its file and the first lines of its error", () => {
  const long = Array.from({ length: 40 }, (_, index) => `line ${index}`).join("\n");
  const report = {
    numPassedTests: 1,
    numFailedTests: 1,
    testResults: [
      passed,
      {
        name: "/home/me/thaw/tests/a.test.ts",
        status: "failed",
        assertionResults: [
          { status: "passed", fullName: "fine" },
          { status: "failed", fullName: "group adds", failureMessages: [long] },
        ],
      },
      { name: "/home/me/thaw/tests/b.test.ts", status: "failed", message: "no such module", assertionResults: [] },
    ],
  };
  const [first, second, ...others] = describeFailures(
    { ...report, testResults: report.testResults.map((result) => ({ name: "c", ...result })) },
    "/home/me/thaw",
  );
  expect(first).toMatch(/^FAILED tests\/a\.test\.ts > group adds\n {4}line 0\n/);
  expect(first).toMatch(/line 11$/);
  expect(second).toBe("FAILED tests/b.test.ts\n    no such module");
  expect(others).toEqual([]);
  expect(describeFailures(undefined, "/")).toEqual([]);
});
