/** Runs cells one by one, with the messages in their order (busy, execute_input, outputs, reply, idle), and aborts what waits behind an error. */
import type { ExecuteOrder } from "../shared/messages.ts";
import type { History } from "./history.ts";
import type { Outbox } from "./outbox.ts";
import type { RequestChannel } from "./sockets/sockets.ts";
import { type Content, errorReply, type Message } from "./wire/message.ts";

/** A cell's end as the main thread reports it; `content` is the reply as JSON text. */
interface CellEnd {
  readonly cell: number;
  readonly failed: boolean;
  readonly content: string;
}

/** A request that waits for its turn, and the channel that its reply goes to. */
interface Waiting {
  readonly channel: RequestChannel;
  readonly request: Message;
  /** The time when it came, by this machine's clock, in milliseconds since 1970. */
  readonly came: number;
}

interface Running extends Waiting {
  readonly cell: number;
  readonly count: number;
  readonly stored: boolean;
  /** The time when it began, as an ISO date: frontends show how long a cell took. */
  readonly started: string;
  /** The content of its `execute_result`, as JSON text. */
  result?: string;
}

/** Requests that were sent together with a failing cell may still be on their way: they are waited for, in milliseconds. */
const abortWindowMs = 5;
/** On a busy machine they come later. For so long, requests whose dates are before the cell's failure are aborted too. */
const lateMs = 500;

/** The cells that wait, and the one that runs. */
export class CellQueue {
  readonly #outbox: Outbox;
  readonly #history: History;
  readonly #run: (order: ExecuteOrder) => void;
  readonly #waiting: Waiting[] = [];
  #running: Running | undefined;
  #cells = 0;
  #count = 0;
  #isLeaving = false;
  /** The last failure that aborted what waited: its client, its time by the client's clock, and until when it counts. */
  #failure = { session: "", clientTime: 0, until: 0 };

  constructor(outbox: Outbox, history: History, run: (order: ExecuteOrder) => void) {
    this.#outbox = outbox;
    this.#history = history;
    this.#run = run;
  }

  /** The request whose cell runs now. */
  get running(): Message | undefined {
    return this.#running?.request;
  }

  /** The number of the cell that runs now. */
  get runningCell(): number | undefined {
    return this.#running?.cell;
  }

  /** The number of the newest counted cell. */
  get count(): number {
    return this.#count;
  }

  /** Returns a number for something that is no cell and has output all the same. */
  number(): number {
    return ++this.#cells;
  }

  /** Runs the cell of a request when those before it have ended. */
  add(channel: RequestChannel, request: Message): void {
    const waiting = { channel, request, came: Date.now() };
    if (this.#isLeaving || this.#isLate(waiting)) {
      this.#abort(waiting);
      return;
    }
    this.#waiting.push(waiting);
    if (this.#running === undefined) this.#next();
  }

  /** Notes the `execute_result` of the running cell. */
  result(cell: number, content: string): void {
    if (this.#running?.cell === cell) this.#running.result = content;
  }

  /** A cell has ended. */
  end({ cell, failed, content }: CellEnd): void {
    const running = this.#running;
    if (running?.cell !== cell) return;
    if (failed && running.request.content.stop_on_error !== false) {
      setTimeout(() => this.#finish(running, content, true), abortWindowMs);
    } else {
      this.#finish(running, content, false);
    }
  }

  /** Answers the running cell and everything that waits, for a kernel about to end. */
  abandon(content: Content): void {
    const running = this.#running;
    if (running === undefined) return;
    this.#finish(running, JSON.stringify({ ...content, execution_count: running.count }), true);
  }

  /** The kernel is about to end: what runs, waits or still comes is answered, and nothing is begun any more. */
  leave(): void {
    this.#isLeaving = true;
    this.abandon({ status: "aborted" });
  }

  #finish(running: Running, content: string, abort: boolean): void {
    if (this.#running !== running) return; // abandoned meanwhile
    const { channel, request, cell, started } = running;
    if (abort) this.#noteFailure(running);
    this.#outbox.closing(cell);
    this.#outbox.reply(channel, request, content, { started });
    this.#outbox.status("idle", request);
    if (running.stored) this.#history.ended(running.result);
    this.#running = undefined;
    if (abort) for (const waiting of this.#waiting.splice(0)) this.#abort(waiting);
    this.#next();
  }

  /** Notes when a cell failed by the clock of its client, whose machine may have another: it took as long by that as it did here. */
  #noteFailure({ request: { header }, came }: Waiting): void {
    const now = Date.now();
    this.#failure = { session: header.session, clientTime: Date.parse(header.date) + now - came, until: now + lateMs };
  }

  /** Whether a request was sent before the last failure. Dates of whole seconds, as some clients write them, are too coarse to tell. */
  #isLate({ request: { header }, came }: Waiting): boolean {
    const { session, clientTime, until } = this.#failure;
    const isExact = /:\d\d[.,]\d/.test(header.date);
    return came < until && header.session === session && isExact && Date.parse(header.date) < clientTime;
  }

  #abort({ channel, request }: Waiting): void {
    this.#outbox.status("busy", request);
    this.#outbox.reply(channel, request, { status: "aborted", execution_count: this.#count });
    this.#outbox.status("idle", request);
  }

  #next(): void {
    const next = this.#waiting.shift();
    if (next === undefined) return;
    const { request } = next;
    const code = request.content.code as string;
    const silent = request.content.silent === true;
    const stored = !silent && request.content.store_history !== false;
    const cell = this.number();
    const count = stored ? ++this.#count : this.#count;
    if (stored) this.#history.add(count, code);
    this.#running = { ...next, cell, count, stored, started: new Date().toISOString() };
    this.#outbox.adopt(cell, request);
    const userExpressions = (request.content.user_expressions ?? {}) as Record<string, string>;
    const lines = code.replace(/\r\n?/g, "\n"); // as JavaScript reads them; a shell does not
    const order: ExecuteOrder = { type: "execute", cell, code: lines, count, silent, userExpressions };
    const refusal = this.#begin(order); // first: the other thread can begin
    this.#outbox.status("busy", request);
    if (!silent) this.#outbox.publish("execute_input", { code, execution_count: count }, request);
    if (refusal !== undefined) this.end({ cell, failed: true, content: JSON.stringify(refusal) });
  }

  /** Begins a cell. Returns the content of the reply where it could not even be begun: the next one can. */
  #begin(order: ExecuteOrder): Content | undefined {
    try {
      this.#run(order);
      return undefined;
    } catch (error) {
      return { ...errorReply("execute_reply", "KernelError", String(error)), execution_count: order.count };
    }
  }
}
