/** Starts the thread of the language service when it is first needed, tells it of every cell, and asks it questions. */
import { Worker } from "node:worker_threads";
import { type Flags, flag } from "../shared/flags.ts";
import { log } from "../shared/log.ts";
import type { FromLanguage, LanguageQuestion, LanguageStart, ToLanguage } from "../shared/messages.ts";

/** Types of one huge package must not take the whole kernel's memory: beyond this the service is given up. */
const resourceLimits = { maxOldGenerationSizeMb: 1024, maxYoungGenerationSizeMb: 48 };

/** The language service as the protocol worker sees it. */
export class LanguageWorker {
  /** Whether a question would be answered soon. */
  ready = false;
  readonly #folder: string;
  readonly #flags: Flags;
  readonly #waiting = new Map<number, (answer: unknown) => void>();
  /** Messages that the thread gets once it is asked something. */
  #unsent: ToLanguage[] = [];
  #thread: Worker | undefined;
  #lost = false;
  #asked = 0;

  constructor(folder: string, flags: Flags) {
    this.#folder = folder;
    this.#flags = flags;
  }

  /** Loads TypeScript and the libraries' types, which takes a second or two. */
  start(): void {
    if (this.#thread !== undefined || this.#lost) return;
    const workerData: LanguageStart = { folder: this.#folder, flags: this.#flags };
    this.#thread = new Worker(new URL("../language.cjs", import.meta.url), { workerData, resourceLimits });
    Atomics.store(this.#flags, flag.languageSince, Date.now() | 0);
    this.#thread.unref();
    this.#thread.on("message", (message: FromLanguage) => this.#receive(message));
    this.#thread.on("error", (error) => this.#lose(error));
  }

  add(name: string, code: string): void {
    if (!this.#lost) this.#unsent.push({ type: "add", name, code });
  }

  remove(name: string): void {
    if (!this.#lost) this.#unsent.push({ type: "remove", name });
  }

  /** Starts the service if need be. Undefined when there is no answer. */
  async ask<Answer>(question: LanguageQuestion): Promise<Answer | undefined> {
    this.start();
    if (this.#lost) return undefined;
    const request = ++this.#asked;
    this.#unsent.push({ type: "ask", request, question });
    for (const message of this.#unsent) this.#thread?.postMessage(message);
    this.#unsent = [];
    return (await new Promise<unknown>((resolve) => this.#waiting.set(request, resolve))) as Answer | undefined;
  }

  #receive(message: FromLanguage): void {
    if (message.type === "ready") {
      this.ready = true;
      return;
    }
    this.#waiting.get(message.request)?.(message.answer);
    this.#waiting.delete(message.request);
  }

  /** Cells run without it, and completion goes on with live values. */
  #lose(error: Error): void {
    log(`the language service failed: ${error.message}; types are off until the kernel restarts`);
    this.#lost = true;
    Atomics.store(this.#flags, flag.checked, 0);
    this.ready = false;
    this.#thread = undefined;
    this.#unsent = [];
    for (const resolve of this.#waiting.values()) resolve(undefined);
    this.#waiting.clear();
  }
}
