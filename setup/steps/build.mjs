/** Compiles the TypeScript, and makes it known in two ways: as the command `thaw` and as a Jupyter kernel. */
import {
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
const buildRecord = "dist/.tsbuildinfo";

/**
 * This step makes dist/, compiled from the TypeScript sources, and the kernel in it bundled.
 * @type {Step}
 */
export const build = {
  name: "TypeScript build",
  bytes: 1e7,
  check(context) {
    const stale = staleness(context.root);
    return { done: stale === undefined, detail: stale ?? "up to date" };
  },
  async run(context) {
    const compiler = join(context.paths.modules, "typescript", "bin", "tsc");
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
  },
};

/**
 * Says in which way dist/ differs from what a build would make of the sources, or returns undefined. The compiler's own record
 * of a build has each source with the SHA-256 of its text.
 * @param {string} root
 * @returns {string | undefined}
 */
export function staleness(root) {
  const bundle = join(root, "dist", "kernel", "host.cjs"); // of all files of a build it is written last
  const record = readJson(join(root, buildRecord));
  if (record === undefined || !existsSync(bundle)) return "it is not built";
  /** @type {Map<string, string>} */
  const compiled = new Map();
  for (const [index, name] of record.fileNames.entries()) {
    const info = record.fileInfos[index] ?? "";
    if (name.startsWith("../")) compiled.set(name.slice("../".length), typeof info === "string" ? info : info.version);
  }
  for (const folder of folders) {
    if (!existsSync(join(root, folder))) continue;
    for (const name of readdirSync(join(root, folder), { recursive: true, encoding: "utf8" })) {
      const path = `${folder}/${name.replaceAll("\\", "/")}`;
      if (!path.endsWith(".ts")) continue;
      const hash = sha256(readFileSync(join(root, path)));
      if (compiled.get(path) !== hash) return `${path} is ${compiled.has(path) ? "changed" : "new"}`;
    }
  }
  const isSource = (/** @type {string} */ path) => folders.some((folder) => path.startsWith(`${folder}/`));
  const gone = [...compiled.keys()].find((path) => isSource(path) && !existsSync(join(root, path)));
  if (gone !== undefined) return `${gone} is gone`;
  const built = statSync(bundle).mtimeMs;
  const newer = [buildRecord, ...settings].find((file) => statSync(join(root, file)).mtimeMs > built);
  return newer === undefined ? undefined : `${newer} is newer than the kernel's files`;
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

const specKeyOf = (/** @type {Context} */ { root }) =>
  [process.execPath, sha256(readFileSync(join(root, buildRecord)))].join(" ");
