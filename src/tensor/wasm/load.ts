/** TensorFlow.js on WebAssembly: what `npm ci` alone brings. One thread, for small models. */
import { createRequire } from "node:module";
import { dirname, join, sep } from "node:path";
import type * as tfjs from "@tensorflow/tfjs-core";
import { registerSegmentSum } from "./segmentSum.ts";

/** tfjs with its WebAssembly backend ready. */
export async function loadWasm(): Promise<typeof tfjs> {
  const require = createRequire(import.meta.url);
  const tf = withMethods(require) ?? (require("@tensorflow/tfjs-core") as typeof tfjs);
  const wasm = require("@tensorflow/tfjs-backend-wasm") as typeof import("@tensorflow/tfjs-backend-wasm");
  wasm.setWasmPaths(join(dirname(require.resolve("@tensorflow/tfjs-backend-wasm")), sep));
  await tf.setBackend("wasm");
  registerSegmentSum(tf);
  return tf;
}

/** The package that has methods such as `x.add(y)` too; it comes with the addon's package, which is optional. */
function withMethods(require: NodeJS.Require): typeof tfjs | undefined {
  try {
    return createRequire(require.resolve("@tensorflow/tfjs-node-gpu/package.json"))("@tensorflow/tfjs");
  } catch {
    return undefined;
  }
}
