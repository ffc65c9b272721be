/** The protocol worker's half of `input()`: passes the question to the client whose cell asks, and its answer back. */
import type { InputAnswer, InputOrder } from "../shared/messages.ts";
import type { Outbox } from "./outbox.ts";
import type { Message } from "./wire/message.ts";

/** The questions of cells to the person at the frontend. */
export class InputRequests {
  readonly #outbox: Outbox;
  #waiting: { readonly order: InputOrder; readonly request: Message; readonly id: string } | undefined;

  constructor(outbox: Outbox) {
    this.#outbox = outbox;
  }

  /** Passes a question on. `request` is the one whose cell runs, if one does. */
  ask(order: InputOrder, request: Message | undefined): void {
    if (request?.content.allow_stdin !== true) {
      answer(order, { refused: request === undefined ? "NO_CELL" : "NO_STDIN" });
      return;
    }
    if (this.#waiting !== undefined) answer(this.#waiting.order, { refused: "ASKED_AGAIN" });
    const content = { prompt: order.prompt, password: order.password };
    const id = this.#outbox.input(request, content, () => {
      if (this.#waiting?.order === order) this.forget();
      answer(order, { refused: "NO_STDIN_CLIENT" });
    });
    this.#waiting = { order, request, id };
  }

  /** Takes an `input_reply`; says whether it answers the question that waits. */
  reply({ identities, parentHeader, content }: Message): boolean {
    const waiting = this.#waiting;
    if (waiting === undefined || typeof content.value !== "string") return false;
    const answersAnother = parentHeader.msg_id !== undefined && parentHeader.msg_id !== waiting.id;
    if (answersAnother || !sameClient(identities, waiting.request.identities)) return false;
    this.forget();
    answer(waiting.order, { value: content.value });
    return true;
  }

  /** The cell has ended: an answer that comes now is nobody's. */
  forget(): void {
    this.#waiting = undefined;
  }
}

/** Answers the main thread, which blocks, and wakes it. */
function answer({ port, woken }: InputOrder, content: InputAnswer): void {
  port.postMessage(content);
  port.close();
  Atomics.store(woken, 0, 1);
  Atomics.notify(woken, 0);
}

function sameClient(a: readonly Uint8Array[], b: readonly Uint8Array[]): boolean {
  return a.length === b.length && a.every((frame, i) => Buffer.compare(frame, b[i] ?? Buffer.alloc(0)) === 0);
}
