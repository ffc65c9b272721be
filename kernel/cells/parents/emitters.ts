/** Emitters that a cell has made: their listeners run as code of that cell, whichever runs when they are called. */
import type { EventEmitter } from "node:events";
import { callAs, currentCell } from "./currentCell.ts";

/** From now on `emitter` belongs to the cell whose code runs now. */
export function keepEmitter<Emitter extends EventEmitter>(emitter: Emitter): Emitter {
  const cell = currentCell();
  const emit = emitter.emit;
  const kept = (...values: Parameters<typeof emit>): boolean => callAs(cell, emit, emitter, values);
  return Object.defineProperty(emitter, "emit", { value: kept, configurable: true, writable: true });
}
