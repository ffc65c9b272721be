/** A pause between two native calls, in which the process can answer: an interrupt, a heartbeat, a redraw. */
import { scheduler } from "node:timers/promises";

/**
 * Resolves in the next turn of the event loop. Node's own turn, not a timer: a notebook takes the timers of a stopped cell
 * away, and a run that waited for one could neither go on nor end.
 */
export const breathe = (): Promise<void> => scheduler.yield();
