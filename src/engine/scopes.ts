/** Where tfjs stands with its scopes and tapes, which code that was ended by force leaves open. */
import { tf } from "./tensorflow.ts";

/** The part of tfjs's engine that counts them (tfjs-core 4.22, src/engine.ts). */
interface Scoped {
  readonly state: { scopeStack: readonly unknown[]; gradientDepth: number; kernelDepth: number; activeTape: unknown };
  endScope(): void;
}

/**
 * Remembers how deep tfjs is nested now. The returned function brings it back there and frees the tensors of the scopes
 * that are still open: V8 may end a step in its middle (a second Stop in a notebook), and then no `finally` runs.
 */
export function markScopes(): () => void {
  const engine = tf.engine() as unknown as Scoped;
  const { gradientDepth, kernelDepth, activeTape } = engine.state;
  const depth = engine.state.scopeStack.length;
  return () => {
    Object.assign(engine.state, { gradientDepth, kernelDepth, activeTape });
    while (engine.state.scopeStack.length > depth) engine.endScope();
  };
}
