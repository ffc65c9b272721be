/** Which request gets which answer, and from which thread. Lives in the protocol worker, so it answers while a cell blocks. */
import { randomUUID } from "node:crypto";
import { log } from "../channels/log.ts";
import type { RequestChannel } from "../channels/sockets.ts";
import type { FromMain, ToMain } from "../channels/thread.ts";
import { isComplete } from "../completion/isComplete.ts";
import type { Content, Message } from "../wire/message.ts";
import { CellQueue } from "./cellQueue.ts";
import { toUnits } from "./cursor.ts";
import { History } from "./history.ts";
import { kernelInfo } from "./kernelInfo.ts";
import { Outbox, type Send } from "./outbox.ts";

/** What a session cannot do by itself. */
export interface SessionOptions {
  readonly send: Send;
  readonly toMain: (message: ToMain) => void;
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
  readonly #history = new History();
  readonly #cells: CellQueue;
  readonly #questions = new Map<number, { channel: RequestChannel; request: Message }>();
  #asked = 0;

  constructor(options: SessionOptions) {
    this.#options = options;
    this.#outbox = new Outbox(options.send, randomUUID());
    this.#cells = new CellQueue(this.#outbox, this.#history, options.toMain);
  }

  /** Says on iopub that the kernel is coming up. */
  start(): void {
    this.#outbox.status("starting", undefined);
  }

  receive(channel: RequestChannel, request: Message): void {
    const type = request.header.msg_type;
    if (channel === "stdin") {
      log(`${type} on stdin ignored: no input was asked for`);
      return;
    }
    switch (type) {
      case "execute_request":
        this.#cells.add(request);
        return;
      case "complete_request":
        this.#ask("complete", channel, request);
        return;
      case "inspect_request":
        this.#ask("inspect", channel, request);
        return;
      case "kernel_info_request":
        this.#answer(channel, request, () => kernelInfo);
        return;
      case "comm_info_request":
        this.#answer(channel, request, () => ({ status: "ok", comms: {} }));
        return;
      case "history_request":
        this.#answer(channel, request, () => ({ status: "ok", history: this.#history.query(request.content) }));
        return;
      case "is_complete_request":
        return void this.#answerLater(channel, request, () => isComplete(String(request.content.code ?? "")));
      case "interrupt_request":
        this.#options.interrupt();
        this.#answer(channel, request, () => ({ status: "ok" }));
        return;
      case "shutdown_request":
        this.#answer(channel, request, () => ({ status: "ok", restart: request.content.restart === true }));
        this.#options.shutdown();
        return;
      default:
        log(`${type} on ${channel} ignored: unknown to this kernel`);
    }
  }

  /** A report of the main thread. */
  report(message: FromMain): void {
    switch (message.type) {
      case "stream":
        this.#outbox.stream(message.cell, message.name, message.text);
        return;
      case "output":
        this.#outbox.output(message.cell, message.kind, message.content);
        return;
      case "done":
        this.#options.cellEnded();
        this.#cells.end(message);
        return;
      case "answer": {
        const question = this.#questions.get(message.request);
        if (question === undefined) return;
        this.#questions.delete(message.request);
        this.#outbox.reply(question.channel, question.request, message.content);
        this.#idle(question.request);
        return;
      }
      case "sigint":
        this.#options.interrupt();
        return;
      case "exiting": {
        const evalue = `A cell called process.exit(${message.code}): the kernel ends.`;
        this.#cells.abandon({ status: "error", ename: "ProcessExit", evalue, traceback: [evalue], execution_count: 0 });
        this.#options.shutdown();
        return;
      }
    }
  }

  #answer(channel: RequestChannel, request: Message, content: () => Content): void {
    this.#outbox.status("busy", request);
    this.#outbox.reply(channel, request, content());
    this.#idle(request);
  }

  async #answerLater(channel: RequestChannel, request: Message, content: () => Promise<Content>): Promise<void> {
    this.#outbox.status("busy", request);
    this.#outbox.reply(channel, request, await content());
    this.#idle(request);
  }

  #ask(type: "complete" | "inspect", channel: RequestChannel, request: Message): void {
    const number = ++this.#asked;
    const code = String(request.content.code ?? "");
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
