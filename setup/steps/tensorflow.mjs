/** Installs TensorFlow: the wheel with its C++ library, and the addon through which Node calls that. */
import { existsSync, mkdirSync, readdirSync, renameSync, rmSync } from "node:fs";
import { join } from "node:path";
import { answerOf, findProgram, lastLines, runProgram } from "../child.mjs";
import { readJson, sha256, writeWhole } from "../files.mjs";
import { hashedList, tensorflowVersion } from "../pins.mjs";
import { fetchProblem, SetupProblem, speaksOfConnection } from "../problem.mjs";

/** @import { Context, Step } from "../context.mjs" */

const wheelMarkerOf = (/** @type {Context} */ { paths }) => join(paths.venv, ".thaw-tensorflow.json");

/**
 * This step installs TensorFlow's wheel, of which only the C++ library and its headers are used: no Python dependency comes
 * with the CPU one.
 * @type {Step}
 */
export const tensorflow = {
  name: "TensorFlow",
  bytes: 1.6e9,
  check(context) {
    const requirement = requirementOf(context);
    const marker = readJson(wheelMarkerOf(context));
    if (marker === undefined || wheelFolder(context) === undefined) return { done: false, detail: "not installed" };
    const done = marker.requirement === requirement;
    return { done, detail: done ? requirement : `${marker.requirement} is there, this machine wants ${requirement}` };
  },
  async run(context) {
    const requirement = requirementOf(context);
    // What the CUDA extra brings is not pinned: pip would want hashes of all of it.
    const wanted = requirement.includes("[")
      ? [requirement]
      : ["--no-deps", "--require-hashes", "-r", hashedList(context, requirement)];
    const args = ["-m", "pip", "install", "--only-binary=:all:", "--ignore-installed", ...wanted];
    const { code, output } = await runProgram(context.paths.python, args, { context });
    if (/No matching distribution/.test(output) && !speaksOfConnection(output)) {
      throw new SetupProblem({
        code: "NO_TENSORFLOW",
        title: "There is no TensorFlow wheel for this machine.",
        looked: requirement,
        found: `${context.platform} ${process.arch}, ${answerOf(context.paths.python, ["-V"], context) ?? "no Python"}`,
        todo: "Use Linux (x86-64, arm64) or macOS on Apple silicon, and Python 3.10 to 3.13.",
      });
    }
    if (code !== 0) throw fetchProblem("pip", requirement, output);
    writeWhole(wheelMarkerOf(context), `${JSON.stringify({ requirement })}\n`);
  },
};

/**
 * Returns what pip was asked for, as in `tensorflow-cpu==2.21.0`, or `undefined` while it has not come.
 * @param {Context} context
 * @returns {string | undefined}
 */
export const wheelRequirement = (context) => readJson(wheelMarkerOf(context))?.requirement;

/**
 * Returns the folder with libtensorflow_cc and include/, or `undefined`.
 * @param {Context} context
 */
export function wheelFolder({ paths }) {
  const library = join(paths.venv, "lib");
  if (!existsSync(library)) return undefined;
  return readdirSync(library)
    .map((python) => join(library, python, "site-packages", "tensorflow"))
    .find((folder) => existsSync(join(folder, "include", "tensorflow", "c", "eager", "c_api.h")));
}

/**
 * Tells whether an NVIDIA driver answers.
 * @param {Context} context
 */
export function hasGpu(context) {
  const program = findProgram("nvidia-smi", context.env);
  return program !== undefined && /^GPU \d+:/m.test(answerOf(program, ["-L"], context) ?? "");
}

/** @param {Context} context */
function requirementOf(context) {
  if (context.platform === "darwin") return `tensorflow==${tensorflowVersion}`;
  if (process.arch !== "x64") return `tensorflow==${tensorflowVersion}`;
  return hasGpu(context) ? `tensorflow[and-cuda]==${tensorflowVersion}` : `tensorflow-cpu==${tensorflowVersion}`;
}

const addonOf = (/** @type {Context} */ { paths }) => join(paths.binding, "lib", "napi-v8", "tfjs_binding.node");
const addonMarkerOf = (/** @type {Context} */ context) => `${addonOf(context)}.json`;

/**
 * This step builds the addon through which Node calls TensorFlow: one compiler call on the sources in tfjs-node-gpu.
 * @type {Step}
 */
