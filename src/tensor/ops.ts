/**
 * The TensorFlow ops this project uses, eager and outside the gradient tape: call them inside `differentiable`, or
 * where no gradient is wanted. Results belong to the current `tidy` scope.
 */
import type { Tensor } from "@tensorflow/tfjs-core";
import { outliving } from "./marks.ts";
import { choose } from "./native.ts";
import { nativeHalfSquare, nativeProduct, nativeSumRows } from "./nativeOps.ts";
import { boolAttribute, intAttribute, runOp, runOpOutputs, tf, typeAttribute, types } from "./tensorflow.ts";

const float = typeAttribute("T", types.float32);
const floatAttributes = [float];

const unary = (name: string) => (x: Tensor) => runOp(name, [x], floatAttributes);
const binary = (name: string) => (a: Tensor, b: Tensor) => runOp(name, [a, b], floatAttributes);

/** `a + b`, broadcasting. */
export const add = binary("AddV2");
/** `a - b`, broadcasting. */
export const subtract = binary("Sub");
/** `a * b`, broadcasting. */
export const multiply = binary("Mul");
export const erf = unary("Erf");
export const exp = unary("Exp");
export const square = unary("Square");
/** `1 / sqrt(x)` */
export const rsqrt = unary("Rsqrt");
/** The softmax over the last dimension. */
export const softmax = unary("Softmax");
const halfSquare = unary("L2Loss");
/** `sum(x^2) / 2` over all values of all tensors, a scalar. */
export const halfSquaredNorm = choose(nativeHalfSquare, (tensors: readonly Tensor[]) =>
  tf.addN(tensors.map(halfSquare)),
);
/** `x [rows, columns] + bias [columns]`. */
export const biasAdd = binary("BiasAdd");
/** `[rows, columns] -> [columns]`: the sum over rows. */
export const sumRows = choose(nativeSumRows, unary("BiasAddGrad"));

const constants = new Map<string, Tensor>();

function constant(key: string, make: () => Tensor): Tensor {
  let tensor = constants.get(key);
  if (tensor === undefined) {
    tensor = outliving(tf.keep(make()));
    constants.set(key, tensor);
  }
  return tensor;
}

/** A float scalar that is made once and kept; for the few fixed factors of the formulas. */
export const fixedScalar = (value: number): Tensor => constant(`f${value}`, () => tf.scalar(value, "float32"));
const fixedInts = (values: readonly number[]): Tensor =>
  constant(`i${values.join()}`, () => tf.tensor1d([...values], "int32"));

/** `x * factor` for a factor out of a small fixed set. */
export const scale = (x: Tensor, factor: number): Tensor => multiply(x, fixedScalar(factor));

const matMulAttributes = [false, true].map((a) =>
  [false, true].map((b) => [boolAttribute("transpose_a", a), boolAttribute("transpose_b", b), float]),
);
/** Product of two matrices, either of them read as its transpose. */
export const matMul = choose(
  (a: Tensor, b: Tensor, transposeA = false, transposeB = false) => nativeProduct([a], [b], transposeA, transposeB),
  (a: Tensor, b: Tensor, transposeA = false, transposeB = false) =>
    runOp("MatMul", [a, b], matMulAttributes[+transposeA]?.[+transposeB] ?? []),
);

/** `a b^T + bias`, the bias being a row. */
export const matMulBias = choose(
  (a: Tensor, b: Tensor, bias: Tensor) => nativeProduct([a], [b], false, true, [bias]),
  (a: Tensor, b: Tensor, bias: Tensor) => biasAdd(matMul(a, b, false, true), bias),
);

/** `sum_i a_i b_i`. */
export const sumOfProducts = choose(
  (a: readonly Tensor[], b: readonly Tensor[]) => nativeProduct(a, b, false, false),
  (a: readonly Tensor[], b: readonly Tensor[]) => tf.addN(a.map((left, i) => matMul(left, b[i] as Tensor))),
);

const batchMatMulAttributes = [false, true].map((a) =>
  [false, true].map((b) => [boolAttribute("adj_x", a), boolAttribute("adj_y", b), float]),
);
/** Products of the matrices in the last two dimensions of equally shaped batches, read as their transposes or not. */
export function batchMatMul(a: Tensor, b: Tensor, transposeA = false, transposeB = false): Tensor {
  return runOp("BatchMatMulV2", [a, b], batchMatMulAttributes[+transposeA]?.[+transposeB] ?? []);
}

const reduceAttributes = [float, typeAttribute("Tidx", types.int32), boolAttribute("keep_dims", true)];
const reduceLast = (name: string) => (x: Tensor) => runOp(name, [x, fixedInts([x.rank - 1])], reduceAttributes);
/** The mean over the last dimension, which is kept with size 1. */
export const meanLast = reduceLast("Mean");
/** The sum over the last dimension, which is kept with size 1. */
export const sumLast = reduceLast("Sum");

const transposeAttributes = [float, typeAttribute("Tperm", types.int32)];
/** Permutes the dimensions of `x`. */
export const transpose = (x: Tensor, permutation: readonly number[]): Tensor =>
  runOp("Transpose", [x, fixedInts(permutation)], transposeAttributes);

const gatherAttributes = [
  intAttribute("batch_dims", 0),
  typeAttribute("Tparams", types.float32),
  typeAttribute("Tindices", types.int32),
  typeAttribute("Taxis", types.int32),
];
/** Rows of `table [n, width]` by `indices [rows]` (int32) -> `[rows, width]`. */
export const gatherRows = (table: Tensor, indices: Tensor): Tensor =>
  runOp("GatherV2", [table, indices, constant("axis 0", () => tf.scalar(0, "int32"))], gatherAttributes);

const scatterAttributes = [float, typeAttribute("Tindices", types.int32)];
/** The reverse of gathering distinct rows: `rows [n, width]` to `indices [n, 1]` of a zero matrix of `shape` (int32 `[2]`). */
export const scatterRows = (rows: Tensor, indices: Tensor, shape: Tensor): Tensor =>
  runOp("ScatterNd", [indices, rows, shape], scatterAttributes);

const segmentAttributes = [...scatterAttributes, typeAttribute("Tnumsegments", types.int32)];
/** Sums `rows [n, width]` by `segments [n]` into `[count, width]`; rows with a negative segment are left out. */
export const segmentSum = (rows: Tensor, segments: Tensor, count: Tensor): Tensor =>
  runOp("UnsortedSegmentSum", [rows, segments, count], segmentAttributes);

const crossEntropyAttributes = [float, typeAttribute("Tlabels", types.int32)];
/** The loss of each row `[batch]` and its gradient `[batch, labels]`, in one pass over `logits [batch, labels]`. */
export const sparseSoftmaxCrossEntropy = (
  logits: Tensor,
  labels: Tensor,
): { readonly losses: Tensor; readonly gradients: Tensor } =>
  runOpOutputs("SparseSoftmaxCrossEntropyWithLogits", [logits, labels], crossEntropyAttributes, [
    "losses",
    "gradients",
  ]);
