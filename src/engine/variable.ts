/** A float array in TensorFlow's own memory that ops change in place: a weight, or a moment of its optimizer. */
import type { Tensor } from "@tensorflow/tfjs-core";
import { fixedScalar, multiply } from "./ops.ts";
import { boolAttribute, runOp, shapeAttribute, stringAttribute, tf, typeAttribute, types } from "./tensorflow.ts";

const float = typeAttribute("dtype", types.float32);
const adamAttributes = [
  typeAttribute("T", types.float32),
  boolAttribute("use_locking", false),
  boolAttribute("use_nesterov", false),
];
let made = 0;

/** The factors of one Adam step, in TensorFlow's form (`epsilon` is its "epsilon hat"). */
export interface AdamFactors {
  readonly learningRate: number;
  readonly beta1: number;
  readonly beta2: number;
  /** `beta1^t` and `beta2^t` for step number `t` from 1. */
  readonly beta1Power: number;
  readonly beta2Power: number;
  readonly epsilon: number;
}

export class NativeVariable {
  readonly shape: readonly number[];
  readonly #handle: Tensor;
  #value: Tensor | undefined;

  /** Copies `values` (or zeros) of the given shape into native memory. */
  constructor(shape: readonly number[], values?: Float32Array) {
    this.shape = shape;
    made += 1;
    const attributes = [
      stringAttribute("container", ""),
      stringAttribute("shared_name", `thaw-${process.pid}-${made}`),
      float,
      shapeAttribute("shape", shape),
    ];
    this.#handle = tf.keep(runOp("VarHandleOp", [], attributes, 1)[0] as Tensor);
    if (values === undefined) this.assign(new Float32Array(shape.reduce((product, size) => product * size, 1)));
    else this.assign(values.slice()); // TensorFlow works on the array it is given: never on the caller's
  }

  /** The present value. Valid until the next change; owned by the variable, not to be disposed. */
  get value(): Tensor {
    this.#value ??= tf.keep(runOp("ReadVariableOp", [this.#handle], [float], 1)[0] as Tensor);
    return this.#value;
  }

  /** Takes the array over: the caller must not touch it afterwards. */
  assign(values: Float32Array): void {
    this.#forgetValue();
    tf.tidy(() => {
      const tensor = tf.tensor(values, [...this.shape], "float32");
      runOp("AssignVariableOp", [this.#handle, tensor], [float, boolAttribute("validate_shape", false)], 0);
    });
  }

  /** A copy of the values. */
  data(): Float32Array {
    return this.value.dataSync() as Float32Array;
  }

  /** `value -= value * factor`: decoupled weight decay. */
  decay(factor: number): void {
    tf.tidy(() => {
      const difference = multiply(this.value, tf.scalar(factor));
      this.#forgetValue(); // a second reference would make TensorFlow copy the whole variable
      runOp("AssignSubVariableOp", [this.#handle, difference], [float], 0);
    });
  }

  /** One Adam step in place, on this value and its two moments. */
  applyAdam(m: NativeVariable, v: NativeVariable, gradient: Tensor, factors: AdamFactors): void {
    for (const variable of [this, m, v]) variable.#forgetValue();
    tf.tidy(() => {
      const [beta1Power, beta2Power, learningRate, epsilon] = [
        factors.beta1Power,
        factors.beta2Power,
        factors.learningRate,
        factors.epsilon,
      ].map((factor) => tf.scalar(factor)) as [Tensor, Tensor, Tensor, Tensor];
      const betas = [fixedScalar(factors.beta1), fixedScalar(factors.beta2)] as const;
      runOp(
        "ResourceApplyAdam",
        [this.#handle, m.#handle, v.#handle, beta1Power, beta2Power, learningRate, ...betas, epsilon, gradient],
        adamAttributes,
        0,
      );
    });
  }

  dispose(): void {
    this.#forgetValue();
    runOp("DestroyResourceOp", [this.#handle], [boolAttribute("ignore_lookup_error", true)], 0);
    this.#handle.dispose();
  }

  #forgetValue(): void {
    this.#value?.dispose();
    this.#value = undefined;
  }
}