export const addon = {
  name: "TensorFlow addon",
  bytes: 1e6,
  check(context) {
    const key = addonKey(context);
    if (key === undefined) return { done: false, detail: "waits for npm packages and TensorFlow" };
    if (!existsSync(addonOf(context))) return { done: false, detail: "not built" };
    const marker = readJson(addonMarkerOf(context));
    const done = marker?.key === key;
    return { done, detail: done ? `TensorFlow ${marker.tensorflow}` : "built for another package, wheel or folder" };
  },
  async run(context) {
    const wheel = wheelFolder(context);
    if (wheel === undefined) throw new Error("The step before has installed no TensorFlow.");
    const compiler = findCompiler(context);
    const folder = join(context.paths.binding, "lib", "napi-v8");
    mkdirSync(folder, { recursive: true });
    const built = join(folder, `building-${process.pid}.node`);
    try {
      const compiled = await runProgram(compiler, addonCall(context, wheel, built), {
        context,
        cwd: context.paths.binding,
      });
      if (compiled.code !== 0)
        throw cannotBuild(compiler, "a C++17 compiler with its standard library", compiled.output);
      // The old file may be mapped by a running kernel: a rename leaves that one its copy.
      renameSync(built, addonOf(context));
      const smoke = await smokeTest(context);
      if (smoke.error !== undefined)
        throw cannotBuild(compiler, "an addon that loads and multiplies two matrices", smoke.error);
      writeWhole(
        addonMarkerOf(context),
        `${JSON.stringify({ key: addonKey(context), tensorflow: smoke.tensorflow })}\n`,
      );
    } finally {
      rmSync(built, { force: true });
    }
  },
};

/** Variables with which TensorFlow is tried: it does not talk, and does not take the whole GPU. */
export const smokeEnvironment = { TF_CPP_MIN_LOG_LEVEL: "3", TF_FORCE_GPU_ALLOW_GROWTH: "true" };

/**
 * Loads the addon in a process of its own.
 * @param {Context} context
 * @returns {Promise<{ tensorflow: string, gpu: boolean, error?: undefined } | { error: string }>}
 */
export async function smokeTest(context) {
  const program = join(context.root, "setup", "smoke.cjs");
  const { code, output } = await runProgram(process.execPath, [program], { context, env: smokeEnvironment });
  const line = output.split("\n").find((text) => text.startsWith("{"));
  return code === 0 && line !== undefined ? JSON.parse(line) : { error: output.trim() || `ended with code ${code}` };
}

/**
 * Returns the compiler that is used: CXX, or the first of the usual names; `undefined` when there is none.
 * @param {Context} context
 */
export function compilerPath(context) {
  const wanted = context.env.CXX ? [context.env.CXX] : ["c++", "g++", "clang++"];
  return wanted
    .map((name) => findProgram(name, context.env))
    .find((path) => path && answerOf(path, ["--version"], context) !== undefined);
}

/** @param {Context} context */
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

/**
 * Returns the arguments of the compiler.
 * @param {Context} context
 * @param {string} wheel
 * @param {string} output
 */
function addonCall(context, wheel, output) {
  const mac = context.platform === "darwin";
  const library = (/** @type {string} */ stem) => join(wheel, mac ? `${stem}.2.dylib` : `${stem}.so.2`);
  return [
    ...["-std=c++17", "-O2", "-fPIC", "-shared", "-DNAPI_VERSION=8"],
    ...(mac ? ["-undefined", "dynamic_lookup"] : []),
    ...["binding/tfjs_backend.cc", "binding/tfjs_binding.cc", "-I."],
    ...[join(wheel, "include"), context.paths.napiHeaders].map((path) => `-I${path}`),
    ...[library("libtensorflow_cc"), library("libtensorflow_framework"), `-Wl,-rpath,${wheel}`],
    ...["-o", output],
  ];
}

/**
 * Returns a text that changes when the addon has to be built again, or `undefined` while something is missing.
 * @param {Context} context
 */
function addonKey(context) {
  const wheel = wheelFolder(context);
  const requirement = wheelRequirement(context);
  const version = readJson(join(context.paths.binding, "package.json"))?.version;
  if (wheel === undefined || requirement === undefined || version === undefined) return undefined;
  return sha256(JSON.stringify([requirement, version, wheel, context.platform, process.arch]));
}

/**
 * @param {string} compiler
 * @param {string} looked
 * @param {string} output
 */
function cannotBuild(compiler, looked, output) {
  return new SetupProblem({
    code: "ADDON_FAILED",
    title: "The TensorFlow addon could not be built.",
    looked,
    found: `${compiler}, which ended with\n${lastLines(output)}`,
    todo: "Install a complete compiler (Debian: `apt install g++`; macOS: `xcode-select --install`), or name another one\nwith CXX=..., and run the command again.",
  });
}
