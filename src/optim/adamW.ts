/**
 * AdamW (Loshchilov and Hutter 2017, arXiv:1711.05101) with PyTorch's numbers. Each parameter has its own state and
 * step count, kept by its name. So a layer unfrozen late starts with fresh state and correct bias correction, and a
 * layer that continues to train keeps its state.
 */
import type { Tensor } from "@tensorflow/tfjs-core";
import { ThawError } from "../errors.ts";
import { type AdamWFactors, type AdamWUpdate, applyAdamW } from "../tensor/adamW.ts";
import { touchedRows } from "../tensor/marks.ts";
import { NativeVariable } from "../tensor/variable.ts";

/** The settings of AdamW, as PyTorch names them. */
export interface AdamWOptions {
  /** Decay rate of the first moment. Default: 0.9. */
  readonly beta1?: number;
  /** Decay rate of the second moment. Default: 0.999. */
  readonly beta2?: number;
  /** Added to the root of the second moment, outside the root, after bias correction. Default: 1e-8. */
  readonly epsilon?: number;
}

/** A parameter to be updated: its name and its values; a model's `Parameter` is one. */
export interface Updatable {
  /** The name under which its state is kept. */
  readonly name: string;
  /** The shape of the parameter. */
  readonly shape: readonly number[];
  /** The values of the parameter. */
  readonly variable: NativeVariable;
}

/** The update of one parameter in one step. */
export interface Update {
  /** The parameter that is updated, in place. */
  readonly parameter: Updatable;
  /** Gradient of the parameter's shape. */
  readonly gradient: Tensor;
  /** Learning rate of this step. */
  readonly learningRate: number;
  /** Decoupled weight decay: `weight -= learningRate * weightDecay * weight`. Default: 0. */
  readonly weightDecay?: number;
  /** Factor of the gradient, for clipping. Default: 1. */
  readonly gradientScale?: number;
}

/** The state of one parameter. The two moments live in native memory and change in place; the rest is plain data. */
export interface ParameterState {
  /** Number of steps taken. */
  readonly step: number;
  /** First moment, of the parameter's shape. */
  readonly m: NativeVariable;
  /** Second moment, of the parameter's shape. */
  readonly v: NativeVariable;
  /**
   * Rows of a table `[rows, width]`, in ascending order, outside of which both moments are zero. Undefined: any row
   * may be other than zero. It affects the speed of a step, not its result.
   */
  readonly rows: Int32Array | undefined;
}

/** The state of an optimizer, by the names of its parameters. */
export type OptimizerState = ReadonlyMap<string, ParameterState>;

/** Returns the state of a parameter before its first step: both moments are zero. */
export function init({ shape }: Pick<Updatable, "shape">): ParameterState {
  return { step: 0, m: new NativeVariable(shape), v: new NativeVariable(shape), rows: new Int32Array(0) };
}

/** An update, and the state that its parameter has before it. */
interface StatefulUpdate extends Update {
  readonly state: ParameterState;
}

/**
 * Makes one step for each of the parameters and returns their new states, in the order of the updates. Values and
 * moments change in place, in one fused op; gradients are finite, and so is their norm. Throws `NON_FINITE`, with
 * nothing changed, if a new value of a parameter would be NaN or infinite.
 */
export function update(updates: readonly StatefulUpdate[], settings: Required<AdamWOptions>): ParameterState[] {
  const steps = updates.map(({ parameter, state, gradient, learningRate, weightDecay = 0, gradientScale = 1 }) => {
    const rows = unionOfRows(state.rows, touchedRows(gradient));
    const factors = { learningRate, weightDecay, gradientScale, ...settings, step: state.step + 1, rows };
    const bound = boundAfter(parameter.variable.bound, factors);
    const step = { value: parameter.variable, m: state.m, v: state.v, gradient, factors, bound };
    if (bound === undefined) refuseNonFinite(parameter.name, step);
    return step;
  });
  applyAdamW(steps);
  return steps.map(({ m, v, factors: { step, rows } }) => ({ step, m, v, rows }));
}

/** Returns the union of two ascending lists of rows; undefined stands for all rows. */
export function unionOfRows(known: Int32Array | undefined, added: Int32Array | undefined): Int32Array | undefined {
  if (known === undefined || added === undefined) return undefined;
  const before = new Set(known);
  const more = added.filter((row) => !before.has(row));
  return more.length === 0 ? known : Int32Array.from([...known, ...more]).sort();
}

