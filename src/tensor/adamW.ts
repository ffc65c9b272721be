/**
 * One step of AdamW (Loshchilov and Hutter 2017, arXiv:1711.05101) with PyTorch's numbers, in place, as one op over many
 * variables or out of TensorFlow's ops. Which variables step when, and with which factors, is decided in src/optim.
 */
import type { Tensor } from "@tensorflow/tfjs-core";
import { choose } from "./native.ts";
import { rowsTensor } from "./nativeOps.ts";
import { fixedScalar, multiply } from "./ops.ts";
import { boolAttribute, intAttribute, runOpOutputs, tf, typeAttribute, types } from "./tensorflow.ts";
import type { NativeVariable } from "./variable.ts";

/** The factors of one AdamW step, in PyTorch's form. */
export interface AdamWFactors {
  readonly learningRate: number;
  /** Decoupled decay: `weight -= learningRate * weightDecay * weight`. */
  readonly weightDecay: number;
  /** The gradient is multiplied with this, to clip it. */
  readonly gradientScale: number;
  /** Decay rate of the first moment. */
  readonly beta1: number;
  /** Decay rate of the second moment. */
  readonly beta2: number;
  /** Number of this step, from 1. */
  readonly step: number;
  /** Added outside the root, after bias correction. */
  readonly epsilon: number;
  /** Rows, in rising order, outside of which gradient and moments are zero; absent where there may be none such. */
  readonly rows?: Int32Array | undefined;
}

/** One variable's part in an AdamW step. */
export interface AdamWUpdate {
  readonly value: NativeVariable;
  /** The first moment, changed with the value. */
  readonly m: NativeVariable;
  /** The second moment, changed with the value. */
  readonly v: NativeVariable;
  readonly gradient: Tensor;
  readonly factors: AdamWFactors;
  /** No magnitude of the new values exceeds this; undefined where nobody knows. */
  readonly bound?: number | undefined;
}

/** Makes one AdamW step for each of the variables and its two moments, in place. */
export function applyAdamW(updates: readonly AdamWUpdate[]): void {
  if (updates.length === 0) return;
  tf.tidy(() => stepAll(updates));
  for (const { value, bound } of updates) value.noteBound(bound);
}

/** The columns of the fused op's input `factors`, which has one row per variable (native/adamw_op.h, `AdamWFactors`). */
const factorsRow = ({ learningRate, weightDecay, gradientScale, beta1, beta2, step, epsilon }: AdamWFactors) =>
  Object.values({
    gradientScale,
    keep: 1 - learningRate * weightDecay,
    gradientShare: 1 - beta1,
    beta2,
    squareShare: 1 - beta2,
    stepSize: learningRate / (1 - beta1 ** step),
    rootInverse: 1 / Math.sqrt(1 - beta2 ** step),
    epsilon,
  });

/** All updates in one op, each in one pass over memory. */
function fusedStep(updates: readonly AdamWUpdate[]): void {
  const handles = (["value", "m", "v"] as const).flatMap((part) => updates.map((each) => each[part].handleForChange()));
  const gradients = updates.map(({ gradient }) => gradient);
  const factors = tf.tensor1d(
    updates.flatMap((update) => factorsRow(update.factors)),
    "float32",
  );
  const rows = updates.map((update) => rowsTensor(update.factors.rows));
  const inputs = [...handles, ...gradients, factors, ...rows];
  runOpOutputs("ThawAdamW", inputs, [intAttribute("N", updates.length)], []);
}

const float = typeAttribute("T", types.float32);
const adamAttributes = [float, boolAttribute("use_locking", false), boolAttribute("use_nesterov", false)];

/** The updates one after the other, out of TensorFlow's ops. */
function composedStep(updates: readonly AdamWUpdate[]): void {
  for (const { value, m, v, gradient, factors } of updates) {
    const { learningRate, weightDecay, gradientScale, beta1, beta2, step, epsilon } = factors;
    if (weightDecay > 0 && learningRate > 0) decay(value, learningRate * weightDecay);
    const [beta1Power, beta2Power] = [beta1 ** step, beta2 ** step];
    // TensorFlow adds epsilon before it corrects the second moment, PyTorch after it
    const scalars = [beta1Power, beta2Power, learningRate].map((factor) => tf.scalar(factor));
    const betas = [fixedScalar(beta1), fixedScalar(beta2), tf.scalar(epsilon * Math.sqrt(1 - beta2Power))];
    const clipped = gradientScale === 1 ? gradient : multiply(gradient, tf.scalar(gradientScale));
    const handles = [value, m, v].map((variable) => variable.handleForChange());
    runOpOutputs("ResourceApplyAdam", [...handles, ...scalars, ...betas, clipped], adamAttributes, []);
  }
}

/** `value -= value * factor`. */
function decay(variable: NativeVariable, factor: number): void {
  const difference = multiply(variable.value, tf.scalar(factor));
  // the handle drops the value just read: a second reference would make TensorFlow copy the whole variable
  const inputs = [variable.handleForChange(), difference];
  runOpOutputs("AssignSubVariableOp", inputs, [typeAttribute("dtype", types.float32)], []);
}

const stepAll = choose(fusedStep, composedStep);
