/** Makes the Python environment, and installs the packages for which a clone has it. */
import { existsSync, mkdirSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { answerOf, findProgram, lastLines, runProgram } from "../child.mjs";
import { readJson, refuseLink, sha256, writeWhole } from "../files.mjs";
import { withoutHashes } from "../pins.mjs";
import { fetchProblem, SetupProblem } from "../problem.mjs";

/** @import { Context, Step } from "../context.mjs" */

const versions = ["3.13", "3.12", "3.11", "3.10"];
const supported = /^3\.1[0-3]\./;

/**
 * This step makes a Python environment of our own: `.venv` in a clone, `.thaw/venv` in a project.
 * @type {Step}
 */
export const environment = {
  name: "Python environment",
  bytes: 5e7,
  check({ paths }) {
    // pip comes last into a new environment, and pyvenv.cfg says where it was made: a moved clone has dead paths in it.
    const library = existsSync(paths.python) ? readConfig(paths).version : undefined;
    if (library === undefined) return { done: false, detail: "not made" };
    const minor = library.split(".").slice(0, 2).join(".");
    const pip = join(paths.venv, "lib", `python${minor}`, "site-packages", "pip", "__main__.py");
    if (!existsSync(pip)) return { done: false, detail: "not finished" };
    if (!supported.test(library)) return { done: false, detail: `made with Python ${library}` };
    if (!readFileSync(join(paths.venv, "bin", "activate"), "utf8").includes(paths.venv))
      return { done: false, detail: "made in another folder" };
    return { done: true, detail: `Python ${library}` };
  },
  async run(context) {
    refuseLink(context.paths.venv);
    const python = findPython(context);
    rmSync(context.paths.venv, { recursive: true, force: true });
    const { code, output } = await runProgram(python.path, ["-m", "venv", context.paths.venv], { context });
    if (code !== 0) throw noVenv(python, lastLines(output, 4));
  },
};

/**
 * Returns `version` and the other lines of pyvenv.cfg.
 * @param {Context["paths"]} paths
 * @returns {Record<string, string>}
 */
function readConfig({ venv }) {
  const path = join(venv, "pyvenv.cfg");
  if (!existsSync(path)) return {};
  return Object.fromEntries(
    readFileSync(path, "utf8")
      .split("\n")
      .map((line) => line.split(" = ", 2)),
  );
}

/** @typedef {{ path: string, version: string, canMake: boolean }} Python */

/**
 * Returns the first Python of a supported version that can make environments; PYTHON names one to be tried first.
 * @param {Context} context
 */
export function findPython(context) {
  const usual = ["python3", ...versions.map((version) => `python${version}`), "python"];
  const names = context.env.PYTHON ? [context.env.PYTHON, ...usual] : usual;
  /** @type {Python[]} */
  const found = [];
  for (const name of names) {
    const path = findProgram(name, context.env);
    if (path === undefined || found.some((other) => other.path === path)) continue;
    const answer = answerOf(path, ["-c", probe], context);
    const [version = "no answer", canMake = "no"] = answer?.split(" ") ?? [];
    found.push({ path, version, canMake: canMake === "yes" });
  }
  const fitting = found.filter(({ version }) => supported.test(version));
  const able = fitting.find(({ canMake }) => canMake);
  if (able !== undefined) return able;
  if (fitting[0] !== undefined)
    throw noVenv(fitting[0], `Python ${fitting[0].version} at ${fitting[0].path}, without them`);
  throw new SetupProblem({
    code: "NO_PYTHON",
    title: "No Python that can be used.",
    looked: `Python 3.10 to 3.13: ${names.join(", ")} on PATH`,
    found: found.map(({ path, version }) => `${path} (${version})`).join("\n") || "none of them",
    todo: "Install one (Debian: `apt install python3 python3-venv`; macOS: `brew install python@3.13`),\nor name it: PYTHON=/path/to/python3.12; then run the command again.",
  });
}

const probe = `
import importlib.util as u, sys
print(".".join(map(str, sys.version_info[:3])), "yes" if u.find_spec("venv") and u.find_spec("ensurepip") else "no")`;

/**
 * Returns the problem of a Python that makes no environments.
 * @param {Python} python
 * @param {string} found
 */
export function noVenv({ version }, found) {
  const minor = version.split(".").slice(0, 2).join(".");
  return new SetupProblem({
    code: "NO_VENV",
    title: "Python cannot make an environment here.",
    looked: `the modules venv and ensurepip of Python ${minor}`,
    found,
    todo: `Debian: \`apt install python3-venv\` (or python${minor}-venv); elsewhere install a complete Python. Then run the command again.`,
  });
}

const listOf = (/** @type {Context} */ { root }) => join(root, "setup", "requirements.txt");
/** The proof lies in .venv, so that removing that folder removes it as well. */
const markerOf = (/** @type {Context} */ { paths }) => join(paths.venv, ".thaw-packages.json");
/**
 * JupyterLab's scripts for Node are CommonJS, and this project's package.json would make ES modules of all that lies below
 * it: they then die with "Dynamic require of "util" is not supported" and print themselves.
 */
const scopeOf = (/** @type {Context} */ { paths }) => join(paths.venv, "package.json");
/** This file is there while pip runs: what a killed pip leaves cannot be uninstalled, only written over. */
const startedOf = (/** @type {Context} */ { paths }) => join(paths.venv, ".thaw-packages-started");

/**
 * This step installs JupyterLab, its plotly renderer and what executes notebooks, each at the version that
 * setup/requirements.txt names.
 * @type {Step}
 */
export const pythonPackages = {
  name: "JupyterLab and plotly",
  bytes: 5e8,
  check(context) {
    const marker = readJson(markerOf(context));
    if (marker === undefined)
      return { done: false, detail: existsSync(startedOf(context)) ? "not finished" : "not installed" };
    if (!existsSync(scopeOf(context))) return { done: false, detail: "without its package.json" };
    const done = marker.list === sha256(withoutHashes(readFileSync(listOf(context), "utf8")));
    return { done, detail: done ? `${marker.packages} packages` : "setup/requirements.txt has changed" };
  },
  async run(context) {
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
  },
};
