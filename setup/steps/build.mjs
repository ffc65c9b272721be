/** Compiles the TypeScript, and makes it known in two ways: as the command `thaw` and as a Jupyter kernel. */
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
} from "node:fs";
import { join } from "node:path";
import { lastLines, runProgram } from "../child.mjs";
import { readJson, sha256, writeWhole } from "../files.mjs";
import { SetupProblem } from "../problem.mjs";

/** @import { Context, Step } from "../context.mjs" */

const folders = ["shared", "src", "kernel", "cli", "bench"];
const settings = ["tsconfig.json", "tsconfig.build.json", "package-lock.json", "setup/bundle.mjs"];
const buildMarkerOf = (/** @type {Pick<Context, "paths">} */ { paths }) => join(paths.dist, ".thaw-build.json");

/**
 * This step makes dist/, compiled from the TypeScript sources, and the kernel in it bundled.
 * @type {Step}
 */
export const build = {
  name: "TypeScript build",
  bytes: 1e7,
  check(context) {
    const marker = readJson(buildMarkerOf(context));
    if (marker === undefined) return { done: false, detail: "not built" };
    const done = marker.sources === sourcesOf(context);
    return { done, detail: done ? "up to date" : "sources have changed" };
  },
  async run(context) {
    const compiler = join(context.paths.modules, "typescript", "bin", "tsc");
    const sources = sourcesOf(context);
    rmSync(buildMarkerOf(context), { force: true });
    for (const args of [[compiler, "-p", "tsconfig.build.json"], [join("setup", "bundle.mjs")]]) {
      const { code, output } = await runProgram(process.execPath, args, { context });
      if (code === 0) continue;
      throw new SetupProblem({
        code: "BUILD_FAILED",
        title: "TypeScript does not compile.",
        looked: `sources in ${folders.join("/, ")}/ without a type error`,
        found: lastLines(output),
        todo: "Mend the lines named above (`git status` shows what differs from the repository), then run the command again.",
      });
    }
    const command = join(context.paths.dist, "cli", "thaw.js");
    if (existsSync(command)) chmodSync(command, 0o755);
    writeWhole(buildMarkerOf(context), `${JSON.stringify({ sources })}\n`);
  },
};

/**
 * Returns a text that changes with every source that is written, added or removed.
 * @param {Context} context
 */
export function sourcesOf({ root }) {
  const lines = settings.map((file) => sha256(readFileSync(join(root, file))));
  for (const folder of folders) {
    if (!existsSync(join(root, folder))) continue;
    for (const file of readdirSync(join(root, folder), { recursive: true, encoding: "utf8" }).sort()) {
      if (!file.endsWith(".ts")) continue;
      const { size, mtimeMs } = statSync(join(root, folder, file));
      lines.push(`${folder}/${file} ${size} ${mtimeMs}`);
    }
  }
  return sha256(lines.join("\n"));
}

const target = join("..", "..", "dist", "cli", "thaw.js");
const linkOf = (/** @type {Context} */ { paths }) => join(paths.modules, ".bin", "thaw");

/**
 * This step links node_modules/.bin/thaw, so that `npx thaw doctor` works in the clone.
 * @type {Step}
 */
export const command = {
  name: "thaw command",
  bytes: 0,
  check(context) {
    const done = readLink(linkOf(context)) === target && existsSync(linkOf(context));
    return { done, detail: done ? "npx thaw" : "not linked" };
  },
  async run(context) {
    const link = linkOf(context);
    const beside = `${link}.${process.pid}`;
    mkdirSync(join(context.paths.modules, ".bin"), { recursive: true });
    rmSync(beside, { force: true });
    symlinkSync(target, beside);
    renameSync(beside, link);
  },
};

/** @param {string} path */
function readLink(path) {
  try {
    return readlinkSync(path);
  } catch {
    return undefined;
  }
}

const specMarkerOf = (/** @type {Context} */ { paths }) => join(paths.venv, ".thaw-kernel.json");
const specOf = (/** @type {Context} */ { paths }) =>
  join(paths.venv, "share", "jupyter", "kernels", "thaw", "kernel.json");

/**
 * This step makes the kernel "TypeScript (Thaw)" known to the JupyterLab in .venv.
 * @type {Step}
 */
export const kernelspec = {
  name: "Jupyter kernel",
  bytes: 0,
  check(context) {
    const spec = readJson(specOf(context));
    if (spec === undefined) return { done: false, detail: "not installed" };
    const dead = (spec.argv ?? []).find((/** @type {string} */ part) => part.startsWith("/") && !existsSync(part));
    if (dead !== undefined) return { done: false, detail: `points to ${dead}, which is gone` };
    const done = readJson(specMarkerOf(context))?.key === specKeyOf(context);
    return { done, detail: done ? `"${spec.display_name}" in .venv` : "made by another Node.js or build" };
  },
  async run(context) {
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
    writeWhole(specMarkerOf(context), `${JSON.stringify({ key: specKeyOf(context) })}\n`);
  },
};

const specKeyOf = (/** @type {Context} */ { paths }) =>
  [process.execPath, readJson(buildMarkerOf({ paths }))?.sources].join(" ");
