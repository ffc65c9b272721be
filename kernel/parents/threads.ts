/** Worker threads of cells: what they print and send arrives as output and code of the cell that started them. */
import { syncBuiltinESMExports } from "node:module";
import threads, { Worker } from "node:worker_threads";
import { keepEmitter } from "./emitters.ts";

/** Puts a `Worker` that knows its cell into `node:worker_threads`. */
export function keepThreads(): void {
  const kept = class extends Worker {
    constructor(...values: ConstructorParameters<typeof Worker>) {
      super(...values);
      for (const emitter of [this, this.stdout, this.stderr]) keepEmitter(emitter);
    }
  };
  Object.defineProperty(kept, "name", { value: "Worker" });
  threads.Worker = kept;
  syncBuiltinESMExports();
}
