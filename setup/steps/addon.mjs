/** The addon through which Node calls TensorFlow: one compiler call on the sources in @tensorflow/tfjs-node-gpu. */
import { existsSync, mkdirSync, renameSync, rmSync } from "node:fs";
import { join } from "node:path";
import { answerOf, findProgram, lastLines, runProgram } from "../child.mjs";
import { readJson, sha256, writeWhole } from "../files.mjs";
import { SetupProblem } from "../problem.mjs";
import { wheelFolder } from "./tensorflow.mjs";

export const name = "TensorFlow addon";
export const bytes = 1e6;

const outputOf = ({ paths }) => join(paths.binding, "lib", "napi-v8", "tfjs_binding.node");
const markerOf = (context) => `${outputOf(context)}.json`;

export function check(context) {
  const key = keyOf(context);
  if (key === undefined) return { done: false, detail: "waits for npm packages and TensorFlow" };
  if (!existsSync(outputOf(context))) return { done: false, detail: "not built" };
  const marker = readJson(markerOf(context));
  const done = marker?.key === key;
  return { done, detail: done ? `TensorFlow ${marker.tensorflow}` : "built for another package, wheel or folder" };
}

export async function run(context) {
  const tensorflow = wheelFolder(context);
  const compiler = findCompiler(context);
  const folder = join(context.paths.binding, "lib", "napi-v8");
  mkdirSync(folder, { recursive: true });
  const built = join(folder, `building-${process.pid}.node`);
  try {
    const compiled = await runProgram(compiler, compilerCall(context, tensorflow, built), {
      context,
      cwd: context.paths.binding,
    });
    if (compiled.code !== 0) throw cannotBuild(compiler, "a C++17 compiler with its standard library", compiled.output);
    // The old file may be mapped by a running kernel: a rename leaves that one its copy.
    renameSync(built, outputOf(context));
    const smoke = await smokeTest(context);
    if (smoke.error !== undefined)
      throw cannotBuild(compiler, "an addon that loads and multiplies two matrices", smoke.error);
    writeWhole(markerOf(context), `${JSON.stringify({ key: keyOf(context), tensorflow: smoke.tensorflow })}\n`);
  } finally {
    rmSync(built, { force: true });
  }
}

/** Loads the addon in a process of its own: `{ tensorflow, devices }`, or `{ error }`. */
export async function smokeTest(context) {
  const env = { TF_CPP_MIN_LOG_LEVEL: "3", TF_FORCE_GPU_ALLOW_GROWTH: "true" };
  const { code, output } = await runProgram(process.execPath, [join(context.root, "setup", "smoke.cjs")], {
    context,
    env,
  });
  const line = output.split("\n").find((text) => text.startsWith("{"));
  return code === 0 && line !== undefined ? JSON.parse(line) : { error: output.trim() || `ended with code ${code}` };
}

/** The compiler that is used: CXX, or the first of the usual names; `undefined` when there is none. */
export function compilerPath(context) {
  const wanted = context.env.CXX ? [context.env.CXX] : ["c++", "g++", "clang++"];
  return wanted
    .map((name) => findProgram(name, context.env))
    .find((path) => path && answerOf(path, ["--version"], context) !== undefined);
}

function findCompiler(context) {
  const path = compilerPath(context);
  if (path !== undefined) return path;
  const names = context.env.CXX ? `CXX=${context.env.CXX}` : "c++, g++ or clang++ on PATH (CXX names another)";
  throw new SetupProblem({
    code: "NO_COMPILER",
    title: "No C++ compiler.",
    looked: names,
    found: "none that answers to --version",
    todo: "Install one (Debian: `apt install g++`; macOS: `xcode-select --install`) and run the command again.",
  });
}

function compilerCall(context, tensorflow, output) {
  const mac = context.platform === "darwin";
  const library = (stem) => join(tensorflow, mac ? `${stem}.2.dylib` : `${stem}.so.2`);
  return [
    ...["-std=c++17", "-O2", "-fPIC", "-shared", "-DNAPI_VERSION=8"],
    ...(mac ? ["-undefined", "dynamic_lookup"] : []),
    ...["binding/tfjs_backend.cc", "binding/tfjs_binding.cc", "-I."],
    ...[join(tensorflow, "include"), context.paths.napiHeaders].map((path) => `-I${path}`),
    ...[library("libtensorflow_cc"), library("libtensorflow_framework"), `-Wl,-rpath,${tensorflow}`],
    ...["-o", output],
  ];
}

/** Changes when the addon has to be built again; `undefined` while something it is built from is missing. */
function keyOf(context) {
  const tensorflow = wheelFolder(context);
  const wheel = readJson(join(context.paths.venv, ".thaw-tensorflow.json"));
  const version = readJson(join(context.paths.binding, "package.json"))?.version;
  if (tensorflow === undefined || wheel === undefined || version === undefined) return undefined;
  return sha256(JSON.stringify([wheel.requirement, version, tensorflow, context.platform, process.arch]));
}

function cannotBuild(compiler, looked, output) {
  return new SetupProblem({
    code: "ADDON_FAILED",
    title: "The TensorFlow addon could not be built.",
    looked,
    found: `${compiler}, which ended with\n${lastLines(output)}`,
    todo: "Install a complete compiler (Debian: `apt install g++`; macOS: `xcode-select --install`), or name another one\nwith CXX=..., and run the command again.",
  });
}
