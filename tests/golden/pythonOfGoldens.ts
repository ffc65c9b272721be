/** The Python environment of `npm run goldens`, for soaks that compare with it live. */
import { existsSync } from "node:fs";
import { goldenPath } from "./read.ts";

/** THAW_GOLDEN_PYTHON, or build/golden/bin/python. Throws an Error that says how to make it. */
export function pythonOfGoldens(): string {
  const python = process.env.THAW_GOLDEN_PYTHON ?? goldenPath("../../build/golden/bin/python");
  if (existsSync(python)) return python;
  throw new Error(`There is no ${python}: run npm run goldens, which makes it, or set THAW_GOLDEN_PYTHON.`);
}
