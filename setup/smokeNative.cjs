// Loads the fused operations as the library does, runs the one that needs the most of TensorFlow, and prints whose
// products of matrices are faster on this processor.
process.env.OPENBLAS_NUM_THREADS = "1"; // the threads are TensorFlow's
const util = require("node:util");
util.isNullOrUndefined ??= (value) => value === null || value === undefined;
util.isArray ??= Array.isArray;
const tf = require("@tensorflow/tfjs-node-gpu");
require(process.argv[2]);
const { binding } = tf.backend();
const [y] = tf.backend().executeMultipleOutputs("ThawBiasGelu", [], [tf.tensor2d([[1, 2]]), tf.tensor1d([0, -3])], 1);
const [a, b] = y.dataSync();
if (Math.abs(a - 0.8413447) > 1e-6 || Math.abs(b + 0.1586553) > 1e-6) throw new Error(`gelu of 1 and -1: ${a}, ${b}`);
console.log(`products: ${fasterProducts()}`);

/**
 * Those of OpenBLAS, unless it is missing, its bits depend on how a product is cut among threads, or TensorFlow is
 * faster by a tenth (and not by less, so that the next set-up chooses the same).
 */
function fasterProducts() {
  const attribute = (name, type, value) => ({ name, type: binding[type], value });
  const attributes = [
    ...["N", "M"].map((name, i) => attribute(name, "TF_ATTR_INT", 1 - i)),
    ...["transpose_a", "transpose_b"].map((name, i) => attribute(name, "TF_ATTR_BOOL", i === 1)),
  ];
  const [x, weight] = [tf.randomUniform([510, 384]), tf.randomUniform([1500, 384])];
  const product = (rows) => tf.backend().executeMultipleOutputs("ThawProduct", attributes, [rows, weight], 1)[0];
  const candidates = {
    openblas: () => product(x),
    tensorflow: () => tf.matMul(x, weight, false, true),
  };
  const best = { openblas: Number.POSITIVE_INFINITY, tensorflow: Number.POSITIVE_INFINITY };
  try {
    const difference = tf.sub(candidates.openblas(), candidates.tensorflow()).abs().max().dataSync()[0];
    if (!(difference < 1e-3)) return "tensorflow"; // some builds multiply wrongly on some processors
    const parts = tf.concat([product(x.slice(0, 72)), product(x.slice(72))]);
    if (tf.notEqual(parts, product(x)).any().dataSync()[0]) return "tensorflow";
  } catch {
    return "tensorflow";
  }
  for (let round = 0; round < 30; round++) {
    for (const [name, multiply] of Object.entries(candidates)) {
      const started = performance.now();
      for (let i = 0; i < 3; i++) multiply().dispose();
      best[name] = Math.min(best[name], performance.now() - started);
    }
  }
  return best.openblas <= 1.1 * best.tensorflow ? "openblas" : "tensorflow";
}
