/**
 * How much memory TensorFlow's tensors take. They lie in a pool (tensorflow.ts), which keeps what is freed until it is asked
 * to give it back.
 */
import { collectGarbage, type Room, roomLeft } from "../platform/machine.ts";
import { nativeOps } from "./native.ts";
import { boolAttribute, runOp, tf } from "./tensorflow.ts";

/** Bytes in TensorFlow's pool; undefined where nobody counts them. */
export interface PoolUse {
  readonly inUse: number;
  /** The most since the last time that `reset` was asked for. */
  readonly peak: number;
  /** What the pool has taken of the process's memory, in use or not. */
  readonly reserved: number;
  /** What it may take. */
  readonly limit: number;
  /** What of `inUse` was asked for: the pool gives pieces of up to twice the size. */
  readonly requested: number;
}

function runMemoryOp({ reset = false, release = false }): PoolUse | undefined {
  if (!nativeOps) return undefined;
  const values = tf.tidy(() => {
    const attributes = [boolAttribute("reset", reset), boolAttribute("release", release)];
    return runOp("ThawMemory", [], attributes).dataSync();
  });
  const [inUse = 0, peak = 0, reserved = 0, limit = 0, requested = 0] = values;
  return { inUse, peak, reserved, limit, requested };
}

/** What TensorFlow's tensors take. */
export const poolUse = (options: { readonly reset?: boolean } = {}): PoolUse | undefined => runMemoryOp(options);

/**
 * Gives back to the system what is free: garbage of JavaScript, and what tensors have left behind. It takes some tens of
 * milliseconds. What is resident afterwards is in use, so far as anybody knows.
 */
export function releaseMemory(): void {
  collectGarbage();
  collectGarbage(); // V8 frees the arrays of the first on a thread beside this one, and ends that before the second
  runMemoryOp({ release: true });
}

/** How much more can be had of memory. */
export interface MemoryLeft extends Room {
  /** What of it tensors can have. */
  readonly tensors: number;
  /** What of it everything else can have: where addresses are counted, the pool may come to take all that it may. */
  readonly others: number;
}

/** What this process can still get of memory. */
export function memoryLeft(): MemoryLeft {
  const pool = poolUse();
  if (pool === undefined) {
    const room = roomLeft();
    return { ...room, tensors: room.bytes, others: room.bytes };
  }
  const [free, growth] = [pool.reserved - pool.inUse, Math.max(0, pool.limit - pool.reserved)];
  const room = roomLeft(free);
  const tensors = Math.min(room.bytes, free + growth);
  return { ...room, tensors, others: room.counts === "resident" ? room.bytes : room.bytes - tensors };
}
