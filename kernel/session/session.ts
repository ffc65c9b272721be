/** Which request gets which answer, and from which thread. Lives in the protocol worker, so it answers while a cell blocks. */
import { randomUUID } from "node:crypto";
import { log } from "../channels/log.ts";
import type { RequestChannel } from "../channels/sockets.ts";
import type { FromMain, ToMain } from "../channels/thread.ts";
import { CommTable } from "../comm/commTable.ts";
import { isComplete } from "../completion/isComplete.ts";
import { InputRequests } from "../input/inputRequests.ts";
import type { Connection } from "../wire/connection.ts";
import type { Content, Message } from "../wire/message.ts";
import { CellQueue } from "./cellQueue.ts";
import { toUnits } from "./cursor.ts";
import { History } from "./history.ts";
import type { HistoryFile } from "./historyFile.ts";
import { connectInfo, kernelInfo } from "./kernelInfo.ts";
import { Outbox, type Send } from "./outbox.ts";
import { badRequest, problemOf } from "./requestCheck.ts";

/** What a session cannot do by itself. */
export interface SessionOptions {
  readonly connection: Connection;
  readonly send: Send;
  readonly toMain: (message: ToMain) => void;
  /** Where inputs outlive the kernel. */
  readonly historyFile: HistoryFile | undefined;
  /** Ends what runs on the main thread; returns at once. */
  readonly interrupt: () => void;
  /** Called once the running cell, if any, has ended. */
  readonly cellEnded: () => void;
  /** Ends the process after everything sent has left. */
  readonly shutdown: () => void;
}

export class Session {
  readonly #options: SessionOptions;
  readonly #outbox: Outbox;
  readonly #history: History;
  readonly #cells: CellQueue;
  readonly #comms: CommTable;
  readonly #inputs: InputRequests;
  readonly #questions = new Map<number, { channel: RequestChannel; request: Message }>();
  #asked = 0;

  constructor(options: SessionOptions) {
    this.#options = options;
    this.#outbox = new Outbox(options.send, randomUUID());
    this.#history = new History(options.historyFile);
    this.#cells = new CellQueue(this.#outbox, this.#history, options.toMain);
    this.#comms = new CommTable(this.#outbox, options.toMain);
    this.#inputs = new InputRequests(this.#outbox);
  }

  /** Says on iopub that the kernel is coming up. */
  start(): void {
    this.#outbox.status("starting", undefined);
  }

  /** A client subscribed to iopub. */
  greet(topic: Uint8Array): void {
    this.#outbox.welcome(topic);
  }

  /** Resolves when what must outlive the kernel is on disk. */
  async settled(): Promise<void> {
    await this.#history.written();
  }

  receive(channel: RequestChannel, request: Message): void {
    const type = request.header.msg_type;
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
      this.#answer(channel, request, { ...badRequest(problem), ...count });
    }
  }

  #dispatch(channel: RequestChannel, request: Message): void {
    const { content } = request;
    switch (request.header.msg_type) {
      case "execute_request":
        this.#cells.add(channel, request);
        break;
      case "complete_request":
        this.#ask("complete", channel, request);
        break;
      case "inspect_request":
        this.#ask("inspect", channel, request);
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
        void this.#answerLater(channel, request, async () => {
          return { status: "ok", history: await this.#history.query(content) };
        });
        break;
      case "is_complete_request":
        void this.#answerLater(channel, request, () => isComplete(content.code as string));
        break;
      case "interrupt_request":
        this.#options.interrupt();
        this.#answer(channel, request, { status: "ok" });
        break;
      case "shutdown_request": {
        const reply = { status: "ok", restart: content.restart === true };
        this.#answer(channel, request, reply);
        this.#outbox.publish("shutdown_reply", reply, request); // for the clients that did not ask
        this.#options.shutdown();
        break;
      }
      default:
        log(`${request.header.msg_type.slice(0, 100)} on ${channel} ignored: unknown to this kernel`);
    }
  }

  /** A report of the main thread. */
  report(message: FromMain): void {
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
        this.#cells.end(message);
        break;
      case "answer": {
        const question = this.#questions.get(message.request);
        if (question === undefined) return;
        this.#questions.delete(message.request);
        this.#outbox.reply(question.channel, question.request, message.content);
        this.#idle(question.request);
        break;
      }
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
      case "sigint":
        this.#options.interrupt();
        break;
      case "exiting": {
        const evalue = `A cell called process.exit(${message.code}): the kernel ends.`;
        this.#cells.abandon({ status: "error", ename: "ProcessExit", evalue, traceback: [evalue] });
        this.#options.shutdown();
        break;
      }
    }
  }

  #answer(channel: RequestChannel, request: Message, content: Content): void {
    this.#outbox.status("busy", request);
    this.#outbox.reply(channel, request, content);
    this.#idle(request);
  }

  async #answerLater(channel: RequestChannel, request: Message, content: () => Promise<Content>): Promise<void> {
    this.#outbox.status("busy", request);
    this.#outbox.reply(channel, request, await content().catch((error) => badRequest(String(error))));
    this.#idle(request);
  }

  #ask(type: "complete" | "inspect", channel: RequestChannel, request: Message): void {
    const number = ++this.#asked;
    const code = request.content.code as string;
    const cursor = toUnits(code, Number(request.content.cursor_pos ?? code.length));
    this.#questions.set(number, { channel, request });
    this.#outbox.status("busy", request);
    this.#options.toMain({ type, request: number, code, cursor });
  }

  /** Frontends show the newest status whatever it answers, so a running cell says again that it is busy. */
  #idle(request: Message): void {
    this.#outbox.status("idle", request);
    if (this.#cells.running !== undefined) this.#outbox.status("busy", this.#cells.running);
  }
}
