/**
 * How much memory TensorFlow's tensors take. They lie in a pool (tensorflow.ts), which keeps what is freed until it is asked
 * to give it back.
 */
import { collectGarbage } from "../memory/garbage.ts";
import { type Room, roomLeft } from "../memory/room.ts";
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
}

function runMemoryOp({ reset = false, release = false }): PoolUse | undefined {
  if (!nativeOps) return undefined;
  const values = tf.tidy(() => {
    const attributes = [boolAttribute("reset", reset), boolAttribute("release", release)];
    return (runOp("ThawMemory", [], attributes, 1)[0] as ReturnType<typeof tf.tensor>).dataSync();
  });
  const [inUse, peak, reserved, limit] = values as unknown as [number, number, number, number];
  return { inUse, peak, reserved, limit };
}

/** What TensorFlow's tensors take. */
export const poolUse = (options: { readonly reset?: boolean } = {}): PoolUse | undefined => runMemoryOp(options);

/**
 * Gives back to the system what is free: garbage of JavaScript, and what tensors have left behind. It takes some tens of
 * milliseconds. What is resident afterwards is in use, so far as anybody knows.
 */
export function releaseMemory(): void {
  collectGarbage();
  runMemoryOp({ release: true });
}

/** How much more can be had of memory: by everything in this process, and of that by tensors. */
export function memoryLeft(): Room & { readonly tensors: number } {
  const pool = poolUse();
  if (pool === undefined) {
    const room = roomLeft();
    return { ...room, tensors: room.bytes };
  }
  const free = pool.reserved - pool.inUse;
  const room = roomLeft(free);
  return { ...room, tensors: Math.min(room.bytes, free + pool.limit - pool.reserved) };
}
