/** A float array in TensorFlow's own memory that ops change in place: a weight, or a moment of its optimizer. */
import type { Tensor } from "@tensorflow/tfjs-core";
import { ThawError } from "../errors.ts";
import { noteGarbage } from "../platform/machine.ts";
import { outliving } from "./marks.ts";
import { halfSquaredNorm } from "./ops.ts";
import { elementsOf } from "./shape.ts";
import {
  boolAttribute,
  runOp,
  runOpOutputs,
  shapeAttribute,
  stringAttribute,
  tf,
  typeAttribute,
  types,
} from "./tensorflow.ts";

const float = typeAttribute("dtype", types.float32);
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

/** One float32 array of a fixed shape that the op library changes in place; its owner frees it by `dispose`. */
export class NativeVariable {
  /** The shape of the values. */
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
    this.#handle = outliving(tf.keep(runOp("VarHandleOp", [], attributes)));
    if (values === undefined) this.assign(new Float32Array(elementsOf(shape)));
    else if (values instanceof tf.Tensor) this.#set(values);
    else this.assign(values.slice()); // TensorFlow works on the array it is given: never on the caller's
  }

  /** The present value. Valid until the next change; owned by the variable, not to be disposed. */
  get value(): Tensor {
    this.#assertAlive();
    this.#value ??= outliving(tf.keep(runOp("ReadVariableOp", [this.#handle], [float])));
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
    const size = elementsOf(this.shape);
    if (values.length !== size) {
      throw new ThawError(
        "BAD_SHAPE",
        `${values.length} values do not fit the shape [${this.shape.join(", ")}]: give ${size}.`,
      );
    }
    tf.tidy(() => this.#set(tf.tensor(values, [...this.shape], "float32")));
  }

  #set(tensor: Tensor): void {
    const attributes = [float, boolAttribute("validate_shape", false)];
    runOpOutputs("AssignVariableOp", [this.handleForChange(), tensor], attributes, []);
  }

  /** `value += x`, in place as long as nobody else holds the memory. */
  add(x: Tensor): void {
    runOpOutputs("AssignAddVariableOp", [this.handleForChange(), x], [float], []);
  }

  /** A copy of the values. */
  data(): Float32Array {
    return dataOf(this.value);
  }

  /**
   * Returns a tensor of the present values that keeps them when the variable changes or is freed. It costs nothing until
   * then: a change copies the values first. The caller owns it.
   */
  hold(): Tensor {
    this.#assertAlive();
    return outliving(tf.keep(runOp("ReadVariableOp", [this.#handle], [float])));
  }

  /** Another variable with the same values. */
  copy(): NativeVariable {
    const isKept = this.#value !== undefined;
    const copy = new NativeVariable(this.shape, this.data());
    if (!isKept) this.#forgetValue();
    return copy;
  }

  /**
   * Remembers the present values, and returns the function that puts them back, however often it is called: afterwards
   * the variable is as if it had not changed since. It does nothing to a variable that was freed.
   */
  snapshot(): () => void {
    const [values, changes, bound] = [this.data(), this.#changes, this.#bound];
    return () => {
      if (this.#handle.isDisposed || this.#changes === changes) return;
      this.assign(values.slice());
      this.#changes = changes;
      this.#bound = bound;
    };
  }

  /**
   * The resource handle, for an op that is about to change the values in place: what was read and known of them is
   * forgotten. A tensor of the old values that somebody still holds makes such an op copy the whole variable first.
   */
  handleForChange(): Tensor {
    this.#assertAlive();
    this.#forgetValue();
    this.#bound = undefined;
    return this.#handle;
  }

  /** Says after a change that no value exceeds `bound` in magnitude; undefined where nobody knows. */
  noteBound(bound: number | undefined): void {
    this.#bound = bound;
  }

  /** Frees the memory; a second time does nothing. */
  dispose(): void {
    if (this.#handle.isDisposed) return;
    this.#forgetValue();
    runOpOutputs("DestroyResourceOp", [this.#handle], [boolAttribute("ignore_lookup_error", true)], []);
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

/** Copies the values of a float tensor; most copies are looked at once. */
export function dataOf(tensor: Tensor): Float32Array {
  noteGarbage(4 * tensor.size);
  return tensor.dataSync() as Float32Array;
}
