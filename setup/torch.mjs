/**
 * Makes Python environments with PyTorch and transformers, for the goldens and the benchmarks.
 * `node setup/torch.mjs FOLDER LIST` makes one where it is missing, and says on stderr how far it is.
 */
import { existsSync, mkdirSync, rmSync } from "node:fs";
import { dirname, join } from "node:path";
import { answerOf, lastLines, runProgram } from "./child.mjs";
import { refuseLink } from "./files.mjs";
import { fetchProblem } from "./problem.mjs";
import { contextFrom, isMain, runMain } from "./program.mjs";
import { withProgress } from "./progress.mjs";
import { findPython, noVenv } from "./steps/python.mjs";

const what = "PyTorch and transformers";

/**
 * Returns the Python of the environment in `folder`, which is made anew where it does not have every package of `list` in its version.
 * @param {{ context: import("./context.mjs").Context, folder: string, list: string, stream?: NodeJS.WriteStream }} options `list`: a file of lines
 *   `name==version`; `stream` shows how far it is
 * @throws {SetupProblem} `NO_PYTHON`, `NO_VENV`, `LINKED_FOLDER`; `NO_NETWORK`, `NO_SPACE`, `FETCH_FAILED` from pip
 */
export async function torchPython({ context, folder, list, stream = process.stderr }) {
  const python = join(folder, "bin", "python");
  if (existsSync(python) && hasPackages(python, list, context)) return python;
  refuseLink(folder);
  const base = findPython(context);
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(dirname(folder), { recursive: true });
  // For Linux, PyTorch is linked with NVIDIA's libraries and does not load without them, GPU or not.
  await withProgress(
    `${what} into ${folder}: some 3 GB to fetch, once`,
    () => make(context, base, folder, list),
    stream,
  );
  return python;
}

/**
 * @param {import("./context.mjs").Context} context
 * @param {import("./steps/python.mjs").Python} base
 * @param {string} folder
 * @param {string} list
 */
async function make(context, base, folder, list) {
  const made = await runProgram(base.path, ["-m", "venv", folder], { context });
  if (made.code !== 0) throw noVenv(base, lastLines(made.output, 4));
  const args = ["-m", "pip", "install", "--only-binary=:all:", "--no-cache-dir", "--progress-bar", "off", "-r", list];
  const installed = await runProgram(join(folder, "bin", "python"), args, { context });
  if (installed.code !== 0) throw fetchProblem("pip", what, installed.output);
}

const probe = `
import sys
from importlib.metadata import version
for line in open(sys.argv[1], encoding="utf-8"):
    if "==" in line:
        name, wanted = line.strip().split("==")
        assert version(name) == wanted, line
print("there")`;

/**
 * Tells whether all packages of a list are there: pip installs what a package needs before it, so that a killed one leaves a listed
 * package out.
 * @param {string} python
 * @param {string} list
 * @param {import("./context.mjs").Context} context
 */
const hasPackages = (python, list, context) => answerOf(python, ["-c", probe, list], context) === "there";

if (isMain(import.meta.url)) {
  await runMain(async () => {
    const [folder, list] = process.argv.slice(2);
    if (folder === undefined || list === undefined) throw new Error("Give a folder and a list of packages.");
    await torchPython({ context: contextFrom([]), folder, list });
  });
}
