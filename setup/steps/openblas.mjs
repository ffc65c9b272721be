/**
 * OpenBLAS, whose products of matrices are faster on some processors than those of TensorFlow's wheel. Without it
 * training is slower but the same, so a machine for which there is none is no reason to stop.
 */
import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { lastLines, runProgram } from "../child.mjs";
import { readJson, writeWhole } from "../files.mjs";
import { openblasRequirement } from "../lists.mjs";

export const name = "OpenBLAS";
export const bytes = 5e7;

const markerOf = ({ paths }) => join(paths.venv, ".thaw-openblas.json");

export function check(context) {
  const marker = readJson(markerOf(context));
  if (marker?.requirement !== openblasRequirement) return { done: false, detail: "not installed" };
  if (marker.error !== undefined) return { done: true, detail: `none (${marker.error}); TensorFlow multiplies` };
  return { done: openblasFolder(context) !== undefined, detail: openblasRequirement };
}

export async function run(context) {
  const args = ["-m", "pip", "install", "--only-binary=:all:", "--ignore-installed", "--no-deps", openblasRequirement];
  const { code, output } = await runProgram(context.paths.python, args, { context });
  const error = code === 0 ? {} : { error: lastLines(output, 1) };
  writeWhole(markerOf(context), `${JSON.stringify({ requirement: openblasRequirement, ...error })}\n`);
}

/** The folder with `lib` and `include`, or `undefined`. */
export function openblasFolder({ paths }) {
  const library = join(paths.venv, "lib");
  if (!existsSync(library)) return undefined;
  return readdirSync(library)
    .map((python) => join(library, python, "site-packages", "scipy_openblas32"))
    .find((folder) => existsSync(join(folder, "include", "cblas.h")));
}
