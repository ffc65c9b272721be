/** The TensorFlow ops that this project runs by name, made of what tfjs has on WebAssembly. */
import type * as tfjs from "@tensorflow/tfjs-core";
import { ThawError } from "../../errors.ts";
import { outliving } from "../marks.ts";

type Tensor = tfjs.Tensor;
type Attributes = ReadonlyMap<string, unknown>;
/** Makes of an op's inputs and attributes, as TensorFlow's op has them, its outputs. */
type WasmOp = (inputs: readonly Tensor[], attributes: Attributes) => Tensor[];
type Table = Readonly<Record<string, WasmOp>>;

/** Runs one of these ops by its name, as the addon does for TensorFlow. */
export function wasmRunner(
  tf: typeof tfjs,
): (name: string, inputs: readonly Tensor[], attributes: Attributes) => Tensor[] {
  const ops = new Map(Object.entries({ ...elementwise(tf), ...products(tf), ...rows(tf), ...variables(tf) }));
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

/** An op of one output, or of several or none, that is given its inputs under names, which come in TensorFlow's order. */
const opOf =
  <Name extends string>(
    names: readonly Name[],
    op: (inputs: Readonly<Record<Name, Tensor>>, attributes: Attributes) => Tensor | Tensor[],
  ): WasmOp =>
  (inputs, attributes) => {
    const byName = Object.fromEntries(names.map((name, i) => [name, inputs[i]])) as Record<Name, Tensor>;
    const outputs = op(byName, attributes);
    return Array.isArray(outputs) ? outputs : [outputs];
  };

function elementwise(tf: typeof tfjs): Table {
  const unary = (op: (x: Tensor) => Tensor) => opOf(["x"], ({ x }) => op(x));
  const binary = (op: (a: Tensor, b: Tensor) => Tensor) => opOf(["a", "b"], ({ a, b }) => op(a, b));
  return {
    AddV2: binary((a, b) => tf.add(a, b)),
    Sub: binary((a, b) => tf.sub(a, b)),
    Mul: binary((a, b) => tf.mul(a, b)),
    BiasAdd: binary((x, bias) => tf.add(x, bias)),
    Erf: unary((x) => tf.erf(x)),
    Exp: unary((x) => tf.exp(x)),
    Square: unary((x) => tf.square(x)),
    Rsqrt: unary((x) => tf.rsqrt(x)),
    Tanh: unary((x) => tf.tanh(x)),
    Softmax: unary((x) => tf.softmax(x)),
    Mean: unary((x) => tf.mean(x, -1, true)),
    Sum: unary((x) => tf.sum(x, -1, true)),
    // summed in double precision: the kernel adds one float after the other
    L2Loss: unary((x) => tf.scalar(squares(x.dataSync()) / 2)),
    BiasAddGrad: unary((x) => tf.sum(x, 0)),
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
  const product = (first: string, second: string): WasmOp =>
    opOf(["a", "b"], ({ a, b }, attributes) =>
      tf.matMul(turned(a, attributes.get(first)), turned(b, attributes.get(second))),
    );
  return {
    MatMul: product("transpose_a", "transpose_b"),
    BatchMatMulV2: product("adj_x", "adj_y"),
    Transpose: opOf(["x", "permutation"], ({ x, permutation }) => tf.transpose(x, [...permutation.dataSync()])),
  };
}

function rows(tf: typeof tfjs): Table {
  return {
    GatherV2: opOf(["table", "indices"], ({ table, indices }) => tf.gather(table, indices as tfjs.Tensor1D)),
    ScatterNd: opOf(["indices", "updates", "shape"], ({ indices, updates, shape }) =>
      tf.scatterND(indices, updates, [...shape.dataSync()]),
    ),
    UnsortedSegmentSum: opOf(["x", "segments", "count"], ({ x, segments, count }) =>
      tf.unsortedSegmentSum(x, segments as tfjs.Tensor1D, count.dataSync()[0] as number),
    ),
    SparseSoftmaxCrossEntropyWithLogits: opOf(["logits", "labels"], ({ logits, labels }) => {
      const [rows, classes] = logits.shape as [number, number];
      const hot = tf.oneHot(labels as tfjs.Tensor1D, classes);
      const loss = tf.neg(tf.sum(tf.mul(tf.logSoftmax(logits), hot), -1));
      return [loss.reshape([rows]), tf.sub(tf.softmax(logits), hot)];
    }),
  };
}

/** TensorFlow's variables on tfjs tensors: a handle stands for a value, and these ops change the value behind it. */
function variables(tf: typeof tfjs): Table {
  const values = new WeakMap<Tensor, Tensor>();

  const valueBehind = (handle: Tensor): Tensor => {
    const value = values.get(handle);
    if (value === undefined) throw new ThawError("DISPOSED", "This variable was freed: load the model again.");
    return value;
  };
  const set = (handle: Tensor, value: Tensor): [] => {
    const before = values.get(handle);
    values.set(handle, outliving(tf.keep(value)));
    before?.dispose();
    return [];
  };

  return {
    VarHandleOp: () => [tf.scalar(0, "int32")],
    AssignVariableOp: opOf(["handle", "value"], ({ handle, value }) => set(handle, value.clone())),
    ReadVariableOp: opOf(["handle"], ({ handle }) => valueBehind(handle).clone()),
    AssignAddVariableOp: opOf(["handle", "x"], ({ handle, x }) => set(handle, tf.add(valueBehind(handle), x))),
    AssignSubVariableOp: opOf(["handle", "x"], ({ handle, x }) => set(handle, tf.sub(valueBehind(handle), x))),
    DestroyResourceOp: opOf(["handle"], ({ handle }) => {
      values.get(handle)?.dispose();
      values.delete(handle);
      return [];
    }),
    /** TensorFlow's form, with epsilon before the correction of the second moment. */
    ResourceApplyAdam: opOf(
      [
        ...(["weight", "m", "v", "beta1Power", "beta2Power"] as const),
        ...(["learningRate", "beta1", "beta2", "epsilon", "gradient"] as const),
      ],
      ({ weight, m, v, epsilon, gradient, ...scalars }) => {
        const number = (name: keyof typeof scalars) => scalars[name].dataSync()[0] as number;
        const [share, squareShare] = [1 - number("beta1"), 1 - number("beta2")];
        const rate = (number("learningRate") * Math.sqrt(1 - number("beta2Power"))) / (1 - number("beta1Power"));
        set(m, tf.add(valueBehind(m), tf.mul(tf.sub(gradient, valueBehind(m)), share)));
        set(v, tf.add(valueBehind(v), tf.mul(tf.sub(tf.square(gradient), valueBehind(v)), squareShare)));
        const change = tf.div(tf.mul(valueBehind(m), rate), tf.add(tf.sqrt(valueBehind(v)), epsilon));
        return set(weight, tf.sub(valueBehind(weight), change));
      },
    ),
  };
}
