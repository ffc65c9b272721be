// Loads the fused operations as the library does, and runs the one that needs the most of TensorFlow.
const util = require("node:util");
util.isNullOrUndefined ??= (value) => value === null || value === undefined;
util.isArray ??= Array.isArray;
const tf = require("@tensorflow/tfjs-node-gpu");
require(process.argv[2]);
const [y] = tf.backend().executeMultipleOutputs("ThawBiasGelu", [], [tf.tensor2d([[1, 2]]), tf.tensor1d([0, -3])], 1);
const [a, b] = y.dataSync();
if (Math.abs(a - 0.8413447) > 1e-6 || Math.abs(b + 0.1586553) > 1e-6) throw new Error(`gelu of 1 and -1: ${a}, ${b}`);
