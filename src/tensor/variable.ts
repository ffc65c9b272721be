/** A float array in TensorFlow's own memory that ops change in place: a weight, or a moment of its optimizer. */
import type { Tensor } from "@tensorflow/tfjs-core";
import { ThawError } from "../errors.ts";
import { noteGarbage } from "../platform/machine.ts";
import { outliving } from "./lasting.ts";
import { nativeOps } from "./native.ts";
import { rowsTensor } from "./nativeOps.ts";
import { fixedScalar, halfSquaredNorm, multiply } from "./ops.ts";
import {
  boolAttribute,
  intAttribute,
  runOp,
  shapeAttribute,
  stringAttribute,
  tf,
  typeAttribute,
  types,
} from "./tensorflow.ts";

const float = typeAttribute("dtype", types.float32);
const adamAttributes = [
  typeAttribute("T", types.float32),
  boolAttribute("use_locking", false),
  boolAttribute("use_nesterov", false),
];
let made = 0;

/**
 * Names of freed variables by their shape, to be used again: TensorFlow keeps for ever what it needs to make a variable
 * of a name, some kilobytes.
 */
const freeNames = new Map<string, string[]>();

function nameFor(shape: readonly number[]): string {
  const free = freeNames.get(shape.join())?.pop();
  if (free !== undefined) return free;
  made += 1;
  return `thaw-${process.pid}-${made}`;
}

/** The factors of one AdamW step, in PyTorch's form. */
export interface AdamWFactors {
  readonly learningRate: number;
  /** Decoupled: `weight -= learningRate * weightDecay * weight`. */
  readonly weightDecay: number;
  /** What the gradient is multiplied with, to clip it. */
  readonly gradientScale: number;
  readonly beta1: number;
  readonly beta2: number;
  /** Number of this step, from 1. */
  readonly step: number;
  /** Outside the root, after bias correction. */
  readonly epsilon: number;
  /** Rows, in rising order, outside of which gradient and moments are zero; absent = none such. */
  readonly rows?: Int32Array | undefined;
}

/** What one AdamW step does to one variable. */
export interface AdamWUpdate {
  readonly value: NativeVariable;
  /** First and second moment. */
  readonly m: NativeVariable;
  readonly v: NativeVariable;
  readonly gradient: Tensor;
  readonly factors: AdamWFactors;
  /** What no magnitude of the new values exceeds; undefined where nobody knows. */
  readonly bound?: number | undefined;
}

export class NativeVariable {
  readonly shape: readonly number[];
  readonly #name: string;
  readonly #handle: Tensor;
  #value: Tensor | undefined;
  #changes = 0;
  /** Known until the values change in a way that says nothing of their size. */
  #bound: number | undefined;

