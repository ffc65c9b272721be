/** Answers completion and inspection from what the types say and what is live, each waited for no longer than a person would. */
import type { Candidate, Completions, Inspection, LiveCompletion, LiveValue, ToMain } from "../shared/messages.ts";
import { tooltipOf } from "../shared/tooltip.ts";
import type { LanguageWorker } from "./languageWorker.ts";
import type { RequestChannel } from "./sockets/sockets.ts";
import { magicAt, writtenAt } from "./textCompletion.ts";
import type { Content, Message } from "./wire/message.ts";

/** The time that live values are waited for, in milliseconds: the main thread may be busy. */
const liveMs = 20;
/** The time that any answer is waited for, in milliseconds: nobody looks at a list of candidates that comes later. */
const patienceMs = { complete: 1000, inspect: 3000 };

/** The surroundings that the answers need. */
interface QuestionsOptions {
  readonly language: LanguageWorker;
  readonly toMain: (message: ToMain) => void;
  readonly reply: (channel: RequestChannel, request: Message, content: Content) => void;
}

/** Asks the language service and the main thread, and answers the frontend in time. */
export class Questions {
  readonly #options: QuestionsOptions;
  readonly #asked = new Map<number, (answer: unknown) => void>();
  /** Functions that end the waits that are under way. */
  readonly #waits = new Set<() => void>();
  #count = 0;
  #isLeaving = false;

  constructor(options: QuestionsOptions) {
    this.#options = options;
  }

  /** Answers a `complete_request`. */
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

  /** Answers an `inspect_request`. */
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
    const data = tooltipOf(known, found, Number(request.content.detail_level ?? 0));
    const content = { status: "ok", found: data !== undefined, data: data ?? {}, metadata: {} };
    this.#options.reply(channel, request, content);
  }

  /** Resolves, when the main thread is free, to those of `names` that exist there. */
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

  /** Takes an answer of the main thread. */
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

  /** Resolves to what the types say, and what is live if that comes soon. While TypeScript is being loaded, live values alone will do. */
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

  /** Resolves to what a promise gives in time, else to undefined. */
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

/** Members that every object has, and every function. A type that has one of `declared` has declared it. */
const declared = ["toString", "toLocaleString", "valueOf"];
const functions = ["apply", "arguments", "bind", "call", "caller"];
const everywhere: ReadonlySet<string> = new Set([...Object.getOwnPropertyNames(Object.prototype), ...functions]);

/**
 * Leaves the members that everything has out of what is offered after a dot, or puts them last where somebody has begun to
 * write one. Alone they are all there is.
 */
function withoutEverywhere(
  candidates: readonly Candidate[],
  isTyped: (text: string) => boolean,
  isBegun: boolean,
): readonly Candidate[] {
  const isOwn = ({ text }: Candidate): boolean => !everywhere.has(text) || (declared.includes(text) && isTyped(text));
  const own = candidates.filter(isOwn);
  if (own.length > 0 && !isBegun) return own;
  return [...own, ...candidates.filter((one) => !isOwn(one))];
}

/** Makes the content of `complete_reply`: the types' candidates first, then the live names that they do not know. */
function completeContent(
  code: string,
  cursor: number,
  typed: Completions | undefined,
  live: LiveCompletion | undefined,
): Content {
  const known = new Set(typed?.candidates.map(({ text }) => text));
  const extra = typed?.live === false ? [] : (live?.matches ?? []).filter((text) => !known.has(text));
  const type = live?.member === true ? "property" : "variable";
  const all: readonly Candidate[] = [...(typed?.candidates ?? []), ...extra.map((text) => ({ text, type }))];
  const { start, end } = typed ?? live ?? { start: cursor, end: cursor };
  const candidates = code.slice(0, start).endsWith(".")
    ? withoutEverywhere(all, (text) => known.has(text), start < cursor)
    : all;
  const [cursor_start, cursor_end] = [toCodePoints(code, start), toCodePoints(code, end)];
  return {
    status: "ok",
    matches: candidates.map(({ text }) => text),
    cursor_start,
    cursor_end,
    metadata: {
      _jupyter_types_experimental: candidates.map((one) => ({ ...one, start: cursor_start, end: cursor_end })),
    },
  };
}

/** Turns a cursor position of the protocol, which counts code points, into UTF-16 units, which JavaScript counts. */
export function toUnits(text: string, codePoints: number): number {
  let units = 0;
  for (const character of text) {
    if (codePoints-- <= 0) break;
    units += character.length;
  }
  return units;
}

/** Turns a position in UTF-16 units into code points. */
export function toCodePoints(text: string, units: number): number {
  return Array.from(text.slice(0, units)).length;
}
