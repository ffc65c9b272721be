/**
 * Computes the loss and its gradients by an own walk over tfjs's tape. tfjs keeps every saved tensor and gradient to
 * the end of the backward pass; here each is freed as soon as its node is done, which saves most of a step's memory.
 */
import type { Tensor } from "@tensorflow/tfjs-core";
import { differentiable, isConstant, markConstant } from "./differentiable.ts";
import { tf } from "./tensorflow.ts";

/** The record of one op on tfjs's tape (tfjs-core 4.22, src/tape.ts). */
interface TapeNode {
  readonly kernelName: string;
  readonly inputs: Readonly<Record<string, Tensor>>;
  readonly outputs: readonly Tensor[];
  readonly gradient?: (dys: readonly (Tensor | null)[]) => Readonly<Record<string, () => Tensor>>;
  readonly saved?: readonly Tensor[];
}

/** The part of tfjs's engine that records. */
interface Recorder {
  readonly state: { activeTape: readonly TapeNode[] | null; readonly gradientDepth: number };
  startTape(): void;
  endTape(): void;
}

/**
 * Runs `loss` once and differentiates it; `dy` is the gradient of its result (default: 1, for a scalar loss).
 * `gradients[i]` belongs to `inputs[i]`, and is undefined if the loss does not depend on it; inputs are leaves, not
 * results of this project's ops. The results belong to the current `tidy` scope.
 */
export function lossAndGradients(
  loss: () => Tensor,
  inputs: readonly Tensor[],
  dy?: Tensor,
): { readonly loss: Tensor; readonly gradients: readonly (Tensor | undefined)[] } {
  const { value, tape } = record(loss);
  try {
    const gradients = tf.tidy(() => {
      const found = backpropagate(value, dy ?? tf.onesLike(value), tape, new Set(inputs.map(({ id }) => id)));
      return Object.fromEntries(inputs.flatMap(({ id }) => (found.has(id) ? [[id, found.get(id) as Tensor]] : [])));
    });
    return { loss: value, gradients: inputs.map(({ id }) => gradients[id]) };
  } finally {
    for (const node of tape) release(node);
  }
}

function record(loss: () => Tensor): { value: Tensor; tape: readonly TapeNode[] } {
  const recorder = tf.engine() as unknown as Recorder;
  const outer = recorder.state.activeTape; // of a pass that is on its way back
  recorder.startTape();
  try {
    const value = tf.tidy(loss);
    return { value, tape: recorder.state.activeTape ?? [] };
  } catch (error) {
    for (const node of recorder.state.activeTape ?? []) release(node);
    throw error;
  } finally {
    recorder.endTape();
    if (recorder.state.gradientDepth === 0) recorder.state.activeTape = outer;
  }
}

/** Gradients by tensor id; those of tensors in between are freed on the way. */
function backpropagate(
  value: Tensor,
  dy: Tensor,
  tape: readonly TapeNode[],
  wanted: ReadonlySet<number>,
): Map<number, Tensor> {
  const reached = reachedFrom(wanted, tape);
  const gradients = new Map([[value.id, dy.clone()]]);
  for (const node of tape.toReversed()) {
    const dys = node.outputs.map(({ id }) => gradients.get(id) ?? null);
    const paths = Object.entries(node.inputs).filter(([, { id }]) => reached.has(id));
    if (paths.length > 0 && dys.some((dy) => dy !== null)) {
      if (node.gradient === undefined) throw new Error(`TensorFlow.js has no gradient for "${node.kernelName}".`);
      const ofInputs = node.gradient(dys);
      for (const [name, input] of paths) add(gradients, input.id, tf.tidy(ofInputs[name] as () => Tensor));
    }
    for (const { id } of node.outputs) if (!wanted.has(id)) forget(gradients, id);
    release(node);
  }
  return gradients;
}

/** Ids of all tensors that depend on one of the wanted ones, these included. */
function reachedFrom(wanted: ReadonlySet<number>, tape: readonly TapeNode[]): ReadonlySet<number> {
  const reached = new Set(wanted);
  for (const { inputs, outputs } of tape) {
    if (Object.values(inputs).some(({ id }) => reached.has(id))) for (const { id } of outputs) reached.add(id);
  }
  return reached;
}

function add(gradients: Map<number, Tensor>, id: number, gradient: Tensor): void {
  const before = gradients.get(id);
  gradients.set(id, before === undefined ? gradient : before.add(gradient));
  if (before !== undefined) {
    for (const part of [before, gradient]) disposeUnlessUsed(part, gradients);
  }
}

function forget(gradients: Map<number, Tensor>, id: number): void {
  const gradient = gradients.get(id);
  gradients.delete(id);
  if (gradient !== undefined) disposeUnlessUsed(gradient, gradients);
}

/** A gradient function may hand the same tensor to two of its inputs. */
function disposeUnlessUsed(gradient: Tensor, gradients: ReadonlyMap<number, Tensor>): void {
  for (const other of gradients.values()) if (other === gradient) return;
  gradient.dispose();
}

function release({ saved }: TapeNode): void {
  for (const tensor of saved ?? []) tensor.dispose();
}

/**
 * `tensor`, for computing with. Its gradient goes to `take`, which owns it from then on, as soon as the backward pass is
 * through with it; what `lossAndGradients` gives for `tensor` itself then has the right shape and no meaning.
 */
export function tapGradient(tensor: Tensor, take: (gradient: Tensor) => void): Tensor {
  if (isConstant(tensor)) return tensor;
  const node = tf.customGrad((x: unknown) => ({
    value: (x as Tensor).clone(),
    gradFunc: (dy: Tensor) => {
      take(tf.keep(dy.clone()));
      return tensor.clone(); // takes no memory: the tape asks for something of this shape
    },
  }));
  return node(tensor);
}

/**
 * `forward(inputs)` as one node of the tape that keeps nothing but its inputs: it is run again in the backward pass (Chen
 * et al. 2016, arXiv:1604.06174), with copies of the inputs under the same names. `isAgain` says that it is the second
 * time, in which it has to compute the very same.
 */
export function recomputed<I extends Readonly<Record<string, Tensor>>>(
  inputs: I,
  forward: (inputs: I, isAgain: boolean) => Tensor,
): Tensor {
  return differentiable(inputs, () => ({
    value: forward(inputs, false),
    saved: inputs,
    gradient: (dy, saved, wanted) => {
      const copies = Object.entries<Tensor>(saved).map(([name, tensor]) =>
        wanted[name] ? tensor : markConstant(tensor),
      );
      const { gradients } = lossAndGradients(() => forward(saved as I, true), copies, dy);
      // where the result does not depend on an input, the tape still asks for a gradient
      const found = Object.keys(saved).map((name, i) => [
        name,
        () => gradients[i] ?? tf.zerosLike(copies[i] as Tensor),
      ]);
      return Object.fromEntries(found);
    },
  }));
}
