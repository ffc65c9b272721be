/**
 * Compiles our own C and C++, each with one compiler call. All works without, so a compiler that cannot build it is no reason
 * to stop.
 */
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync } from "node:fs";
import { cpus } from "node:os";
import { dirname, join } from "node:path";
import { answerOf, lastLines, runProgram } from "../child.mjs";
import { readJson, sha256, writeWhole } from "../files.mjs";
import { compilerPath, smokeEnvironment, wheelFolder, wheelRequirement } from "./tensorflow.mjs";

/** @import { Context, Step } from "../context.mjs" */

/**
 * Builds an optional library: it and its marker appear together, or the marker alone with what went wrong.
 * @param {string} library
 * @param {Readonly<Record<string, unknown>>} marker what it is built from
 * @param {(output: string) => Promise<string | undefined>} compile builds and tries it; resolves to what went wrong, if anything
 * @param {(problem: string) => string} sentence what it means for the person that there is none
 */
async function make(library, marker, compile, sentence) {
  const built = `${library}.${process.pid}.part.node`;
  mkdirSync(dirname(library), { recursive: true });
  for (const path of [markerOf(library), library]) rmSync(path, { force: true }); // never one without the other
  try {
    const problem = await compile(built);
    if (problem === undefined) renameSync(built, library);
    else process.stdout.write(`\n  ${sentence(problem)}\n`);
    const error = problem === undefined ? {} : { error: problem.split("\n")[0] };
    writeWhole(markerOf(library), `${JSON.stringify({ ...marker, ...error })}\n`);
  } finally {
    rmSync(built, { force: true });
  }
}

const markerOf = (/** @type {string} */ library) => `${library}.json`;

/** Calls the compiler and then a program that tries the library. Resolves to what went wrong, or `undefined`. */
async function compileAndTry(
  /** @type {{ context: Context, compiler: string, call: readonly string[], cwd?: string, tryArgs: readonly string[] }} */
  { context, compiler, call, cwd = context.root, tryArgs },
  /** @type {string} */ fault,
) {
  const compiled = await runProgram(compiler, call, { context, cwd });
  if (compiled.code !== 0) return `the compiler ended with code ${compiled.code}\n${lastLines(compiled.output)}`;
  const tried = await runProgram(process.execPath, tryArgs, { context, env: smokeEnvironment });
  return tried.code === 0 ? undefined : `${fault}\n${lastLines(tried.output)}`;
}

const fusedLibrary = (/** @type {Context} */ { paths }) => join(paths.binding, "lib", "napi-v8", "thaw_ops.node");

/**
 * This step compiles Thaw's own TensorFlow ops (native/) for this very processor. Without them training is slower but the same.
 * @type {Step}
 */
export const fusedOperations = {
  name: "Fused operations",
  bytes: 1e6,
  check(context) {
    const wheel = wheelFolder(context);
    if (wheel === undefined) return { done: false, detail: "waits for TensorFlow" };
    const library = fusedLibrary(context);
    const marker = readJson(markerOf(library));
    if (marker === undefined) return { done: false, detail: "not built" };
    const compiler = compilerVersion(context);
    const kept = marker.error === undefined && compiler === undefined; // built, and the compiler has gone since
    if (marker.key !== fusedKey(context, wheel, kept ? marker.compiler : compiler)) {
      return { done: false, detail: "built for another source, wheel, compiler or processor" };
    }
    if (marker.error !== undefined) return { done: true, detail: `none (${marker.error}); slower ones are used` };
    return { done: existsSync(library), detail: "built for this processor" };
  },
  async run(context) {
    const wheel = wheelFolder(context);
    if (wheel === undefined) throw new Error("The step before has installed no TensorFlow.");
    const version = compilerVersion(context);
    const compiler = compilerPath(context);
    const marker = { key: fusedKey(context, wheel, version), compiler: version, processor: processor() };
    const compile = async (/** @type {string} */ output) => {
      if (compiler === undefined) return "no C++ compiler";
      const call = fusedCall(context, wheel, output);
      const tryArgs = [join(context.root, "setup", "smoke.cjs"), output];
      const cwd = join(context.root, "native");
      return compileAndTry({ context, compiler, call, cwd, tryArgs }, "the library does not run");
    };
    const sentence = (/** @type {string} */ problem) =>
      `Fused operations could not be built: ${problem}\n  Training works without them, slower.`;
    await make(fusedLibrary(context), marker, compile, sentence);
  },
};

/**
 * Returns the arguments of the compiler.
 * @param {Context} context
 * @param {string} wheel TensorFlow's folder
 * @param {string} output
 * @param {string} [target] the option that names the processor; default: the one at hand
 */