/** The name patterns of Hugging Face's Trainer (transformers 5.23, `get_decay_parameter_names`), in lower case. */
const undecayed = /bias|layernorm|rmsnorm|(?:^|\.)norm(?:$|\.)|_norm(?:$|\.)/;

/** Whether weight decay applies to a parameter of this name: false for biases and the weights of normalisations. */
export function isDecayed(name: string): boolean {
  return !undecayed.test(name.toLowerCase());
}

/** AdamW with decoupled weight decay and PyTorch's numbers; its state is kept by parameter name. */
export class AdamW {
  /** Decay rate of the first moment. */
  readonly beta1: number;
  /** Decay rate of the second moment. */
  readonly beta2: number;
  /** Number that is added to the root of the second moment. */
  readonly epsilon: number;
  readonly #state: Map<string, ParameterState>;

  /**
   * Makes an optimizer, optionally from the `state` of another one, which this one then owns. Errors: `BAD_OPTIMIZER`.
   */
  constructor({ beta1 = 0.9, beta2 = 0.999, epsilon = 1e-8 }: AdamWOptions = {}, state: OptimizerState = new Map()) {
    if (!(beta1 >= 0 && beta1 < 1 && beta2 >= 0 && beta2 < 1 && epsilon > 0)) {
      throw new ThawError(
        "BAD_OPTIMIZER",
        `AdamW needs betas in [0, 1) and a positive epsilon, got ${beta1}, ${beta2} and ${epsilon}.`,
      );
    }
    this.beta1 = beta1;
    this.beta2 = beta2;
    this.epsilon = epsilon;
    this.#state = new Map(state);
  }

  /**
   * Makes one step for each of the parameters, in place; gradients are finite, and so is their norm. Throws
   * `NON_FINITE`, with no parameter changed, if a new value of one of them would be NaN or infinite.
   */
  step(updates: Iterable<Update>): void {
    const { beta1, beta2, epsilon } = this;
    const each = Array.from(updates, (one) => ({ ...one, state: this.#stateOf(one.parameter) }));
    update(each, { beta1, beta2, epsilon }).forEach((state, i) => {
      this.#state.set((each[i] as StatefulUpdate).parameter.name, state);
    });
  }

  /** The current state of every parameter that has one; the next step changes the moments in place. */
  get state(): OptimizerState {
    return this.#state;
  }

  /** Returns the number of steps taken for this parameter; 0 if it has no state. */
  stepsOf(name: string): number {
    return this.#state.get(name)?.step ?? 0;
  }

  /** Names of the parameters that have state. */
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

  /** Frees all state. */
  dispose(): void {
    this.keepOnly(new Set());
  }

  #stateOf(parameter: Updatable): ParameterState {
    const state = this.#state.get(parameter.name) ?? init(parameter);
    this.#state.set(parameter.name, state);
    return state;
  }
}

/** Limits far enough below the largest float32 that no product on the way to a new value overflows. */
const [surelyFinite, surelyHarmless] = [3e38, 1e18];

/**
 * Returns a number that no magnitude of the new values exceeds, given one for the present values: no pass over the values is
 * needed to know that they stay finite. Undefined where it is not certain that they do.
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
  const underflow = 1e-18 / Math.fround(epsilon); // the largest error from gradients whose squares float32 does not hold
  const after = (bound * Math.abs(1 - learningRate * weightDecay) + stepSize * (1.01 * largest + underflow)) * 1.000001;
  return stepSize < surelyHarmless && after < surelyFinite ? after : undefined;
}

/** Makes the step on copies, and throws `NON_FINITE` where a new value is NaN or infinite. */
function refuseNonFinite(name: string, step: AdamWUpdate): void {
  const [value, m, v] = [step.value.copy(), step.m.copy(), step.v.copy()];
  try {
    applyAdamW([{ ...step, value, m, v }]);
    const after = value.data();
    const bad = after.reduce((count, x) => (Number.isFinite(x) ? count : count + 1), 0);
    if (bad === 0) return;
    const isHealthy = step.value.data().every(Number.isFinite);
    throw new ThawError(
      "NON_FINITE",
      isHealthy
        ? `The step would make ${bad} of ${after.length} values of ${name} NaN or infinite: its learning rate is ` +
            `${step.factors.learningRate}. Lower the learning rate.`
        : `Values of ${name} are NaN or infinite already, before the step. Load the model again.`,
    );
  } finally {
    for (const copy of [value, m, v]) copy.dispose();
  }
}
