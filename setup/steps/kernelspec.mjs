/** The kernel "TypeScript (Thaw)", made known to the JupyterLab in .venv. */
import { existsSync } from "node:fs";
import { join } from "node:path";
import { lastLines, runProgram } from "../child.mjs";
import { readJson, writeWhole } from "../files.mjs";
import { SetupProblem } from "../problem.mjs";

export const name = "Jupyter kernel";
export const bytes = 0;

const markerOf = ({ paths }) => join(paths.venv, ".thaw-kernel.json");
const specOf = ({ paths }) => join(paths.venv, "share", "jupyter", "kernels", "thaw", "kernel.json");

export function check(context) {
  const spec = readJson(specOf(context));
  if (spec === undefined) return { done: false, detail: "not installed" };
  const dead = (spec.argv ?? []).find((part) => part.startsWith("/") && !existsSync(part));
  if (dead !== undefined) return { done: false, detail: `points to ${dead}, which is gone` };
  const done = readJson(markerOf(context))?.key === keyOf(context);
  return { done, detail: done ? `"${spec.display_name}" in .venv` : "made by another Node.js or build" };
}

export async function run(context) {
  const command = join(context.paths.dist, "cli", "thaw.js");
  const args = [command, "install", "--prefix", context.paths.venv];
  const { code, output } = await runProgram(process.execPath, args, { context });
  if (code !== 0 || !existsSync(specOf(context))) {
    throw new SetupProblem({
      code: "NO_KERNEL",
      title: "The Jupyter kernel could not be installed into .venv.",
      looked: specOf(context),
      found: `\`thaw install\` ended with code ${code}:\n${lastLines(output, 6)}`,
      todo: "Run `npx thaw doctor`; if everything else is there, `npx thaw install --prefix .venv` says more.",
    });
  }
  writeWhole(markerOf(context), `${JSON.stringify({ key: keyOf(context) })}\n`);
}

const keyOf = ({ paths }) => [process.execPath, readJson(join(paths.dist, ".thaw-build.json"))?.sources].join(" ");
