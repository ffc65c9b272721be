/**
 * Thaw's own TensorFlow ops (native/): one compiler call for this very processor. Without them training is slower but
 * the same, so a compiler that cannot build them is no reason to stop.
 */
import { createHash } from "node:crypto";
import { existsSync, readdirSync, readFileSync, renameSync, rmSync } from "node:fs";
import { cpus } from "node:os";
import { join } from "node:path";
import { answerOf, lastLines, runProgram } from "../child.mjs";
import { readJson, sha256, writeWhole } from "../files.mjs";
import { compilerPath } from "./addon.mjs";
import { wheelFolder } from "./tensorflow.mjs";

export const name = "Fused operations";
export const bytes = 1e6;

const outputOf = ({ paths }) => join(paths.binding, "lib", "napi-v8", "thaw_ops.node");
const markerOf = (context) => `${outputOf(context)}.json`;

export function check(context) {
  const tensorflow = wheelFolder(context);
  if (tensorflow === undefined) return { done: false, detail: "waits for TensorFlow" };
  const marker = readJson(markerOf(context));
  if (marker === undefined) return { done: false, detail: "not built" };
  const compiler = compilerVersion(context);
  const kept = marker.error === undefined && compiler === undefined; // built, and the compiler has gone since
  if (marker.key !== keyOf(context, tensorflow, kept ? marker.compiler : compiler)) {
    return { done: false, detail: "built for another source, wheel, compiler or processor" };
  }
  if (marker.error !== undefined) return { done: true, detail: `none (${marker.error}); slower ones are used` };
  return { done: existsSync(outputOf(context)), detail: "built for this processor" };
}

export async function run(context) {
  const tensorflow = wheelFolder(context);
  const compiler = compilerVersion(context);
  const key = keyOf(context, tensorflow, compiler);
  const built = `${outputOf(context)}.${process.pid}.part.node`;
  const marker = { key, compiler, processor: processor() };
  for (const path of [markerOf(context), outputOf(context)]) rmSync(path, { force: true }); // never one without the other
  try {
    const problem = compiler === undefined ? "no C++ compiler" : await build(context, tensorflow, built);
    if (problem === undefined) renameSync(built, outputOf(context));
    else
      process.stdout.write(
        `\n  Fused operations could not be built: ${problem}\n  Training works without them, slower.\n`,
      );
    const error = problem === undefined ? {} : { error: problem.split("\n")[0] };
    writeWhole(markerOf(context), `${JSON.stringify({ ...marker, ...error })}\n`);
  } finally {
    rmSync(built, { force: true });
  }
}

/** What went wrong, or `undefined`. */
async function build(context, tensorflow, output) {
  const call = compilerCall(context, tensorflow, output);
  const compiled = await runProgram(compilerPath(context), call, { context, cwd: join(context.root, "native") });
  if (compiled.code !== 0) return `the compiler ended with code ${compiled.code}\n${lastLines(compiled.output)}`;
  const smoke = await runProgram(process.execPath, [join(context.root, "setup", "smokeNative.cjs"), output], {
    context,
    env: { TF_CPP_MIN_LOG_LEVEL: "3", TF_FORCE_GPU_ALLOW_GROWTH: "true" },
  });
  return smoke.code === 0 ? undefined : `the library does not run\n${lastLines(smoke.output)}`;
}

function compilerCall(context, tensorflow, output) {
  const mac = context.platform === "darwin";
  return [
    // -w: the wheel's headers warn of themselves by the hundred
    ...[
      "-std=c++17",
      "-O3",
      process.arch === "x64" ? "-march=native" : "-mcpu=native",
      "-fPIC",
      "-shared",
      "-pthread",
      "-w",
    ],
    // the Eigen of TensorFlow 2.21 does not compile for processors with AVX512_FP16, which most with AVX512_BF16 have
    "-U__AVX512FP16__",
    // no -ffast-math: a number that is none must stay visible
    ...["-fopenmp-simd", "-fno-math-errno", "-fno-trapping-math", "-DNDEBUG", "-DEIGEN_MAX_ALIGN_BYTES=64"],
    ...(mac ? ["-undefined", "dynamic_lookup"] : ["-D_GLIBCXX_USE_CXX11_ABI=1"]),
    ...["thaw_ops.cc", `-I${join(tensorflow, "include")}`],
    ...[join(tensorflow, mac ? "libtensorflow_framework.2.dylib" : "libtensorflow_framework.so.2")],
    ...[`-Wl,-rpath,${tensorflow}`, "-o", output],
  ];
}

const compilerVersion = (context) => {
  const path = compilerPath(context);
  return path && answerOf(path, ["--version"], context)?.split("\n")[0];
};

function keyOf(context, tensorflow, compiler) {
  const folder = join(context.root, "native");
  const sources = readdirSync(folder)
    .filter((file) => /\.(cc|h)$/.test(file))
    .sort()
    .map((file) => sha256(readFileSync(join(folder, file))));
  const wheel = readJson(join(context.paths.venv, ".thaw-tensorflow.json"))?.requirement;
  return sha256(JSON.stringify([sources, wheel, tensorflow, compiler, processor()]));
}

/** The same text as in src/tensor/native.ts: one name stands for processors with different instructions. */
function processor() {
  let flags = "";
  try {
    flags = /^(?:flags|Features)\s*:.*$/m.exec(readFileSync("/proc/cpuinfo", "utf8"))?.[0] ?? "";
  } catch {
    // not Linux: the model's name has to do
  }
  return createHash("sha256").update(`${process.arch} ${cpus()[0]?.model} ${flags}`).digest("hex");
}
