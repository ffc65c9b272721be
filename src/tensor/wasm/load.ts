/** TensorFlow.js on WebAssembly, which `npm ci` alone brings: one thread, for small models. */
import type * as tfjs from "@tensorflow/tfjs-core";
import { dirname, join, sep } from "../../platform/files.ts";
import { loadPackage, resolvePackage } from "../../platform/packages.ts";

/** tfjs with its WebAssembly backend ready. */
export async function loadWasm(): Promise<typeof tfjs> {
  const tf = withMethods() ?? loadPackage<typeof tfjs>("@tensorflow/tfjs-core");
  const wasm = loadPackage<typeof import("@tensorflow/tfjs-backend-wasm")>("@tensorflow/tfjs-backend-wasm");
  wasm.setWasmPaths(join(dirname(resolvePackage("@tensorflow/tfjs-backend-wasm")), sep));
  await tf.setBackend("wasm");
  registerSegmentSum(tf);
  return tf;
}

/** The package that has methods such as `x.add(y)` too; it comes with the addon's package, which is optional. */
function withMethods(): typeof tfjs | undefined {
  try {
    return loadPackage("@tensorflow/tfjs", { beside: "@tensorflow/tfjs-node-gpu/package.json" });
  } catch {
    return undefined;
  }
}

type Backend = tfjs.DataStorage<unknown> & {
  makeOutput(shape: number[], dtype: tfjs.DataType): tfjs.TensorInfo;
  typedArrayFromHeap(tensor: tfjs.TensorInfo): Float32Array | Int32Array;
};

/**
 * Registers the kernel that the WebAssembly backend lacks: it makes `tf.unsortedSegmentSum`, and with it the gradient of
 * `tf.gather` and of every embedding, work there.
 */
function registerSegmentSum(tf: typeof tfjs): void {
  if (tf.getKernel("UnsortedSegmentSum", "wasm") !== undefined) return;
  tf.registerKernel({
    kernelName: "UnsortedSegmentSum",
    backendName: "wasm",
    kernelFunc: ({ inputs, attrs, backend }) => {
      const { x, segmentIds } = inputs as { x: tfjs.TensorInfo; segmentIds: tfjs.TensorInfo };
      const count = (attrs as { numSegments?: number } | undefined)?.numSegments ?? 0;
      const wasm = backend as unknown as Backend;
      const output = wasm.makeOutput([count, ...x.shape.slice(1)], x.dtype);
      const sums = wasm.typedArrayFromHeap(output).fill(0);
      sumSegments(wasm.typedArrayFromHeap(x), wasm.typedArrayFromHeap(segmentIds), count, sums);
      return output;
    },
  });
}

/** Adds row i of `rows` to row `segments[i]` of `sums [count, width]`; a negative segment is left out, as on TensorFlow. */
function sumSegments(
  rows: Float32Array | Int32Array,
  segments: ArrayLike<number>,
  count: number,
  sums: Float32Array | Int32Array,
): void {
  const width = sums.length / count;
  for (let i = 0; i < segments.length; i++) {
    const segment = segments[i] as number;
    if (segment < 0 || segment >= count) continue;
    for (let j = 0; j < width; j++) {
      sums[segment * width + j] = (sums[segment * width + j] as number) + (rows[i * width + j] as number);
    }
  }
}
