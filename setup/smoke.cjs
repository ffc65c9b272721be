// Loads the TensorFlow addon as the library does, multiplies two matrices, prints one line of JSON.
// `node smoke.cjs LIBRARY` loads the fused operations as well, and runs the one that needs the most of TensorFlow.
const util = /** @type {Record<string, unknown>} */ (require("node:util"));
// Gone from Node 23 on, and still called by tfjs-node 4.22 (tensorflow/tfjs#8609).
util.isNullOrUndefined ??= (/** @type {unknown} */ value) => value === null || value === undefined;
util.isArray ??= Array.isArray;
const tf = require("@tensorflow/tfjs-node-gpu");

/** @typedef {{ binding: { TF_Version: string }, isUsingGpuDevice: boolean, executeMultipleOutputs: (op: string, attributes: readonly object[], inputs: readonly object[], outputs: number) => import("@tensorflow/tfjs-core").Tensor[] }} NodeBackend */
const backend = /** @type {NodeBackend} */ (/** @type {unknown} */ (tf.backend()));

const [product] = tf.matMul([[1, 2]], [[3], [4]]).dataSync();
if (product !== 11) throw new Error(`1 * 3 + 2 * 4 is 11, the addon says ${product}`);

const [, , library] = process.argv;
if (library !== undefined) {
  require(library);
  const inputs = [tf.tensor2d([[1, 2]]), tf.tensor1d([0, -3])];
  const [y] = backend.executeMultipleOutputs("ThawBiasGelu", [], inputs, 1);
  const [a = Number.NaN, b = Number.NaN] = y?.dataSync() ?? [];
  if (!(Math.abs(a - 0.8413447) <= 1e-6 && Math.abs(b + 0.1586553) <= 1e-6))
    throw new Error(`gelu of 1 and -1: ${a}, ${b}`);
}
console.log(JSON.stringify({ tensorflow: backend.binding.TF_Version, gpu: backend.isUsingGpuDevice }));
