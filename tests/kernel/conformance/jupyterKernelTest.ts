/** One run of jupyter_kernel_test 0.7: the same in the first tier and in the soak tier. */
import { expect } from "vitest";
import { Jupyter } from "./jupyter.ts";

/** Tests of the suite, with the one of the welcome on iopub. */
export const suiteSize = 13;

/** Expects that every test of the suite ran, was not skipped, and passed. */
export async function conform(): Promise<void> {
  using jupyter = new Jupyter();
  const { code, stderr } = await jupyter.run("test_thaw_kernel.py");
  console.log(
    stderr
      .split("\n")
      .filter((line) => /^(test_|Ran |OK|FAILED)/.test(line))
      .join("\n"),
  );
  expect(code, stderr).toBe(0);
  expect(stderr).toContain(`Ran ${suiteSize} tests`);
  expect(stderr).toMatch(/\nOK\n$/);
}
