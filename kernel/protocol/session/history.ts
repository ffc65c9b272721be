/** What `history_request` is answered from: the inputs of this session, and of earlier ones where a file keeps them. */
import type { Content } from "../wire/message.ts";
import { matchesGlob } from "./glob.ts";
import type { HistoryFile } from "./historyFile.ts";

/** One cell. */
export interface HistoryEntry {
  readonly session: number;
  readonly line: number;
  readonly input: string;
  /** The content of its `execute_result`, as JSON text. Kept for this session only: results may be anybody's data. */
  readonly result?: string;
}

/** `[session, line, input]`, or `[session, line, [input, output]]` when outputs are asked for; the output of none is empty. */
export type HistoryRow = readonly [number, number, string | readonly [string, string]];

/** Cells of this session that are remembered, how long they are together, and the longest result, in characters. */
const newestKept = 10_000;
const charactersKept = 50_000_000;
const longestResult = 10_000;

export class History {
  /** Grows from kernel to kernel: when this one started, in milliseconds since 1970. */
  readonly session = Date.now();
  readonly #file: HistoryFile | undefined;
  readonly #own: HistoryEntry[] = [];
  #characters = 0;

  /** Without a file nothing outlives the kernel. */
  constructor(file: HistoryFile | undefined) {
    this.#file = file;
  }

  add(line: number, input: string): void {
    this.#own.push({ session: this.session, line, input });
    this.#characters += input.length;
    while (this.#own.length > newestKept || (this.#own.length > 1 && this.#characters > charactersKept)) {
      this.#characters -= this.#own.shift()?.input.length ?? 0;
    }
  }

  /** The cell added last has ended with this content of an `execute_result`, if it has one: now it is written. */
  ended(result: string | undefined): void {
    const entry = this.#own.at(-1);
    if (entry === undefined) return;
    this.#file?.append(entry);
    if (result !== undefined && result.length <= longestResult) this.#own.splice(-1, 1, { ...entry, result });
  }

  /** Resolves when what has ended is in the file. */
  async written(): Promise<void> {
    await this.#file?.written();
  }

  /**
   * Answers `tail` (the newest `n`), `range` (`session` 0 is this one, -1 the one before it; `stop` is excluded) and
   * `search` (a glob with `*` and `?`, `unique`, the newest `n`); others give no rows.
   */
  async query(request: Content): Promise<HistoryRow[]> {
    const own = this.#own;
    const earlier = (await this.#file?.earlier(this.session)) ?? [];
    const found = select([...earlier, ...own], request, this.session);
    return found.map(({ session, line, input, result }) =>
      request.output === true ? [session, line, [input, plainText(result)]] : [session, line, input],
    );
  }
}

function select(all: readonly HistoryEntry[], request: Content, current: number): readonly HistoryEntry[] {
  switch (request.hist_access_type) {
    case "tail":
      return newest(all, request.n);
    case "range": {
      const session = sessionAsked(all, Number(request.session ?? 0), current);
      const [start, stop] = [Number(request.start ?? 0), Number(request.stop ?? Number.POSITIVE_INFINITY)];
      return all.filter((entry) => entry.session === session && entry.line >= start && entry.line < stop);
    }
    case "search": {
      const pattern = String(request.pattern ?? "*");
      const found = all.filter(({ input }) => matchesGlob(pattern, input));
      return newest(request.unique === true ? lastOfEach(found) : found, request.n);
    }
    default:
      return [];
  }
}

function newest(entries: readonly HistoryEntry[], n: unknown): readonly HistoryEntry[] {
  if (typeof n !== "number") return entries;
  return n > 0 ? entries.slice(-n) : [];
}

/** Of entries with the same input the newest, where it stands. */
function lastOfEach(entries: readonly HistoryEntry[]): HistoryEntry[] {
  const seen = new Set<string>();
  const newestFirst = entries.toReversed().filter(({ input }) => !seen.has(input) && seen.add(input));
  return newestFirst.toReversed();
}

function plainText(result: string | undefined): string {
  if (result === undefined) return "";
  const { data } = JSON.parse(result) as { data: Record<string, unknown> };
  return typeof data["text/plain"] === "string" ? data["text/plain"] : "";
}

/** A session's number from one that may count back from the current session. */
function sessionAsked(all: readonly HistoryEntry[], asked: number, current: number): number | undefined {
  if (asked > 0) return asked;
  const sessions = [...new Set(all.map(({ session }) => session)).add(current)].sort((a, b) => a - b);
  return sessions[sessions.indexOf(current) + asked];
}