  /** Copies `values` (or zeros) of the given shape into native memory; the memory of a tensor is shared with it. */
  constructor(shape: readonly number[], values?: Float32Array | Tensor) {
    this.shape = shape;
    this.#name = nameFor(shape);
    const attributes = [
      stringAttribute("container", ""),
      stringAttribute("shared_name", this.#name),
      float,
      shapeAttribute("shape", shape),
    ];
    this.#handle = outliving(tf.keep(runOp("VarHandleOp", [], attributes, 1)[0] as Tensor));
    if (values === undefined) this.assign(new Float32Array(shape.reduce((product, size) => product * size, 1)));
    else if (values instanceof tf.Tensor) this.#set(values);
    else this.assign(values.slice()); // TensorFlow works on the array it is given: never on the caller's
  }

  /** The present value. Valid until the next change; owned by the variable, not to be disposed. */
  get value(): Tensor {
    this.#assertAlive();
    this.#value ??= outliving(tf.keep(runOp("ReadVariableOp", [this.#handle], [float], 1)[0] as Tensor));
    return this.#value;
  }

  /** Grows with every change of the values. */
  get changes(): number {
    return this.#changes;
  }

  /**
   * A number that no value exceeds in magnitude, which costs a pass over the values only where somebody else than AdamW
   * has changed them. It is NaN or infinite where a value is, or where values are beyond 1e19.
   */
  get bound(): number {
    // the largest magnitude is at most the root of the sum of all squares
    this.#bound ??= tf.tidy(() => Math.sqrt(2 * (halfSquaredNorm([this.value]).dataSync()[0] as number)));
    return this.#bound;
  }

  /** Takes the array over: the caller must not touch it afterwards. */
  assign(values: Float32Array): void {
    this.#assertAlive();
    const size = this.shape.reduce((product, length) => product * length, 1);
    if (values.length !== size) {
      throw new ThawError(
        "BAD_SHAPE",
        `${values.length} values do not fit the shape [${this.shape.join(", ")}]: give ${size}.`,
      );
    }
    this.#forgetValue();
    this.#bound = undefined;
    tf.tidy(() => this.#set(tf.tensor(values, [...this.shape], "float32")));
  }

  #set(tensor: Tensor): void {
    runOp("AssignVariableOp", [this.#handle, tensor], [float, boolAttribute("validate_shape", false)], 0);
  }

  /** `value += x`, in place as long as nobody else holds the memory. */
  add(x: Tensor): void {
    this.#assertAlive();
    this.#forgetValue();
    this.#bound = undefined;
    runOp("AssignAddVariableOp", [this.#handle, x], [float], 0);
  }

  /** A copy of the values. */
  data(): Float32Array {
    noteGarbage(4 * this.value.size); // most are looked at once
    return this.value.dataSync() as Float32Array;
  }

  /** Another variable with the same values. */
  copy(): NativeVariable {
    const isKept = this.#value !== undefined;
    const copy = new NativeVariable(this.shape, this.data());
    if (!isKept) this.#forgetValue();
    return copy;
  }

  /** One AdamW step for each of the variables and its two moments, in place. */
  static applyAdamW(updates: readonly AdamWUpdate[]): void {
    if (updates.length === 0) return;
    tf.tidy(() => {
      if (nativeOps) NativeVariable.#applyFused(updates);
      else for (const { value, m, v, gradient, factors } of updates) value.#applyComposed(m, v, gradient, factors);
    });
    for (const { value, m, v, bound } of updates) {
      value.#bound = bound;
      for (const moment of [m, v]) moment.#bound = undefined;
    }
  }

  /** All of them in one op, each in one pass over memory. */
  static #applyFused(updates: readonly AdamWUpdate[]): void {
    const numbers = updates.flatMap(({ factors }) => {
      const { learningRate, weightDecay, gradientScale, beta1, beta2, step, epsilon } = factors;
      return [
        gradientScale,
        1 - learningRate * weightDecay,
        1 - beta1,
        beta2,
        1 - beta2,
        learningRate / (1 - beta1 ** step),
        1 / Math.sqrt(1 - beta2 ** step),
        epsilon,
      ];
    });
    const handles = (["value", "m", "v"] as const).flatMap((part) =>
      updates.map((update) => {
        update[part].#forgetValue();
        return update[part].#handle;
      }),
    );
    const gradients = updates.map(({ gradient }) => gradient);
    const rows = updates.map(({ factors }) => rowsTensor(factors.rows));
    const inputs = [...handles, ...gradients, tf.tensor1d(numbers, "float32"), ...rows];
    runOp("ThawAdamW", inputs, [intAttribute("N", updates.length)], 0);
  }

  #applyComposed(m: NativeVariable, v: NativeVariable, gradient: Tensor, factors: AdamWFactors): void {
    const { learningRate, weightDecay, gradientScale, beta1, beta2, step, epsilon } = factors;
    if (weightDecay > 0 && learningRate > 0) this.#decay(learningRate * weightDecay);
    for (const variable of [this, m, v]) variable.#forgetValue();
    const [beta1Power, beta2Power] = [beta1 ** step, beta2 ** step];
    // TensorFlow adds epsilon before it corrects the second moment, PyTorch after it
    const scalars = [beta1Power, beta2Power, learningRate].map((factor) => tf.scalar(factor));
    const betas = [fixedScalar(beta1), fixedScalar(beta2), tf.scalar(epsilon * Math.sqrt(1 - beta2Power))];
    const clipped = gradientScale === 1 ? gradient : multiply(gradient, tf.scalar(gradientScale));
    const handles = [this.#handle, m.#handle, v.#handle];
    runOp("ResourceApplyAdam", [...handles, ...scalars, ...betas, clipped], adamAttributes, 0);
  }

  /** `value -= value * factor`: decoupled weight decay. */
  #decay(factor: number): void {
    const difference = multiply(this.value, tf.scalar(factor));
    this.#forgetValue(); // a second reference would make TensorFlow copy the whole variable
    runOp("AssignSubVariableOp", [this.#handle, difference], [float], 0);
  }

  /** Frees the memory; a second time does nothing. */
  dispose(): void {
    if (this.#handle.isDisposed) return;
    this.#forgetValue();
    runOp("DestroyResourceOp", [this.#handle], [boolAttribute("ignore_lookup_error", true)], 0);
    this.#handle.dispose();
    const key = this.shape.join();
    const free = freeNames.get(key);
    if (free === undefined) freeNames.set(key, [this.#name]);
    else free.push(this.#name);
  }

  #assertAlive(): void {
    if (!this.#handle.isDisposed) return;
    throw new ThawError("DISPOSED", "These weights were freed by dispose(): load the model again.");
  }

  /** Before every change: nothing else changes the values. */
  #forgetValue(): void {
    this.#changes += 1;
    this.#value?.dispose();
    this.#value = undefined;
  }
}
