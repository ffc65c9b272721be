/** The Python environment that tests/golden/README.md describes, for soaks that compare with it live. */
import { existsSync } from "node:fs";
import { goldenPath } from "./read.ts";

/** THAW_GOLDEN_PYTHON, or build/golden/bin/python. Throws an Error that says how to make it. */
export function pythonOfGoldens(): string {
  const python = process.env.THAW_GOLDEN_PYTHON ?? goldenPath("../../build/golden/bin/python");
  if (existsSync(python)) return python;
  throw new Error(`There is no ${python}: make it as tests/golden/README.md says, or set THAW_GOLDEN_PYTHON.`);
}
