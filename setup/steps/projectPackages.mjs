/**
 * npm packages where Thaw itself is one, in a person's project. npm has put them there, except what it left out: the
 * TensorFlow package is optional, because where install scripts are allowed its own one asks for an old TensorFlow, and
 * a failure of that must not take Thaw with it. Without scripts it installs.
 */
import { existsSync } from "node:fs";
import { join } from "node:path";
import { findProgram, runProgram } from "../child.mjs";
import { packageFolder } from "../context.mjs";
import { readJson } from "../files.mjs";
import { fetchProblem } from "../network.mjs";
import { SetupProblem } from "../problem.mjs";

export const name = "npm packages";
export const bytes = 1e8;

export function check(context) {
  const manifest = readJson(join(context.root, "package.json"));
  const wanted = Object.keys({ ...manifest?.dependencies, ...manifest?.optionalDependencies });
  const missing = wanted.filter((wish) => !existsSync(join(packageFolder(context, wish), "package.json")));
  const done = manifest !== undefined && missing.length === 0;
  return { done, detail: done ? `${wanted.length} packages` : `without ${missing.join(", ") || "package.json"}` };
}

export async function run(context) {
  const npm = findProgram("npm", context.env);
  const { detail } = check(context);
  const inProject = existsSync(join(context.home, "package.json"));
  if (npm === undefined || !inProject) {
    throw new SetupProblem({
      code: "NO_PACKAGES",
      title: "Not all packages that Thaw needs are installed.",
      looked: `the dependencies of ${join(context.root, "package.json")}`,
      found: detail,
      todo: "Install Thaw again without install scripts, such as `npm install --ignore-scripts thaw`.",
    });
  }
  const args = ["install", "--ignore-scripts", "--include=optional", "--no-audit", "--no-fund"];
  const { code, output } = await runProgram(npm, args, { context, cwd: context.home });
  if (code !== 0) throw fetchProblem("npm", `the packages of ${context.home}`, output);
}
