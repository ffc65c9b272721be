/**
 * AdamW (Loshchilov and Hutter 2017, arXiv:1711.05101) with PyTorch's numbers. State is kept by parameter name with a
 * step count of its own for each, so that a layer thawed late starts with a fresh, rightly corrected state, and a layer
 * that trains on keeps its own.
 */
import type { Tensor } from "@tensorflow/tfjs-core";
import { touchedRows } from "../engine/touchedRows.ts";
import { NativeVariable } from "../engine/variable.ts";
import { ThawError } from "../errors.ts";
import { RowUnion } from "./rowUnion.ts";

export interface AdamWOptions {
  /** Decay rate of the first moment. Default: 0.9. */
  readonly beta1?: number;
  /** Decay rate of the second moment. Default: 0.999. */
  readonly beta2?: number;
  /** Default: 1e-8, outside the root, after bias correction. */
  readonly epsilon?: number;
}

/** What is updated: a name and its values; a model's `Parameter` is one. */
export interface Updatable {
  readonly name: string;
  readonly shape: readonly number[];
  readonly variable: NativeVariable;
}

export interface Update {
  readonly parameter: Updatable;
  readonly gradient: Tensor;
  readonly learningRate: number;
  /** Decoupled: `weight -= learningRate * weightDecay * weight`. Default: 0. */
  readonly weightDecay?: number;
  /** What the gradient is multiplied with, to clip it. Default: 1. */
  readonly gradientScale?: number;
}

interface Moments {
  step: number;
  readonly rows: RowUnion;
  readonly m: NativeVariable;
  readonly v: NativeVariable;
}

/** AdamW with decoupled weight decay and PyTorch's numbers; its state is kept by parameter name. */
export class AdamW {
  readonly beta1: number;
  readonly beta2: number;
  readonly epsilon: number;
  readonly #state = new Map<string, Moments>();

  constructor({ beta1 = 0.9, beta2 = 0.999, epsilon = 1e-8 }: AdamWOptions = {}) {
    if (!(beta1 >= 0 && beta1 < 1 && beta2 >= 0 && beta2 < 1 && epsilon > 0)) {
      throw new ThawError(
        "BAD_OPTIMIZER",
        `AdamW needs betas in [0, 1) and a positive epsilon, got ${beta1}, ${beta2} and ${epsilon}.`,
      );
    }
    this.beta1 = beta1;
    this.beta2 = beta2;
    this.epsilon = epsilon;
  }

  /** One step for each of the parameters, in place. */
  step(updates: Iterable<Update>): void {
    const { beta1, beta2, epsilon } = this;
    const each = Array.from(updates, ({ parameter, gradient, learningRate, weightDecay = 0, gradientScale = 1 }) => {
      const state = this.#stateOf(parameter);
      state.step += 1;
      const rows = state.rows.add(touchedRows(gradient));
      const factors = { learningRate, weightDecay, gradientScale, beta1, beta2, step: state.step, epsilon, rows };
      return { value: parameter.variable, m: state.m, v: state.v, gradient, factors };
    });
    NativeVariable.applyAdamW(each);
  }

  /** Steps taken for this parameter; 0 where it has no state. */
  stepsOf(name: string): number {
    return this.#state.get(name)?.step ?? 0;
  }

  /** Names that have state. */
  get names(): readonly string[] {
    return [...this.#state.keys()];
  }

  /** Frees the state of every parameter that is not in `names`: a frozen weight has no momentum left to move it. */
  keepOnly(names: ReadonlySet<string>): void {
    for (const [name, { m, v }] of this.#state) {
      if (names.has(name)) continue;
      m.dispose();
      v.dispose();
      this.#state.delete(name);
    }
  }

  dispose(): void {
    this.keepOnly(new Set());
  }

  #stateOf({ name, shape }: Updatable): Moments {
    let state = this.#state.get(name);
    if (state === undefined) {
      state = { step: 0, rows: new RowUnion(), m: new NativeVariable(shape), v: new NativeVariable(shape) };
      this.#state.set(name, state);
    }
    return state;
  }
}
