/** Ops with hand-written gradients on the tape of tfjs, which compute only the gradients that are needed. */
import type { Tensor } from "@tensorflow/tfjs-core";
import { tf } from "./tensorflow.ts";

/** Tensors that no gradient flows into: frozen parameters, and everything computed from nothing else. */
const constants = new WeakSet<Tensor>();

/** Says that no gradient is wanted for this tensor; ops on constants alone stay off the tape. */
export function markConstant<T extends Tensor>(tensor: T): T {
  constants.add(tensor);
  return tensor;
}

/** Takes back `markConstant`. */
export function markTrainable<T extends Tensor>(tensor: T): T {
  constants.delete(tensor);
  return tensor;
}

/** Whether no gradient flows into this tensor. */
export const isConstant = (tensor: Tensor): boolean => constants.has(tensor);

/** The inputs of an op by name; an optional one may be undefined. */
type Inputs = Readonly<Record<string, Tensor | undefined>>;

/** Tensors that a gradient needs, by name, or functions that make them, which are called only where a gradient is wanted. */
type Savable = Readonly<Record<string, Tensor | (() => Tensor) | undefined>>;

/** The saved tensors under their names, as the gradient is given them. */
type Saved<S> = { readonly [Name in keyof S]: Tensor | Extract<S[Name], undefined> };

/** Says of each input by name whether it needs a gradient. */
export type Wanted<I> = { readonly [Name in keyof I]: boolean };

/** One function per input that computes its gradient; only those of inputs that need one are called. */
export type Gradients<I> = { readonly [Name in keyof I]: () => Tensor };

/** The result of an op, and the gradients of its inputs `I` given the gradient `dy` of the result. */
interface Differentiated<I, S> {
  readonly value: Tensor;
  /** The tensors that the gradient needs, inputs included: all others are freed when the forward pass is through. */
  readonly saved?: S;
  /** `wanted` is for what has to be known before the first of the gradients is computed. */
  readonly gradient: (dy: Tensor, saved: Saved<S>, wanted: Wanted<I>) => Gradients<I>;
}

/** Runs `forward` as one node of the tape over `inputs`; where no input needs a gradient, outside the tape. */
export function differentiable<I extends Inputs, S extends Savable = Record<never, never>>(
  inputs: I,
  forward: () => Differentiated<I, S>,
): Tensor {
  const isWanted = (tensor: Tensor | undefined): tensor is Tensor => tensor !== undefined && !isConstant(tensor);
  const wanted = Object.fromEntries(Object.keys(inputs).map((name) => [name, isWanted(inputs[name])])) as Wanted<I>;
  const names = Object.keys(inputs).filter((name) => wanted[name]);
  if (names.length === 0) return markConstant(tf.tidy(() => forward().value));
  const node = tf.customGrad((...args: unknown[]) => {
    const save = args.at(-1) as (tensors: Tensor[]) => void;
    const { value, saved = {}, gradient } = forward();
    const kept = Object.entries<Savable[string]>(saved).filter(([, tensor]) => tensor !== undefined);
    save(kept.map(([, tensor]) => (typeof tensor === "function" ? tensor() : tensor) as Tensor));
    return {
      value,
      // tfjs frees what a gradient function leaves behind only at the end of the whole pass
      gradFunc: (dy: Tensor, tensors: Tensor[]) =>
        tf.tidy(() => {
          const byName = Object.fromEntries(kept.map(([name], i) => [name, tensors[i]])) as Saved<S>;
          const gradients = gradient(dy, byName, wanted);
          return names.map((name) => (gradients[name] as () => Tensor)());
        }),
    };
  });
  return node(...names.map((name) => inputs[name] as Tensor));
}

/** A function that makes its value at the first call and gives the same at every other: work that gradients share. */
export function once<T>(make: () => T): () => T {
  let made: { readonly value: T } | undefined;
  return () => {
    made ??= { value: make() };
    return made.value;
  };
}
