/** Cells wait here and run one by one: busy > execute_input > outputs > reply > idle, and what an error aborts. */
import type { ExecuteOrder } from "../channels/thread.ts";
import type { Content, Message } from "../wire/message.ts";
import type { History } from "./history.ts";
import type { Outbox } from "./outbox.ts";

/** A cell's end as the main thread reports it; `content` is the reply as JSON text. */
export interface CellEnd {
  readonly cell: number;
  readonly failed: boolean;
  readonly content: string;
}

/** Requests that were sent together with a failing cell may still be on their way through the socket. */
const abortWindowMs = 5;

export class CellQueue {
  readonly #outbox: Outbox;
  readonly #history: History;
  readonly #run: (order: ExecuteOrder) => void;
  readonly #waiting: Message[] = [];
  #running: { readonly cell: number; readonly request: Message } | undefined;
  #cells = 0;
  #count = 0;

  constructor(outbox: Outbox, history: History, run: (order: ExecuteOrder) => void) {
    this.#outbox = outbox;
    this.#history = history;
    this.#run = run;
  }

  /** The request whose cell runs now. */
  get running(): Message | undefined {
    return this.#running?.request;
  }

  add(request: Message): void {
    this.#waiting.push(request);
    if (this.#running === undefined) this.#next();
  }

  end({ cell, failed, content }: CellEnd): void {
    const running = this.#running;
    if (running?.cell !== cell) return;
    if (failed && running.request.content.stop_on_error !== false) {
      setTimeout(() => this.#finish(running.request, content, true), abortWindowMs);
    } else {
      this.#finish(running.request, content, false);
    }
  }

  /** Answers the running cell and everything that waits, for a kernel about to end. */
  abandon(content: Content): void {
    if (this.#running !== undefined) this.#finish(this.#running.request, JSON.stringify(content), true);
  }

  #finish(request: Message, content: string, abort: boolean): void {
    this.#outbox.reply("shell", request, content);
    this.#outbox.status("idle", request);
    this.#running = undefined;
    if (abort) {
      for (const waiting of this.#waiting.splice(0)) {
        this.#outbox.status("busy", waiting);
        this.#outbox.reply("shell", waiting, { status: "aborted", execution_count: this.#count });
        this.#outbox.status("idle", waiting);
      }
    }
    this.#next();
  }

  #next(): void {
    const request = this.#waiting.shift();
    if (request === undefined) return;
    const { content } = request;
    const code = String(content.code ?? "");
    const silent = content.silent === true;
    const stored = !silent && content.store_history !== false;
    const cell = ++this.#cells;
    if (stored) this.#history.add(++this.#count, code);
    this.#running = { cell, request };
    this.#outbox.adopt(cell, request);
    this.#outbox.status("busy", request);
    if (!silent) this.#outbox.publish("execute_input", { code, execution_count: this.#count }, request);
    const userExpressions = (content.user_expressions ?? {}) as Record<string, string>;
    this.#run({ type: "execute", cell, code, count: this.#count, silent, userExpressions });
  }
}
