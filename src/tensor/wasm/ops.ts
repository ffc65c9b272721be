/** The TensorFlow ops that this project runs by name, made of what tfjs has on WebAssembly. */
import type * as tfjs from "@tensorflow/tfjs-core";
import { ThawError } from "../../errors.ts";
import { variableOps } from "./variables.ts";

type Tensor = tfjs.Tensor;

/** Inputs and attributes as TensorFlow's op has them -> its outputs. */
export type WasmOp = (inputs: readonly Tensor[], attributes: ReadonlyMap<string, unknown>) => Tensor[];

/** A function that runs one of these ops by its name, as the addon does for TensorFlow. */
export function wasmRunner(
  tf: typeof tfjs,
): (name: string, inputs: readonly Tensor[], attributes: ReadonlyMap<string, unknown>) => Tensor[] {
  const ops = new Map(Object.entries({ ...elementwise(tf), ...products(tf), ...rows(tf), ...variableOps(tf) }));
  return (name, inputs, attributes) => {
    const op = ops.get(name);
    if (op !== undefined) return op(inputs, attributes);
    throw new ThawError(
      "ENGINE_MISSING",
      `"${name}" runs on TensorFlow only, and what is loaded is the WebAssembly fallback. Run \`npx thaw setup\` for ` +
        "TensorFlow; `npx thaw doctor` shows what is missing.",
    );
  };
}

type Table = Readonly<Record<string, WasmOp>>;
const one =
  (op: (...inputs: Tensor[]) => Tensor): WasmOp =>
  (inputs) => [op(...inputs)];

function elementwise(tf: typeof tfjs): Table {
  const lastKept = (reduce: typeof tf.sum): WasmOp => one((x) => reduce(x as Tensor, -1, true));
  return {
    AddV2: one((a, b) => tf.add(a as Tensor, b as Tensor)),
    Sub: one((a, b) => tf.sub(a as Tensor, b as Tensor)),
    Mul: one((a, b) => tf.mul(a as Tensor, b as Tensor)),
    BiasAdd: one((x, bias) => tf.add(x as Tensor, bias as Tensor)),
    Erf: one((x) => tf.erf(x as Tensor)),
    Exp: one((x) => tf.exp(x as Tensor)),
    Square: one((x) => tf.square(x as Tensor)),
    Rsqrt: one((x) => tf.rsqrt(x as Tensor)),
    Tanh: one((x) => tf.tanh(x as Tensor)),
    Softmax: one((x) => tf.softmax(x as Tensor)),
    Mean: lastKept(tf.mean),
    Sum: lastKept(tf.sum),
    // summed in double precision: the kernel adds one float after the other
    L2Loss: one((x) => tf.scalar(squares((x as Tensor).dataSync()) / 2)),
    BiasAddGrad: one((x) => tf.sum(x as Tensor, 0)),
  };
}

function squares(values: ArrayLike<number>): number {
  let sum = 0;
  for (let i = 0; i < values.length; i++) sum += (values[i] as number) ** 2;
  return sum;
}

/** Transposed factors are copied first: read in place they are products of a fifteenth of the speed here. */
function products(tf: typeof tfjs): Table {
  const turned = (x: Tensor, isTransposed: unknown): Tensor => {
    if (isTransposed !== true) return x;
    const axes = x.shape.map((_, axis) => axis);
    return tf.transpose(x, [...axes.slice(0, -2), x.rank - 1, x.rank - 2]);
  };
  const product =
    (first: string, second: string): WasmOp =>
    ([a, b], attributes) => [
      tf.matMul(turned(a as Tensor, attributes.get(first)), turned(b as Tensor, attributes.get(second))),
    ];
  return {
    MatMul: product("transpose_a", "transpose_b"),
    BatchMatMulV2: product("adj_x", "adj_y"),
    Transpose: one((x, permutation) => tf.transpose(x as Tensor, [...(permutation as Tensor).dataSync()])),
  };
}

function rows(tf: typeof tfjs): Table {
  return {
    GatherV2: one((table, indices) => tf.gather(table as Tensor, indices as tfjs.Tensor1D)),
    ScatterNd: ([indices, updates, shape]) => [
      tf.scatterND(indices as Tensor, updates as Tensor, [...(shape as Tensor).dataSync()]),
    ],
    UnsortedSegmentSum: ([x, segments, count]) => [
      tf.unsortedSegmentSum(x as Tensor, segments as tfjs.Tensor1D, (count as Tensor).dataSync()[0] as number),
    ],
    SparseSoftmaxCrossEntropyWithLogits: ([logits, labels]) => {
      const [rows, classes] = (logits as Tensor).shape as [number, number];
      const hot = tf.oneHot(labels as tfjs.Tensor1D, classes);
      const logProbabilities = tf.logSoftmax(logits as Tensor);
      const loss = tf.neg(tf.sum(tf.mul(logProbabilities, hot), -1));
      return [loss.reshape([rows]), tf.sub(tf.softmax(logits as Tensor), hot)];
    },
  };
}
