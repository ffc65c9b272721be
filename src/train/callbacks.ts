/** Functions of the user that see every event of a run and can ask something of it. */
import { ThawError } from "../errors.ts";
import type { TrainerEvent } from "./events.ts";

/** A request that a callback can make of a running training; it is met after the present optimizer step. */
export type TrainerRequest = "evaluate" | "save" | "stop" | "nextStage";

/**
 * A function over the events of a run: `(event) => event.kind === "log" && event.row.loss > 2 ? "stop" : undefined`. An error
 * that it throws ends the run.
 */
export type TrainerCallback = (event: TrainerEvent) => CallbackAnswer | Promise<CallbackAnswer>;

/** One request, several, or none. */
// biome-ignore lint/suspicious/noConfusingVoidType: a callback that only looks on returns nothing
export type CallbackAnswer = TrainerRequest | readonly TrainerRequest[] | undefined | void;

const requestNames: readonly TrainerRequest[] = ["evaluate", "save", "nextStage", "stop"];

/** Calls the callbacks one after the other; returns their requests. Throws `BAD_ARGUMENT` for a request that does not exist. */
export async function callAll(
  callbacks: readonly TrainerCallback[],
  event: TrainerEvent,
): Promise<readonly TrainerRequest[]> {
  const requests: TrainerRequest[] = [];
  for (const callback of callbacks) {
    const asked = await callback(event);
    const all = asked === undefined ? [] : typeof asked === "string" ? [asked] : asked;
    for (const request of all as readonly TrainerRequest[]) {
      if (!requestNames.includes(request)) {
        throw new ThawError(
          "BAD_ARGUMENT",
          `A callback asks for ${JSON.stringify(request)} at the event "${event.kind}"; it can ask for ${requestNames.join(", ")}, or nothing.`,
        );
      }
      requests.push(request);
    }
  }
  return requests;
}
