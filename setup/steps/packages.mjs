/** npm packages of a clone, exactly as package-lock.json names them, with no install script run. */
import { existsSync, rmSync } from "node:fs";
import { join } from "node:path";
import { findProgram, runProgram } from "../child.mjs";
import { readJson, refuseLink, sha256, writeWhole } from "../files.mjs";
import { fetchProblem } from "../network.mjs";
import { SetupProblem } from "../problem.mjs";

export const name = "npm packages";
export const bytes = 1.5e9;

/** Lies in node_modules, so that removing that folder removes the proof as well. */
const markerOf = ({ paths }) => join(paths.modules, ".thaw-packages.json");

/** A Node.js that is a package for tests; linked there, it would shadow the person's own in every npm script. */
const shadowOf = ({ paths }) => join(paths.modules, ".bin", "node");

/** Changes with what is installed: not with a package becoming optional, nor with the package that this is. */
function lockOf({ root }) {
  const packages = Object.entries(readJson(join(root, "package-lock.json"))?.packages ?? {});
  return sha256(JSON.stringify(packages.map(([path, entry]) => [path, path && [entry.version, entry.integrity]])));
}

export function check(context) {
  const marker = readJson(markerOf(context));
  if (marker === undefined)
    return { done: false, detail: existsSync(context.paths.modules) ? "not finished" : "not installed" };
  if (existsSync(shadowOf(context))) return { done: false, detail: "a second Node.js is linked" };
  const done = marker.contents === lockOf(context);
  return { done, detail: done ? `${marker.packages} packages` : "package-lock.json has changed" };
}

export async function run(context) {
  const npm = findProgram("npm", context.env);
  if (npm === undefined) {
    throw new SetupProblem({
      code: "NO_NPM",
      title: "npm is missing.",
      looked: "npm on PATH",
      found: `none in ${context.env.PATH}`,
      todo: "Install npm (it comes with Node.js; on Debian: `apt install npm`) and run the command again.",
    });
  }
  const contents = lockOf(context);
  rmSync(shadowOf(context), { force: true });
  if (check(context).done) return;
  refuseLink(context.paths.modules);
  const args = ["ci", "--ignore-scripts", "--no-audit", "--no-fund", "--include=dev"];
  const { code, output } = await runProgram(npm, args, { context });
  if (code !== 0) throw fetchProblem("npm", "the packages of package-lock.json", output);
  rmSync(shadowOf(context), { force: true });
  const packages = Object.keys(readJson(join(context.root, "package-lock.json")).packages).length - 1;
  writeWhole(markerOf(context), `${JSON.stringify({ contents, packages })}\n`);
}
