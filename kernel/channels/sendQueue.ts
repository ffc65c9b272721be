/** One send at a time, in order, over all sockets: ZeroMQ refuses more than 512 sends begun in one tick, and order is a promise. */

/** The part of a ZeroMQ socket the queue needs. */
export interface Sender {
  send(frames: Uint8Array[]): Promise<void>;
}

export class SendQueue {
  readonly #waiting: { socket: Sender; frames: Uint8Array[] }[] = [];
  readonly #onError: (error: unknown) => void;
  #running: Promise<void> | undefined;

  constructor(onError: (error: unknown) => void) {
    this.#onError = onError;
  }

  push(socket: Sender, frames: Uint8Array[]): void {
    this.#waiting.push({ socket, frames });
    this.#running ??= this.#run();
  }

  /** Resolves when everything pushed so far has been handed to ZeroMQ. */
  async drained(): Promise<void> {
    await this.#running;
  }

  async #run(): Promise<void> {
    for (let next = this.#waiting.shift(); next !== undefined; next = this.#waiting.shift()) {
      try {
        await next.socket.send(next.frames);
      } catch (error) {
        this.#onError(error); // one client that left must not stop the output of the others
      }
    }
    this.#running = undefined;
  }
}
