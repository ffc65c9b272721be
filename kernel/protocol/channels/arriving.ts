/** Reads the messages that arrive on a ZeroMQ socket, until it is closed. */
import { setImmediate as nextTurn } from "node:timers/promises";
import { logError } from "../../shared/log.ts";

/** The part of a ZeroMQ socket that reading needs. */
export interface Receiver {
  readonly closed: boolean;
  receive(): Promise<Buffer[]>;
}

/**
 * The messages of `socket`, until it is closed. A receive that fails costs one message and is logged. When the socket is
 * closed the one under way fails, some only in the event loop's next turn: so nothing of it is left when this has ended.
 */
export async function* arriving(socket: Receiver): AsyncGenerator<Buffer[]> {
  while (!socket.closed) {
    const frames = await next(socket);
    if (frames === undefined) await nextTurn();
    else yield frames;
  }
}

async function next(socket: Receiver): Promise<Buffer[] | undefined> {
  try {
    return await socket.receive();
  } catch (error) {
    if (!socket.closed) logError("a message could not be received")(error);
    return undefined;
  }
}
