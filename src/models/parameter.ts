/**
 * A model's parameters with their values, which are in native memory and come from a checkpoint or are newly
 * initialised.
 */
import type { Tensor } from "@tensorflow/tfjs-core";
import type { Block } from "../freezing/selection.ts";
import { markConstant, markTrainable } from "../tensor/differentiable.ts";
import { randomNormal } from "../tensor/random.ts";
import { elementsOf } from "../tensor/shape.ts";
import { NativeVariable } from "../tensor/variable.ts";
import type { ParameterSpec } from "./parameterSpec.ts";

/** A parameter of a model: its name in the state dict, shape and values, and whether it trains. */
export class Parameter {
  /** The name in the state dict, as in `bert.encoder.layer.11.attention.self.query.weight`. */
  readonly name: string;
  /** The shape of the values, as in PyTorch: a dense layer's weight is `[out, in]`. */
  readonly shape: readonly number[];
  /** The part of the model that the parameter belongs to: "embeddings", "head", or the index of an encoder layer. */
  readonly block: Block;
  /**
   * Whether the values were initialised from the seed because the checkpoint lacks them; such values are of no use
   * until trained or assigned.
   */
  newlyInitialized: boolean;
  /**
   * Whether training changes the values. Set by `model.freeze()` and `model.unfreeze()`, or directly. Default: true.
   */
  requiresGrad = true;
  /** The values in native memory, which `AdamW` changes in place. */
  readonly variable: NativeVariable;
  readonly #changesWhenMade: number;

  /** @internal */
  constructor(spec: ParameterSpec, values: Float32Array, newlyInitialized: boolean) {
    this.name = spec.name;
    this.shape = spec.shape;
    this.block = spec.block;
    this.newlyInitialized = newlyInitialized;
    this.variable = new NativeVariable(spec.shape, values);
    this.#changesWhenMade = this.variable.changes;
  }

  /** Whether the values are still those that the model was loaded with, neither trained nor assigned since. */
  get isAsMade(): boolean {
    return this.variable.changes === this.#changesWhenMade;
  }

  /** The number of values. */
  get size(): number {
    return elementsOf(this.shape);
  }

  /** The current values as a tensor, which the parameter owns and which is valid until they change. */
  get tensor(): Tensor {
    const value = this.variable.value;
    return this.requiresGrad ? markTrainable(value) : markConstant(value);
  }

  /** Copies the values, row after row. */
  data(): Float32Array {
    return this.variable.data();
  }

  /** Sets the values, from a copy of `values`. */
  assign(values: Float32Array): void {
    this.variable.assign(values.slice());
    this.newlyInitialized = false;
  }

  /**
   * Remembers `newlyInitialized`, `requiresGrad` and, with `withValues`, the values, and returns the function that puts
   * them back bit for bit, however often it is called: what trained the parameter meanwhile leaves no trace.
   */
  snapshot({ withValues }: { readonly withValues: boolean }): () => void {
    const { newlyInitialized, requiresGrad } = this;
    const restoreValues = withValues ? this.variable.snapshot() : undefined;
    return () => {
      restoreValues?.();
      this.newlyInitialized = newlyInitialized;
      this.requiresGrad = requiresGrad;
    };
  }

  /** Frees the native memory of the values. */
  dispose(): void {
    this.variable.dispose();
  }
}

/**
 * Makes the initial values of a parameter that the checkpoint lacks, row-major, from only the seed and the parameter's
 * name.
 */
export function initialValues(
  { name, shape, initial }: ParameterSpec,
  { initializerRange }: { readonly initializerRange: number },
  seed: number,
): Float32Array {
  const size = elementsOf(shape);
  if (initial === "zeros") return new Float32Array(size);
  if (initial === "ones") return new Float32Array(size).fill(1);
  if (initial === "sinusoids") return sinusoids(size, size / (shape[0] as number));
  const { std = initializerRange, cutoff = Number.POSITIVE_INFINITY, zeroRow } = initial === "normal" ? {} : initial;
  const values = randomNormal(seed, name, size, { std });
  for (let round = 1; values.some((value) => Math.abs(value) > cutoff * std); round++) {
    const fresh = randomNormal(seed, `${name} ${round}`, size, { std }); // each round a stream of its own
    values.forEach((value, i) => {
      if (Math.abs(value) > cutoff * std) values[i] = fresh[i] as number;
    });
  }
  const width = size / (shape[0] as number);
  if (zeroRow !== undefined) values.fill(0, zeroRow * width, (zeroRow + 1) * width);
  return values;
}

/** Computes sinusoidal positions, `[rows, width]`, in float64, rounded at the end. */
function sinusoids(size: number, width: number): Float32Array {
  return Float32Array.from({ length: size }, (_, i) => {
    const column = i % width;
    const angle = Math.floor(i / width) / 10_000 ** ((2 * Math.floor(column / 2)) / width);
    return column % 2 === 0 ? Math.sin(angle) : Math.cos(angle);
  });
}
