/**
 * Pieces of work between two awaits that V8 may end in their middle: the second Stop in a notebook does, and then no
 * `finally` runs, scopes and tapes of tfjs stay open, and the tensors of the step are lost.
 */
import type { Tensor } from "@tensorflow/tfjs-core";
import { isLasting } from "./marks.ts";
import { tf } from "./tensorflow.ts";

/** The part of tfjs's engine that registers tensors and nests scopes (tfjs-core 4.22, src/engine.ts). */
interface Engine {
  readonly state: { scopeStack: readonly unknown[]; gradientDepth: number; kernelDepth: number; activeTape: unknown };
  trackTensor(tensor: Tensor, backend?: unknown): void;
  endScope(): void;
}

interface OpenSection {
  readonly made: Tensor[];
  readonly depth: number;
  readonly state: Pick<Engine["state"], "gradientDepth" | "kernelDepth" | "activeTape">;
}

const engine = tf.engine() as unknown as Engine;
let open: OpenSection | undefined;

const trackTensor = engine.trackTensor.bind(engine);
engine.trackTensor = (tensor, backend) => {
  trackTensor(tensor, backend);
  open?.made.push(tensor);
};

/** Runs work that awaits nothing. If it is ended by force, the next section or `endSection` frees what it leaves behind. */
export function section<T>(work: () => T): T {
  endSection();
  const { scopeStack, gradientDepth, kernelDepth, activeTape } = engine.state;
  open = { made: [], depth: scopeStack.length, state: { gradientDepth, kernelDepth, activeTape } };
  try {
    return work();
  } finally {
    open = undefined;
  }
}

/** Closes what a section that was ended by force left open, and frees all its tensors but those that outlive it. */
export function endSection(): void {
  if (open === undefined) return;
  const { made, depth, state } = open;
  open = undefined;
  Object.assign(engine.state, state);
  while (engine.state.scopeStack.length > depth) engine.endScope();
  for (const tensor of made) if (!tensor.isDisposed && !isLasting(tensor)) tensor.dispose();
}
