// Loads the TensorFlow addon as the library does, multiplies two matrices, prints one line of JSON.
const util = require("node:util");
// Gone from Node 23 on, and still called by tfjs-node 4.22 (tensorflow/tfjs#8609).
util.isNullOrUndefined ??= (value) => value === null || value === undefined;
util.isArray ??= Array.isArray;
const tf = require("@tensorflow/tfjs-node-gpu");
const [product] = tf.matMul([[1, 2]], [[3], [4]]).dataSync();
if (product !== 11) throw new Error(`1 * 3 + 2 * 4 is 11, the addon says ${product}`);
const { binding, isUsingGpuDevice } = tf.backend();
console.log(JSON.stringify({ tensorflow: binding.TF_Version, gpu: isUsingGpuDevice }));
