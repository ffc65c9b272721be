/** JupyterLab, its plotly renderer and what executes notebooks, each at the version setup/requirements.txt names. */
import { existsSync, mkdirSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { runProgram } from "../child.mjs";
import { readJson, sha256, writeWhole } from "../files.mjs";
import { fetchProblem } from "../network.mjs";
import { withoutHashes } from "../pins.mjs";

export const name = "JupyterLab and plotly";
export const bytes = 5e8;

const listOf = ({ root }) => join(root, "setup", "requirements.txt");
/** Lies in .venv, so that removing that folder removes the proof as well. */
const markerOf = ({ paths }) => join(paths.venv, ".thaw-packages.json");
/**
 * JupyterLab's scripts for Node are CommonJS, and this project's package.json would make ES modules of all that lies below
 * it: they then die with "Dynamic require of "util" is not supported" and print themselves.
 */
const scopeOf = ({ paths }) => join(paths.venv, "package.json");
/** There while pip runs: what a killed pip leaves cannot be uninstalled, only written over. */
const startedOf = ({ paths }) => join(paths.venv, ".thaw-packages-started");

export function check(context) {
  const marker = readJson(markerOf(context));
  if (marker === undefined)
    return { done: false, detail: existsSync(startedOf(context)) ? "not finished" : "not installed" };
  if (!existsSync(scopeOf(context))) return { done: false, detail: "without its package.json" };
  const done = marker.list === sha256(withoutHashes(readFileSync(listOf(context), "utf8")));
  return { done, detail: done ? `${marker.packages} packages` : "setup/requirements.txt has changed" };
}

export async function run(context) {
  const list = readFileSync(listOf(context), "utf8");
  const killed = existsSync(startedOf(context)) ? ["--ignore-installed"] : [];
  mkdirSync(context.paths.venv, { recursive: true });
  writeWhole(startedOf(context), "");
  const args = ["-m", "pip", "install", "--only-binary=:all:", "--require-hashes", ...killed, "-r", listOf(context)];
  const { code, output } = await runProgram(context.paths.python, args, { context });
  if (code !== 0) throw fetchProblem("pip", "JupyterLab, plotly and what they need", output);
  const packages = list.split("\n").filter((line) => line.includes("==")).length;
  writeWhole(scopeOf(context), `${JSON.stringify({ type: "commonjs" })}\n`);
  writeWhole(markerOf(context), `${JSON.stringify({ list: sha256(withoutHashes(list)), packages })}\n`);
  rmSync(startedOf(context), { force: true });
}
