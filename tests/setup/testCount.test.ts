/** `N passed, N failed` never hides a file that did not load or a run that ended badly. */
import { join } from "node:path";
import { expect, test } from "vitest";
import { repository } from "./scratchClone.ts";

interface Report {
  readonly numPassedTests: number;
  readonly numFailedTests: number;
  readonly testResults: readonly {
    readonly status: string;
    readonly assertionResults: readonly { readonly status: string }[];
  }[];
}
const { countTests } = (await import(join(repository, "setup", "testCount.mjs"))) as {
  countTests(report: Report | undefined, code: number): { passed: number; failed: number };
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
