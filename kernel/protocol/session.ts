/** Decides which request gets which answer, and from which thread. Lives in the protocol worker, so it answers while a cell blocks. */
import { randomUUID } from "node:crypto";
import type { Connection } from "../shared/connection.ts";
import type { Flags } from "../shared/flags.ts";
import { log, logError } from "../shared/log.ts";
import type { ExecuteOrder, FromMain, ToMain } from "../shared/messages.ts";
import { exitCodeOf, type KernelSignal } from "../shared/signals.ts";
import { CellQueue } from "./cellQueue.ts";
import { CommTable } from "./comms.ts";
import { Questions } from "./completion.ts";
import { History, type HistoryFile } from "./history.ts";
import { InputRequests } from "./input.ts";
import { isComplete } from "./isComplete.ts";
import { LanguageWorker } from "./languageWorker.ts";
import { Outbox, type Send } from "./outbox.ts";
import type { RequestChannel } from "./sockets/sockets.ts";
import { modeFrom, type NamedCell, TypeChecks } from "./typeChecks.ts";
import {
  type Content,
  errorReply,
  type Message,
  type Outgoing,
  problemOf,
  protocolVersion,
  replyType,
} from "./wire/message.ts";

/** The surroundings of a session: what it cannot do by itself. */
interface SessionOptions {
  readonly connection: Connection;
  readonly flags: Flags;
  readonly send: Send;
  readonly toMain: (message: ToMain) => void;
  /** The file in which inputs outlive the kernel. */
  readonly historyFile: HistoryFile | undefined;
  /** Ends what runs on the main thread; returns at once. */
  readonly interrupt: () => void;
  /** Called once the running cell, if any, has ended. */
  readonly cellEnded: () => void;
  /** Ends the process after everything sent has left. `code` is its exit code, by default 0. */
  readonly shutdown: (code?: number) => void;
}

/**
 * Requests may be on their way to a kernel that is about to end for so long, in milliseconds. Who has asked for the end
 * sends nothing behind that; a cell's `process.exit` comes as a surprise, and on a busy machine clients are slow.
 */
const lateMs = { asked: 10, surprise: 250 };

const kernelVersion = "0.1.0";

/** The content of `kernel_info_reply`. */
const kernelInfo: Content = {
  status: "ok",
  protocol_version: protocolVersion,
  implementation: "thaw",
  implementation_version: kernelVersion,
  language_info: {
    name: "typescript",
    version: process.versions.node,
    mimetype: "text/typescript",
    file_extension: ".ts",
    pygments_lexer: "typescript",
    codemirror_mode: "typescript",
    nbconvert_exporter: "script",
  },
  banner: `Thaw ${kernelVersion}: TypeScript on Node ${process.version}`,
  help_links: [
    { text: "TypeScript", url: "https://www.typescriptlang.org/docs/" },
    { text: "Node.js", url: "https://nodejs.org/docs/latest/api/" },
  ],
  debugger: false,
  supported_features: [],
};

/** Answers the requests of all clients, and turns what the threads report into messages. */
export class Session {
  readonly #options: SessionOptions;
  readonly #outbox: Outbox;
  readonly #history: History;
  readonly #cells: CellQueue;
  readonly #comms: CommTable;
  readonly #inputs: InputRequests;
  readonly #language: LanguageWorker;
  readonly #questions: Questions;
  readonly #types: TypeChecks;
  /** Answers that are being worked out. */
  readonly #answering = new Set<Promise<void>>();
  /** Whether a client has asked for the kernel's end. */
  #endAsked = false;

