/**
 * The memory of TensorFlow's tensors, counted and given back. They lie in a pool (tensorflow.ts), which keeps what is freed
 * until it is told to release it.
 */
import { collectGarbage, type Room, roomLeft } from "../platform/machine.ts";
import { nativeOps } from "./native.ts";
import { boolAttribute, runOp, tf } from "./tensorflow.ts";

/** The state of TensorFlow's pool, in bytes. */
export interface PoolUse {
  /** Bytes that tensors hold. */
  readonly inUse: number;
  /** The largest `inUse` since the last reset. */
  readonly peak: number;
  /** Bytes that the pool has taken of the process's memory, in use or not. */
  readonly reserved: number;
  /** Bytes that the pool may take. */
  readonly limit: number;
  /** The sizes of the tensors behind `inUse`: the pool gives pieces of up to twice the size. */
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

/** The state of the pool, undefined where nobody counts its bytes; `reset` lets `peak` begin anew. */
export const poolUse = (options: { readonly reset?: boolean } = {}): PoolUse | undefined => runMemoryOp(options);

/**
 * Gives free memory back to the system: garbage of JavaScript, and pages that tensors have left behind. It takes some tens
 * of milliseconds. Memory that is resident afterwards is in use, so far as anybody knows.
 */
export function releaseMemory(): void {
  collectGarbage();
  collectGarbage(); // V8 frees the arrays of the first on a thread beside this one, and ends that before the second
  runMemoryOp({ release: true });
}

/** The memory that this process can still get, in bytes. */
interface MemoryLeft extends Room {
  /** The part that tensors can have. */
  readonly tensors: number;
  /** The part that everything else can have: where addresses are counted, the pool may come to take all that it may. */
  readonly others: number;
}

/** Measures the memory that this process can still get. */
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
