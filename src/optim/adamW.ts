/**
 * AdamW (Loshchilov and Hutter 2017, arXiv:1711.05101) with PyTorch's numbers. State is kept by parameter name with a
 * step count of its own for each, so that a layer thawed late starts with a fresh, rightly corrected state, and a layer
 * that trains on keeps its own.
 */
import type { Tensor } from "@tensorflow/tfjs-core";
import { ThawError } from "../errors.ts";
import { type AdamWFactors, type AdamWUpdate, applyAdamW } from "../tensor/adamW.ts";
import { touchedRows } from "../tensor/marks.ts";
import { NativeVariable } from "../tensor/variable.ts";
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

  /**
   * One step for each of the parameters, in place; gradients are finite, and so is their norm. Throws `NON_FINITE`, with
   * no parameter changed, where a new value of one of them would be NaN or infinite.
   */
  step(updates: Iterable<Update>): void {
    const { beta1, beta2, epsilon } = this;
    const each = Array.from(updates, ({ parameter, gradient, learningRate, weightDecay = 0, gradientScale = 1 }) => {
      const state = this.#stateOf(parameter);
      const rows = state.rows.add(touchedRows(gradient));
      const factors = { learningRate, weightDecay, gradientScale, beta1, beta2, step: state.step + 1, epsilon, rows };
      const bound = boundAfter(parameter.variable.bound, factors);
      const update = { value: parameter.variable, m: state.m, v: state.v, gradient, factors, bound };
      if (bound === undefined) refuseNonFinite(parameter.name, update);
      return { state, update };
    });
    applyAdamW(each.map(({ update }) => update));
    for (const { state } of each) state.step += 1;
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

/** Far enough below the largest float32 that no product on the way to a new value overflows. */
const [surelyFinite, surelyHarmless] = [3e38, 1e18];

/**
 * What no magnitude of the new values exceeds, given that of the present ones: no pass over the values is needed to know
 * that they stay finite. Undefined where it is not certain that they do.
 *
 * By the inequality of Cauchy and Schwarz `|m| <= (1 - beta1) / sqrt(1 - beta2) * sqrt(sum_k (beta1^2 / beta2)^k) * sqrt(v)`
 * with k from 0 to step - 1: the step in units of the learning rate is at most that, whatever the gradients were.
 */
function boundAfter(bound: number, factors: AdamWFactors): number | undefined {
  const { learningRate, weightDecay, beta1, beta2, step, epsilon } = factors;
  const stepSize = learningRate / (1 - beta1 ** step);
  const ratio = beta1 === 0 ? 0 : beta1 ** 2 / beta2;
  const sum = ratio === 1 ? step : (1 - ratio ** step) / (1 - ratio);
  const largest = (1 - beta1) * Math.sqrt((sum * (1 - beta2 ** step)) / (1 - beta2));
  const underflow = 1e-18 / Math.fround(epsilon); // of gradients whose squares float32 does not hold
  const after = (bound * Math.abs(1 - learningRate * weightDecay) + stepSize * (1.01 * largest + underflow)) * 1.000001;
  return stepSize < surelyHarmless && after < surelyFinite ? after : undefined;
}

/** Makes the step on copies. */
function refuseNonFinite(name: string, update: AdamWUpdate): void {
  const [value, m, v] = [update.value.copy(), update.m.copy(), update.v.copy()];
  try {
    applyAdamW([{ ...update, value, m, v }]);
    const after = value.data();
    const bad = after.reduce((count, x) => (Number.isFinite(x) ? count : count + 1), 0);
    if (bad === 0) return;
    const isHealthy = update.value.data().every(Number.isFinite);
    throw new ThawError(
      "NON_FINITE",
      isHealthy
        ? `The step would make ${bad} of ${after.length} values of ${name} NaN or infinite: its learning rate is ` +
            `${update.factors.learningRate}. Lower the learning rate.`
        : `Values of ${name} are NaN or infinite already, before the step. Load the model again.`,
    );
  } finally {
    for (const copy of [value, m, v]) copy.dispose();
  }
}
