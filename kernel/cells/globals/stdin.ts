/**
 * `process.stdin` for cells: code that reads it (`readline`, packages that prompt) gets what the person at the frontend
 * types, a line at a time, in the box that `input()` has. Unlike `input()` it does not block: it is read by code that
 * waits for an event.
 */
import { Readable } from "node:stream";
import { MessageChannel, type MessagePort } from "node:worker_threads";
import type { InputAnswer, InputOrder } from "../../shared/messages.ts";
import { currentCell } from "../asyncContext/currentCell.ts";
import { kernelTimers } from "../asyncContext/timers.ts";
import { captureCallSite } from "../errors/stackTraces.ts";
import type { Interrupts } from "../interrupt/interrupts.ts";
import { cells, nodeModule } from "../realm/cellRealm.ts";
import { InputError } from "./prompts.ts";

/** Time in milliseconds that code has to print its question after it has begun to read. */
const questionMs = 20;
/** Time in milliseconds that code has to end by itself after it was told that there will be no answer. */
const graceMs = 100;

interface StdinServices {
  /** Sends the order to the worker, and its port with it. */
  readonly post: (order: InputOrder) => void;
  readonly interrupts: Interrupts;
  /** Returns the question that stands in the cell's output; empty without one. */
  readonly question: () => string;
}

/**
 * Replaces `process.stdin`. A stream that has come to its end, or that another cell has paused, is replaced again: each
 * cell reads anew.
 */
export function patchStdin(services: StdinServices): void {
  let stdin = new CellStdin(services);
  const get = (): CellStdin => {
    if (stdin.isOver()) stdin = new CellStdin(services);
    return stdin;
  };
  Object.defineProperty(cells.process, "stdin", { get, configurable: true, enumerable: true });
  for (const name of ["node:readline", "node:readline/promises"] as const) patchQuestion(name);
}

/** Notes each `question` of `readline`: one whose answer will never come is to end in an error. */
function patchQuestion(name: "node:readline" | "node:readline/promises"): void {
  const { prototype } = nodeModule<typeof import("node:readline")>(name).Interface;
  const ask = prototype.question as (...values: unknown[]) => unknown;
  const patched = function (this: { readonly input?: unknown }, ...values: unknown[]): unknown {
    if (this.input instanceof CellStdin) this.input.expectAnswer();
    return Reflect.apply(ask, this, values);
  };
  const own = Object.getOwnPropertyDescriptors(ask);
  Object.defineProperty(prototype, "question", {
    value: Object.defineProperties(patched, own),
    configurable: true,
    writable: true,
  });
}

class CellStdin extends Readable {
  readonly fd = 0;
  readonly #services: StdinServices;
  /** Whether code reads, and has got nothing yet. */
  #isReading = false;
  /** Whether code cannot go on without an answer. */
  #needsAnswer = false;
  #pending: { readonly port: MessagePort; readonly cell: number } | undefined;
  #timer: NodeJS.Timeout | undefined;
  /** Adds the place where the cell's code began to read to an error. */
  #addCallSite: (error: unknown) => unknown = (error) => error;

  /** The cell whose code has begun to read. */
  #cell = currentCell();

  constructor(services: StdinServices) {
    super();
    this.#services = services;
  }

  isOver(): boolean {
    if (this.readableEnded || this.destroyed) return true;
    return this.#cell !== currentCell() && (this.isPaused() || !this.#isHeard());
  }

  /**
   * Tells whether a listener would receive the user's input: after `once("data")` there is none, though the stream
   * flows.
   */
  #isHeard(): boolean {
    const events = ["data", "readable", "keypress", "end"] as const;
    return events.some((event) => this.listenerCount(event) > 0);
  }

  override _read(): void {
    this.#isReading = true;
    this.#scheduleQuestion();
  }

  override resume(): this {
    this.#addCallSite = captureCallSite();
    if (this.#isReading) this.#scheduleQuestion();
    return super.resume();
  }

  override on(event: string | symbol, listener: (...values: never[]) => void): this {
    super.on(event, listener as (...values: unknown[]) => void);
    if (this.#isReading && (event === "data" || event === "readable" || event === "keypress")) this.#scheduleQuestion();
    return this;
  }

  /** Notes that code asks a question. */
  expectAnswer(): void {
    this.#needsAnswer = true;
    this.#addCallSite = captureCallSite();
    this.#scheduleQuestion();
  }

  #scheduleQuestion(): void {
    const cell = currentCell();
    this.#cell = cell;
    kernelTimers.clearTimeout(this.#timer);
    this.#timer = kernelTimers.setTimeout(() => this.#postQuestion(cell), questionMs);
  }

  #postQuestion(cell: number): void {
    const isPaused = this.isPaused() && this.listenerCount("readable") === 0;
    if (!this.#isReading || isPaused || !this.#isHeard() || this.#pending?.cell === cell) return;
    this.#pending?.port.close(); // an older cell's, which has ended
    const prompt = this.#services.question();
    this.#needsAnswer ||= prompt !== "" || this.listenerCount("keypress") > 0;
    const { port1, port2 } = new MessageChannel();
    this.#pending = { port: port1, cell };
    port1.on("message", (answer: InputAnswer) => this.#receiveAnswer(cell, answer));
    const woken = new Int32Array(new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT));
    this.#services.post({ type: "input", prompt, password: false, woken, port: port2 });
  }

  #receiveAnswer(cell: number, answer: InputAnswer): void {
    this.#pending?.port.close();
    this.#pending = undefined;
    if ("value" in answer) {
      this.#isReading = false;
      this.#needsAnswer = false;
      this.push(`${answer.value}\n`);
      return;
    }
    if (answer.refused === "NO_CELL") return; // the next cell that reads asks again
    if (answer.refused === "ASKED_AGAIN") {
      this.#scheduleQuestion();
      return;
    }
    const error = this.#addCallSite(new InputError(answer.refused)) as InputError;
    const isNeeded = this.#needsAnswer;
    this.push(null); // as where there is no terminal
    if (isNeeded) kernelTimers.setTimeout(() => this.#services.interrupts.fail(error, cell), graceMs);
  }
}
