/**
 * Worker threads of cells: their output and their messages belong to the cell that started them, and Stop ends them.
 */
import { syncBuiltinESMExports } from "node:module";
import { Worker } from "node:worker_threads";
import { fromCellPromise, nodeModule } from "../realm/cellRealm.ts";
import { bindEmitter, currentCell } from "./currentCell.ts";
import { kernelTimers } from "./timers.ts";

/** How long the end of a cell waits for its threads, in milliseconds: one that is inside native code ends later. */
const patienceMs = 100;

const terminate = Worker.prototype.terminate;
/** The threads that run, each with the number of its cell. */
const running = new Map<Worker, number>();
const ended = new Set<number>();

/** Replaces `Worker` in `node:worker_threads` by one that belongs to its cell. */
export function patchWorkers(): void {
  const patched = class extends Worker {
    constructor(...values: ConstructorParameters<typeof Worker>) {
      super(...values);
      const cell = currentCell();
      for (const emitter of [this, this.stdout, this.stderr]) bindEmitter(emitter);
      running.set(this, cell);
      this.once("exit", () => running.delete(this));
      if (ended.has(cell)) void Reflect.apply(terminate, this, []);
    }

    /** Ignores an unreferenced thread, which may outlive its cell as a shared service, such as a tokenizer's. */
    override unref(): void {
      running.delete(this);
      super.unref();
    }

    override ref(): void {
      if (this.threadId !== -1) running.set(this, currentCell());
      super.ref();
    }
  };
  Object.defineProperty(patched, "name", { value: "Worker" });
  nodeModule<{ Worker: typeof Worker }>("node:worker_threads").Worker = patched;
  syncBuiltinESMExports();
}

/**
 * Terminates the threads of `cell` except those released by `unref()`, now and in the future. Resolves when they have
 * ended.
 */
export async function endThreadsOf(cell: number): Promise<void> {
  ended.add(cell);
  const own = [...running].filter(([, owner]) => owner === cell);
  if (own.length === 0) return;
  const late = new Promise((resolve) => kernelTimers.setTimeout(resolve, patienceMs));
  const ends = own.map(([worker]) => fromCellPromise(Reflect.apply(terminate, worker, []) as Promise<number>));
  await Promise.race([late, Promise.all(ends)]);
}
