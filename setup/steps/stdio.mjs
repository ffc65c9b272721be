/**
 * The addon through which the kernel shows what native code prints, and hears of signals while a cell blocks it
 * (native/stdio): one compiler call. Without it such output goes to the kernel's log and such signals wait, so a compiler
 * that cannot build it is no reason to stop.
 */
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync } from "node:fs";
import { join } from "node:path";
import { lastLines, runProgram } from "../child.mjs";
import { readJson, sha256, writeWhole } from "../files.mjs";
import { compilerPath } from "./addon.mjs";

export const name = "Output of native code";
export const bytes = 1e5;

const folderOf = ({ root }) => join(root, "native", "stdio");
const outputOf = (context) => join(folderOf(context), "build", "stdio.node");
const markerOf = (context) => `${outputOf(context)}.json`;

export function check(context) {
  if (!existsSync(context.paths.napiHeaders)) return { done: false, detail: "waits for npm packages" };
  const marker = readJson(markerOf(context));
  if (marker === undefined) return { done: false, detail: "not built" };
  if (marker.key !== keyOf(context)) return { done: false, detail: "built from another source" };
  if (marker.error !== undefined) return { done: true, detail: `not shown (${marker.error}); it goes to the log` };
  return { done: existsSync(outputOf(context)), detail: "shown under its cell" };
}

export async function run(context) {
  mkdirSync(join(folderOf(context), "build"), { recursive: true });
  const built = `${outputOf(context)}.${process.pid}.part.node`;
  for (const path of [markerOf(context), outputOf(context)]) rmSync(path, { force: true }); // never one without the other
  try {
    const problem = await build(context, built);
    if (problem === undefined) renameSync(built, outputOf(context));
    else process.stdout.write(`\n  What native code prints will go to the kernel's log: ${problem}\n`);
    const error = problem === undefined ? {} : { error: problem.split("\n")[0] };
    writeWhole(markerOf(context), `${JSON.stringify({ key: keyOf(context), ...error })}\n`);
  } finally {
    rmSync(built, { force: true });
  }
}

/** What went wrong, or `undefined`. */
async function build(context, output) {
  const compiler = compilerPath(context);
  if (compiler === undefined) return "no C++ compiler";
  const mac = context.platform === "darwin" ? ["-undefined", "dynamic_lookup"] : [];
  const call = [
    ...["-x", "c", "-std=c11", "-D_GNU_SOURCE", "-D_DARWIN_C_SOURCE", "-DNAPI_VERSION=8", "-O2", "-fPIC", "-shared"],
    ...[...mac, `-I${context.paths.napiHeaders}`, join(folderOf(context), "stdio.c"), "-o", output],
  ];
  const compiled = await runProgram(compiler, call, { context });
  if (compiled.code !== 0) return `the compiler ended with code ${compiled.code}\n${lastLines(compiled.output)}`;
  const ask = `process.exit(require(${JSON.stringify(output)}).capture().length - 4)`;
  const tried = await runProgram(process.execPath, ["-e", ask], { context });
  return tried.code === 0 ? undefined : `the addon does not load\n${lastLines(tried.output)}`;
}

function keyOf(context) {
  return sha256(JSON.stringify([readFileSync(join(folderOf(context), "stdio.c"), "utf8"), process.arch]));
}
