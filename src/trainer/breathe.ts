/** A pause between two native calls, in which the process can answer: an interrupt, a heartbeat, a redraw. */
import { setImmediate } from "node:timers/promises";

export async function breathe(): Promise<void> {
  await setImmediate();
}
