/** Worker threads of cells: what they print and send arrives as output and code of the cell that started them. */
import { syncBuiltinESMExports } from "node:module";
import threads, { Worker } from "node:worker_threads";
import { firstOf } from "../executor/firstOf.ts";
import { currentCell } from "./currentCell.ts";
import { keepEmitter } from "./emitters.ts";
import { kernelTimers } from "./timers.ts";

/** How long the end of a cell waits for its threads, in milliseconds: one that is inside native code ends after that. */
const patienceMs = 100;

const terminate = Worker.prototype.terminate;
/** Threads that run, and whose they are. */
const running = new Map<Worker, number>();
const ended = new Set<number>();

/** Puts a `Worker` that knows its cell into `node:worker_threads`. */
export function keepThreads(): void {
  const kept = class extends Worker {
    constructor(...values: ConstructorParameters<typeof Worker>) {
      super(...values);
      const cell = currentCell();
      for (const emitter of [this, this.stdout, this.stderr]) keepEmitter(emitter);
      running.set(this, cell);
      this.once("exit", () => running.delete(this));
      if (ended.has(cell)) void terminate.call(this);
    }

    /** The thread does not keep a process alive: it serves whoever has use for it, as a tokenizer's does, and outlives its cell. */
    override unref(): void {
      running.delete(this);
      super.unref();
    }

    override ref(): void {
      if (this.threadId !== -1) running.set(this, currentCell());
      super.ref();
    }
  };
  Object.defineProperty(kept, "name", { value: "Worker" });
  threads.Worker = kept;
  syncBuiltinESMExports();
}

/** From now on `cell` has no threads but those that were let go of by `unref()`. Resolves when they have ended. */
export async function endThreadsOf(cell: number): Promise<void> {
  ended.add(cell);
  const own = [...running].filter(([, owner]) => owner === cell);
  if (own.length === 0) return;
  const late = new Promise((resolve) => kernelTimers.setTimeout(resolve, patienceMs));
  await firstOf<unknown>(late, settled(own.map(([worker]) => terminate.call(worker))));
}

async function settled(promises: readonly Promise<unknown>[]): Promise<void> {
  for (const promise of promises) await promise;
}