export function fusedCall(context, wheel, output, target = process.arch === "x64" ? "-march=native" : "-mcpu=native") {
  const mac = context.platform === "darwin";
  return [
    // -w: the wheel's headers warn of themselves by the hundred
    ...["-std=c++17", "-O3", target, "-fPIC", "-shared", "-pthread", "-w"],
    // the Eigen of TensorFlow 2.21 does not compile for processors with AVX512_FP16, which most with AVX512_BF16 have
    "-U__AVX512FP16__",
    // no -ffast-math: a number that is none must stay visible
    ...["-fopenmp-simd", "-fno-math-errno", "-fno-trapping-math", "-DNDEBUG", "-DEIGEN_MAX_ALIGN_BYTES=64"],
    ...(mac ? ["-undefined", "dynamic_lookup"] : ["-D_GLIBCXX_USE_CXX11_ABI=1"]),
    ...["thaw_ops.cc", `-I${join(wheel, "include")}`],
    ...[join(wheel, mac ? "libtensorflow_framework.2.dylib" : "libtensorflow_framework.so.2")],
    ...[`-Wl,-rpath,${wheel}`, "-o", output],
  ];
}

/** @param {Context} context */
function compilerVersion(context) {
  const path = compilerPath(context);
  return path && answerOf(path, ["--version"], context)?.split("\n")[0];
}

/**
 * Returns a text that changes when the operations have to be built again.
 * @param {Context} context
 * @param {string} wheel
 * @param {string | undefined} compiler
 */
function fusedKey(context, wheel, compiler) {
  const folder = join(context.root, "native");
  const sources = readdirSync(folder)
    .filter((file) => /\.(cc|h)$/.test(file))
    .sort()
    .map((file) => sha256(readFileSync(join(folder, file))));
  return sha256(JSON.stringify([sources, wheelRequirement(context), wheel, compiler, processor()]));
}

/** Returns the same text as in src/tensor/native.ts: one name stands for processors with different instructions. */
function processor() {
  let flags = "";
  try {
    flags = /^(?:flags|Features)\s*:.*$/m.exec(readFileSync("/proc/cpuinfo", "utf8"))?.[0] ?? "";
  } catch {
    // not Linux: the model's name has to do
  }
  return createHash("sha256").update(`${process.arch} ${cpus()[0]?.model} ${flags}`).digest("hex");
}

const outputSource = (/** @type {Context} */ { root }) => join(root, "native", "stdio", "stdio.c");
const outputLibrary = (/** @type {Context} */ { root }) => join(root, "native", "stdio", "build", "stdio.node");

/**
 * This step compiles the addon through which the kernel shows what native code prints, and hears of signals while a cell blocks it
 * (native/stdio). Without it such output goes to the kernel's log, and such signals wait.
 * @type {Step}
 */
export const nativeOutput = {
  name: "Output of native code",
  bytes: 1e5,
  check(context) {
    if (!existsSync(context.paths.napiHeaders)) return { done: false, detail: "waits for npm packages" };
    const library = outputLibrary(context);
    const marker = readJson(markerOf(library));
    if (marker === undefined) return { done: false, detail: "not built" };
    if (marker.key !== outputKey(context)) return { done: false, detail: "built from another source" };
    if (marker.error !== undefined) return { done: true, detail: `not shown (${marker.error}); it goes to the log` };
    return { done: existsSync(library), detail: "shown under its cell" };
  },
  async run(context) {
    const library = outputLibrary(context);
    const compiler = compilerPath(context);
    const compile = async (/** @type {string} */ output) => {
      if (compiler === undefined) return "no C++ compiler";
      const mac = context.platform === "darwin" ? ["-undefined", "dynamic_lookup"] : [];
      const call = [
        ...[
          "-x",
          "c",
          "-std=c11",
          "-D_GNU_SOURCE",
          "-D_DARWIN_C_SOURCE",
          "-DNAPI_VERSION=8",
          "-O2",
          "-fPIC",
          "-shared",
        ],
        ...[...mac, `-I${context.paths.napiHeaders}`, outputSource(context), "-o", output],
      ];
      const ask = `process.exit(require(${JSON.stringify(output)}).capture().length - 4)`;
      return compileAndTry({ context, compiler, call, tryArgs: ["-e", ask] }, "the addon does not load");
    };
    const sentence = (/** @type {string} */ problem) =>
      `What native code prints will go to the kernel's log: ${problem}`;
    await make(library, { key: outputKey(context) }, compile, sentence);
  },
};

/** @param {Context} context */
function outputKey(context) {
  return sha256(JSON.stringify([readFileSync(outputSource(context), "utf8"), process.arch]));
}