  constructor(options: SessionOptions) {
    this.#options = options;
    this.#language = new LanguageWorker(process.cwd(), options.flags);
    this.#outbox = new Outbox(options.send, randomUUID());
    this.#history = new History(options.historyFile);
    this.#cells = new CellQueue(this.#outbox, this.#history, (order) => this.#run(order));
    this.#comms = new CommTable(this.#outbox, options.toMain);
    this.#inputs = new InputRequests(this.#outbox);
    this.#questions = new Questions({
      language: this.#language,
      toMain: options.toMain,
      reply: (channel, request, content) => {
        this.#outbox.reply(channel, request, content);
        this.#idle(request);
      },
    });
    this.#types = new TypeChecks({
      flags: options.flags,
      language: this.#language,
      mode: modeFrom(process.env.THAW_TYPES),
      warn: (cell, text) => this.#outbox.stream(cell, "stderr", text),
      existing: (names) => this.#questions.existing(names),
    });
  }

  /** Says on iopub that the kernel is coming up. */
  start(): void {
    this.#outbox.status("starting", undefined);
  }

  /** Makes the first message to a client that subscribes to `topic`. */
  greet(topic: Uint8Array): Outgoing {
    return this.#outbox.welcome(topic);
  }

  /** Resolves when what must outlive the kernel is on disk. */
  async settled(): Promise<void> {
    await this.#history.written();
  }

  /**
   * The kernel is about to end: from now on all that is asked is answered at once, and nothing is begun. Returns for how
   * many milliseconds more may come.
   */
  leave(): number {
    this.#cells.leave();
    this.#questions.leave();
    return this.#endAsked ? lateMs.asked : lateMs.surprise;
  }

  /** Resolves when all that was asked is answered. */
  async answered(): Promise<void> {
    while (this.#answering.size > 0) await Promise.all(this.#answering);
  }

  /** Deals with a message of a client. Never throws: what fails costs the client that asked an answer, and nobody else anything. */
  receive(channel: RequestChannel, request: Message): void {
    const type = request.header.msg_type;
    try {
      this.#receive(channel, type, request);
    } catch (error) {
      logError(`${type.slice(0, 100)} failed`)(error);
      if (type.endsWith("_request")) this.#answer(channel, request, failure(request, error));
      else if (type.startsWith("comm_")) this.#idle(request);
    }
  }

  #receive(channel: RequestChannel, type: string, request: Message): void {
    if (channel === "stdin") {
      const answered = type === "input_reply" && this.#inputs.reply(request);
      if (!answered) log(`${type} on stdin ignored: it answers no question that waits`);
      return;
    }
    const problem = problemOf(type, request.content);
    if (problem === undefined) this.#dispatch(channel, request);
    else if (!type.endsWith("_request")) log(`message on ${channel} ignored: ${problem}`);
    else {
      const count = type === "execute_request" ? { execution_count: this.#cells.count } : {};
      this.#answer(channel, request, { ...errorReply(replyType(type), "BadRequest", problem), ...count });
    }
  }

  #dispatch(channel: RequestChannel, request: Message): void {
    const { content } = request;
    switch (request.header.msg_type) {
      case "execute_request":
        this.#cells.add(channel, request);
        break;
      case "complete_request":
        this.#outbox.status("busy", request);
        this.#answerAfter(this.#questions.complete(channel, request));
        break;
      case "inspect_request":
        this.#outbox.status("busy", request);
        this.#answerAfter(this.#questions.inspect(channel, request));
        break;
      case "kernel_info_request":
        this.#answer(channel, request, kernelInfo);
        break;
      case "connect_request":
        this.#answer(channel, request, connectInfo(this.#options.connection));
        break;
      case "comm_info_request":
        this.#answer(channel, request, this.#comms.info(content));
        break;
      case "comm_open":
      case "comm_msg":
      case "comm_close":
        this.#comms.receive(request, this.#cells.number());
        break;
      case "history_request":
        this.#answerLater(channel, request, async () => {
          return { status: "ok", history: await this.#history.query(content) };
        });
        break;
      case "is_complete_request":
        this.#answerLater(channel, request, () => isComplete(content.code as string));
        break;
      case "interrupt_request":
        this.#options.interrupt();
        this.#answer(channel, request, { status: "ok" });
        break;
      case "shutdown_request": {
        const reply = { status: "ok", restart: content.restart === true };
        this.#answer(channel, request, reply);
        this.#outbox.publish("shutdown_reply", reply, request); // for the clients that did not ask
        this.#endAsked = true;
        this.#options.shutdown();
        break;
      }
      default:
        log(`${request.header.msg_type.slice(0, 100)} on ${channel} ignored: unknown to this kernel`);
    }
  }

  /** Deals with a report of the main thread. Never throws. */
  report(message: FromMain): void {
    try {
      this.#report(message);
    } catch (error) {
      logError(`a report of the cells' thread, ${message.type}, failed`)(error);
    }
  }

  /** Deals with a signal to the process. One that asks it to end ends it after the running cell has been answered. */
  signal(signal: KernelSignal): void {
    if (signal === "SIGINT") {
      this.#options.interrupt();
      return;
    }
    this.#endAsked = true;
    this.#leave("KernelEnded", `The kernel was asked to end by ${signal}.`);
    this.#options.shutdown(exitCodeOf(signal));
  }

  #report(message: FromMain): void {
    switch (message.type) {
      case "stream":
        this.#outbox.stream(message.cell, message.name, message.text);
        break;
      case "output":
        if (message.kind === "execute_result") this.#cells.result(message.cell, message.content);
        this.#outbox.output(message.cell, message.kind, message.content);
        break;
      case "done":
        this.#options.cellEnded();
        this.#inputs.forget();
        if (message.failed) this.#types.failed(message.cell);
        this.#cells.end(message);
        break;
      case "answer":
        this.#questions.answer(message.request, message.content);
        break;
      case "lookUp":
        void this.#questions.lookUp(message.request, message.name);
        break;
      case "types":
        this.#types.mode = message.mode;
        break;
      case "comm":
        this.#comms.report(message);
        break;
      case "handled":
        for (const request of this.#comms.handled(message.cell)) this.#idle(request);
        break;
      case "input":
        this.#inputs.ask(message, this.#cells.running);
        break;
      case "drain":
        break; // the worker has done it
      case "signal":
        this.signal(message.signal);
        break;
      case "exiting":
        this.#leave("ProcessExit", `A cell called process.exit(${message.code}): the kernel ends.`, message.cell);
        this.#options.shutdown(message.code || 0);
        break;
    }
  }

  /** Tells the running cell, and what waits behind it, why the kernel is about to end. */
  #leave(ename: string, evalue: string, cell = this.#cells.runningCell): void {
    if (cell === undefined) return;
    const error = { ename, evalue, traceback: [`${ename}: ${evalue}`] };
    this.#outbox.output(cell, "error", error); // frontends show this one, and not the reply's
    this.#cells.abandon({ status: "error", ...error });
  }

  #answer(channel: RequestChannel, request: Message, content: Content): void {
    this.#outbox.status("busy", request);
    this.#outbox.reply(channel, request, content);
    this.#idle(request);
  }

  #answerLater(channel: RequestChannel, request: Message, content: () => Promise<Content>): void {
    this.#outbox.status("busy", request);
    const answer = async (): Promise<void> => {
      this.#outbox.reply(channel, request, await content().catch((error) => failure(request, error)));
      this.#idle(request);
    };
    this.#answerAfter(answer());
  }

  #answerAfter(answer: Promise<void>): void {
    const answered = answer.catch(logError("an answer failed")).finally(() => this.#answering.delete(answered));
    this.#answering.add(answered);
  }

  /** Sends a cell to the main thread; a strict kernel has it checked before. */
  #run(order: ExecuteOrder): void {
    const cell = this.#types.add(order.cell, order.count, order.code);
    if (this.#types.mode === "strict") void this.#runChecked(order, cell);
    else {
      this.#options.toMain(order);
      if (!order.silent) this.#types.later(cell);
    }
  }

  async #runChecked(order: ExecuteOrder, cell: NamedCell): Promise<void> {
    const refusal = await this.#types.refusal(cell);
    if (this.#cells.runningCell !== order.cell) return; // answered meanwhile: the kernel is ending
    if (refusal === undefined) {
      this.#options.toMain(order);
      return;
    }
    if (!order.silent) this.#outbox.output(order.cell, "error", { ...refusal });
    const content = JSON.stringify({ status: "error", execution_count: order.count, ...refusal });
    this.#cells.end({ cell: order.cell, failed: true, content });
  }

  /** Says that a request is done. Frontends show the newest status whatever it answers, so a running cell is busy again. */
  #idle(request: Message): void {
    this.#outbox.status("idle", request);
    if (this.#cells.running !== undefined) this.#outbox.status("busy", this.#cells.running);
  }
}

/** Makes the content of the reply to a request that the kernel could not deal with. */
function failure(request: Message, error: unknown): Content {
  return errorReply(replyType(request.header.msg_type), "KernelError", String(error));
}

/** Returns the content of `connect_reply`. */
function connectInfo({ shell_port, iopub_port, stdin_port, hb_port, control_port }: Connection): Content {
  return { status: "ok", shell_port, iopub_port, stdin_port, hb_port, control_port };
}
