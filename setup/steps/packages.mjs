/** Installs npm packages: those of a clone, and those that a project lacks. */
import { existsSync, rmSync } from "node:fs";
import { join } from "node:path";
import { findProgram, runProgram } from "../child.mjs";
import { packageFolder } from "../context.mjs";
import { readJson, refuseLink, sha256, writeWhole } from "../files.mjs";
import { fetchProblem, SetupProblem } from "../problem.mjs";

/** @import { Context, Step } from "../context.mjs" */

/** The proof lies in node_modules, so that removing that folder removes it as well. */
const markerOf = (/** @type {Context} */ { paths }) => join(paths.modules, ".thaw-packages.json");

/** A second Node.js is a package for tests; linked there, it would shadow the person's own in every npm script. */
const shadowOf = (/** @type {Context} */ { paths }) => join(paths.modules, ".bin", "node");

/**
 * Returns a text that changes with what is installed: not with a package becoming optional, nor with the package that this is.
 * @param {Context} context
 */
function lockOf({ root }) {
  const packages = Object.entries(readJson(join(root, "package-lock.json"))?.packages ?? {});
  return sha256(JSON.stringify(packages.map(([path, entry]) => [path, path && [entry.version, entry.integrity]])));
}

/**
 * This step installs the npm packages of a clone, exactly as package-lock.json names them, with no install script run.
 * @type {Step}
 */
export const clonePackages = {
  name: "npm packages",
  bytes: 1.5e9,
  check(context) {
    const marker = readJson(markerOf(context));
    if (marker === undefined)
      return { done: false, detail: existsSync(context.paths.modules) ? "not finished" : "not installed" };
    if (existsSync(shadowOf(context))) return { done: false, detail: "a second Node.js is linked" };
    const done = marker.contents === lockOf(context);
    return { done, detail: done ? `${marker.packages} packages` : "package-lock.json has changed" };
  },
  async run(context) {
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
    if (clonePackages.check(context).done) return;
    refuseLink(context.paths.modules);
    const args = ["ci", "--ignore-scripts", "--no-audit", "--no-fund", "--include=dev"];
    const { code, output } = await runProgram(npm, args, { context });
    if (code !== 0) throw fetchProblem("npm", "the packages of package-lock.json", output);
    rmSync(shadowOf(context), { force: true });
    const packages = Object.keys(readJson(join(context.root, "package-lock.json")).packages).length - 1;
    writeWhole(markerOf(context), `${JSON.stringify({ contents, packages })}\n`);
  },
};

/**
 * This step serves a person's project, where Thaw itself is a package. npm has put the others there, but one at times: the
 * TensorFlow package is optional, because where install scripts are allowed its own one asks for an old TensorFlow, and
 * a failure of that must not take Thaw with it. Without scripts it installs.
 * @type {Step}
 */
export const projectPackages = {
  name: "npm packages",
  bytes: 1e8,
  check(context) {
    const manifest = readJson(join(context.root, "package.json"));
    const wanted = Object.keys({ ...manifest?.dependencies, ...manifest?.optionalDependencies });
    const missing = wanted.filter((wish) => !existsSync(join(packageFolder(context, wish), "package.json")));
    const done = manifest !== undefined && missing.length === 0;
    return { done, detail: done ? `${wanted.length} packages` : `without ${missing.join(", ") || "package.json"}` };
  },
  async run(context) {
    const npm = findProgram("npm", context.env);
    const { detail } = projectPackages.check(context);
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
  },
};
