/** TensorFlow's wheel, of which only the C++ library and its headers are used: no Python dependency comes with the CPU one. */
import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { answerOf, findProgram, runProgram } from "../child.mjs";
import { readJson, writeWhole } from "../files.mjs";
import { tensorflowVersion } from "../lists.mjs";
import { fetchProblem, speaksOfConnection } from "../network.mjs";
import { hashedList } from "../pins.mjs";
import { SetupProblem } from "../problem.mjs";

export const name = "TensorFlow";
export const bytes = 1.6e9;

const markerOf = ({ paths }) => join(paths.venv, ".thaw-tensorflow.json");

export function check(context) {
  const requirement = requirementOf(context);
  const marker = readJson(markerOf(context));
  if (marker === undefined || wheelFolder(context) === undefined) return { done: false, detail: "not installed" };
  const done = marker.requirement === requirement;
  return { done, detail: done ? requirement : `${marker.requirement} is there, this machine wants ${requirement}` };
}

export async function run(context) {
  const requirement = requirementOf(context);
  // What the CUDA extra brings is not pinned: pip would want hashes of all of it.
  const wanted = requirement.includes("[")
    ? [requirement]
    : ["--no-deps", "--require-hashes", "-r", hashedList(context, requirement)];
  const args = ["-m", "pip", "install", "--only-binary=:all:", "--ignore-installed", ...wanted];
  const { code, output } = await runProgram(context.paths.python, args, { context });
  if (/No matching distribution/.test(output) && !speaksOfConnection(output)) {
    throw new SetupProblem({
      code: "NO_TENSORFLOW",
      title: "There is no TensorFlow wheel for this machine.",
      looked: requirement,
      found: `${context.platform} ${process.arch}, ${answerOf(context.paths.python, ["-V"], context) ?? "no Python"}`,
      todo: "Use Linux (x86-64, arm64) or macOS on Apple silicon, and Python 3.10 to 3.13.",
    });
  }
  if (code !== 0) throw fetchProblem("pip", requirement, output);
  writeWhole(markerOf(context), `${JSON.stringify({ requirement })}\n`);
}

/** The folder with libtensorflow_cc and include/, or `undefined`. */
export function wheelFolder({ paths }) {
  const library = join(paths.venv, "lib");
  if (!existsSync(library)) return undefined;
  return readdirSync(library)
    .map((python) => join(library, python, "site-packages", "tensorflow"))
    .find((folder) => existsSync(join(folder, "include", "tensorflow", "c", "eager", "c_api.h")));
}

/** True when an NVIDIA driver answers. */
export function hasGpu({ env, ...context }) {
  const program = findProgram("nvidia-smi", env);
  return program !== undefined && /^GPU \d+:/m.test(answerOf(program, ["-L"], { env, ...context }) ?? "");
}

function requirementOf(context) {
  if (context.platform === "darwin") return `tensorflow==${tensorflowVersion}`;
  if (process.arch !== "x64") return `tensorflow==${tensorflowVersion}`;
  return hasGpu(context) ? `tensorflow[and-cuda]==${tensorflowVersion}` : `tensorflow-cpu==${tensorflowVersion}`;
}
