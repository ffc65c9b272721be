/**
 * The library of Thaw's own TensorFlow ops (native/), which do in one pass what takes many of TensorFlow's. Set-up compiles
 * them for the processor at hand; where they are missing, everything is composed of TensorFlow's ops instead.
 */
import { createHash } from "../platform/bytes.ts";
import { dirname, join, readFileSync } from "../platform/files.ts";
import { cpus } from "../platform/machine.ts";
import { loadPackage, resolvePackage } from "../platform/packages.ts";
import { engineInfo } from "./tensorflow.ts";

/** Whether the ops of native/ are used: never on a GPU, nor with THAW_NATIVE=0 in the environment. */
export const nativeOps: boolean = process.env.THAW_NATIVE !== "0" && engineInfo().device === "cpu" && load();

/** Chooses the native form of an op where the library is loaded, and the composed form elsewhere. */
export const choose = <Op>(native: Op, composed: Op): Op => (nativeOps ? native : composed);

function load(): boolean {
  try {
    const library = join(
      dirname(resolvePackage("@tensorflow/tfjs-node-gpu/package.json")),
      "lib/napi-v8/thaw_ops.node",
    );
    const marker = JSON.parse(readFileSync(`${library}.json`, "utf8")) as { readonly processor?: string };
    if (marker.processor !== processor()) return false; // built elsewhere: its instructions may not exist here
    loadPackage(library);
    return true;
  } catch {
    return false;
  }
}

/** Identifies the processor as setup/steps/native.mjs does: one name stands for processors with different instructions. */
function processor(): string {
  let flags = "";
  try {
    flags = /^(?:flags|Features)\s*:.*$/m.exec(readFileSync("/proc/cpuinfo", "utf8"))?.[0] ?? "";
  } catch {
    // not Linux: the model's name has to do
  }
  return createHash("sha256").update(`${process.arch} ${cpus()[0]?.model} ${flags}`).digest("hex");
}
