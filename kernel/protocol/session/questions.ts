/** Completion and inspection: what the types say and what is live, each waited for no longer than a person would. */

import type { LiveCompletion } from "../../cells/completion/complete.ts";
import type { LiveValue } from "../../cells/completion/inspect.ts";
import type { Completions, Inspection } from "../../shared/languageMessages.ts";
import type { ToMain } from "../../shared/threadMessages.ts";
import type { RequestChannel } from "../channels/sockets.ts";
import { completeContent, inspectContent } from "../completion/merge.ts";
import { magicAt, writtenAt } from "../completion/written.ts";
import type { LanguageWorker } from "../language/languageWorker.ts";
import type { Content, Message } from "../wire/message.ts";
import { toUnits } from "./cursor.ts";

/** How long live values are waited for: the main thread may be busy. */
const liveMs = 20;
/** How long anything is waited for: a list of candidates that comes later is not looked at any more. */
const patienceMs = { complete: 1000, inspect: 3000 };

/** What the desk of questions works with. */
export interface QuestionsOptions {
  readonly language: LanguageWorker;
  readonly toMain: (message: ToMain) => void;
  readonly reply: (channel: RequestChannel, request: Message, content: Content) => void;
}

export class Questions {
  readonly #options: QuestionsOptions;
  readonly #asked = new Map<number, (answer: unknown) => void>();
  /** What ends the waits that are under way. */
  readonly #waits = new Set<() => void>();
  #count = 0;
  #isLeaving = false;

  constructor(options: QuestionsOptions) {
    this.#options = options;
  }

  async complete(channel: RequestChannel, request: Message): Promise<void> {
    const { code, cursor } = placeOf(request);
    const written = await this.#within(patienceMs.complete, writtenAt(code, cursor, process.cwd()));
    if (written?.alone === true) {
      this.#options.reply(channel, request, completeContent(code, cursor, written, undefined));
      return;
    }
    const live = this.#main<LiveCompletion>((number) => ({ type: "complete", request: number, code, cursor }));
    const typed = this.#options.language.ask<Completions>({ type: "complete", code, cursor });
    const [known, found] = await this.#both(typed, live, ({ matches }) => matches.length > 0, patienceMs.complete);
    const isKnown = (known?.candidates.length ?? 0) > 0; // a string of which a type says what it may be names no file
    this.#options.reply(channel, request, completeContent(code, cursor, isKnown ? known : (written ?? known), found));
  }

  async inspect(channel: RequestChannel, request: Message): Promise<void> {
    const { code, cursor } = placeOf(request);
    const magic = magicAt(code, cursor);
    if (magic !== undefined) {
      this.#options.reply(channel, request, { status: "ok", found: true, data: { "text/plain": magic }, metadata: {} });
      return;
    }
    const live = this.#main<LiveValue | undefined>((number) => ({ type: "inspect", request: number, code, cursor }));
    const typed = this.#options.language.ask<Inspection>({ type: "inspect", code, cursor });
    const [known, found] = await this.#both(typed, live, (value) => value !== undefined, patienceMs.inspect);
    this.#options.reply(channel, request, inspectContent(known, found, Number(request.content.detail_level ?? 0)));
  }

  /** Which of `names` exist on the main thread; answered when it is free. */
  existing(names: readonly string[]): Promise<readonly string[]> {
    return this.#main((number) => ({ type: "existing", request: number, names }));
  }

  /** Tells the main thread what the types say about a name. */
  async lookUp(request: number, name: string): Promise<void> {
    const typed = this.#options.language.ask<Inspection>({ type: "inspect", code: name, cursor: name.length });
    this.#options.toMain({ type: "lookedUp", request, typed: await this.#within(patienceMs.inspect, typed) });
  }

  /** The kernel is about to end: questions are answered at once, with what is known. */
  leave(): void {
    this.#isLeaving = true;
    for (const end of this.#waits) end();
  }

  /** An answer of the main thread. */
  answer(request: number, content: string): void {
    this.#asked.get(request)?.(content === "" ? undefined : JSON.parse(content));
    this.#asked.delete(request);
  }

  #main<Answer>(message: (request: number) => ToMain): Promise<Answer> {
    const number = ++this.#count;
    return new Promise((resolve) => {
      this.#asked.set(number, resolve as (answer: unknown) => void);
      this.#options.toMain(message(number));
    });
  }

  /** What the types say, and what is live if that comes soon. While TypeScript is being loaded, live values alone will do. */
  async #both<Typed, Live>(
    typed: Promise<Typed | undefined>,
    live: Promise<Live>,
    suffices: (live: Live) => boolean,
    patience: number,
  ): Promise<[Typed | undefined, Live | undefined]> {
    if (!this.#options.language.ready) {
      const first = await this.#within(patience, live);
      if (first !== undefined && suffices(first)) return [undefined, first];
    }
    const asked = performance.now();
    const known = await this.#within(patience, typed);
    return [known, await this.#within(Math.max(0, liveMs - (performance.now() - asked)), live)];
  }

  /** What a promise gives in time, else undefined. */
  async #within<T>(ms: number, promise: Promise<T>): Promise<T | undefined> {
    let timer: NodeJS.Timeout | undefined;
    let end = (): void => {};
    const late = new Promise<undefined>((resolve) => {
      end = () => resolve(undefined);
      timer = setTimeout(end, ms);
    });
    if (this.#isLeaving) end();
    this.#waits.add(end);
    const value = await Promise.race([promise, late]);
    this.#waits.delete(end);
    clearTimeout(timer);
    return value;
  }
}

function placeOf(request: Message): { code: string; cursor: number } {
  const code = String(request.content.code ?? "");
  return { code, cursor: toUnits(code, Number(request.content.cursor_pos ?? code.length)) };
}
