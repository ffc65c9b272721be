/** A weight of a model: its state-dict name, its values in native memory, and whether training may move it. */
import type { Tensor } from "@tensorflow/tfjs-core";
import type { Block } from "../freezing/selection.ts";
import { markConstant, markTrainable } from "../tensor/differentiable.ts";
import { NativeVariable } from "../tensor/variable.ts";

/** How values are made where a file has none, as `_init_weights` of transformers does it. */
export type Initial =
  | "zeros"
  | "ones"
  /** N(0, initializerRange) */
  | "normal"
  /** Position p of width w: `sin(p / 10000 ^ (2k / w))` in column 2k, the cosine of the same in column 2k + 1. */
  | "sinusoids"
  | {
      /** Standard deviation of a normal distribution. Default: the config's `initializerRange`. */
      readonly std?: number;
      /** Values are drawn again until they are within this many standard deviations. Default: no limit. */
      readonly cutoff?: number;
      /** Index of a row that is zero, that of the padding; undefined: none. */
      readonly zeroRow?: number | undefined;
    };

/** What a family says of one of its parameters. */
export interface ParameterSpec {
  /** Exactly the name in Hugging Face's state dict. */
  readonly name: string;
  readonly shape: readonly number[];
  readonly block: Block;
  readonly initial: Initial;
}

/** A weight of a model: its state-dict name, shape and values, and whether training may move it. */
export class Parameter {
  readonly name: string;
  readonly shape: readonly number[];
  readonly block: Block;
  /** True where no file gave the values: made from the seed, and of no use until trained or assigned. */
  newlyInitialized: boolean;
  /** Whether training may move it. Set by `model.freeze()` and `model.unfreeze()`, or by hand. */
  requiresGrad = true;
  readonly variable: NativeVariable;
  readonly #changesWhenMade: number;

  constructor(spec: ParameterSpec, values: Float32Array, newlyInitialized: boolean) {
    this.name = spec.name;
    this.shape = spec.shape;
    this.block = spec.block;
    this.newlyInitialized = newlyInitialized;
    this.variable = new NativeVariable(spec.shape, values);
    this.#changesWhenMade = this.variable.changes;
  }

  /** Whether the values are those that the model was loaded with: nothing has trained or assigned them since. */
  get isAsMade(): boolean {
    return this.variable.changes === this.#changesWhenMade;
  }

  /** Number of values. */
  get size(): number {
    return this.shape.reduce((product, size) => product * size, 1);
  }

  /** The present values, for computing with; owned by the parameter, valid until they change. */
  get tensor(): Tensor {
    const value = this.variable.value;
    return this.requiresGrad ? markTrainable(value) : markConstant(value);
  }

  /** A copy of the values. */
  data(): Float32Array {
    return this.variable.data();
  }

  /** Sets the values, from a copy of `values`. */
  assign(values: Float32Array): void {
    this.variable.assign(values.slice());
    this.newlyInitialized = false;
  }

  dispose(): void {
    this.variable.dispose();
  }
}
