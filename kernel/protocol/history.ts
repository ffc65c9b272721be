/** Answers `history_request` from the inputs of this session and, where a file keeps them, of earlier ones. */

import { appendFile, mkdir, readdir, readFile, rename, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import { log } from "../shared/log.ts";
import type { Content } from "./wire/message.ts";

/** The input of one cell. */
export interface HistoryEntry {
  readonly session: number;
  readonly line: number;
  readonly input: string;
  /** The content of its `execute_result`, as JSON text. Kept for this session only: results may be anybody's data. */
  readonly result?: string;
}

/** A row of the reply: `[session, line, input]`, or `[session, line, [input, output]]` when outputs are asked for; the output of none is empty. */
export type HistoryRow = readonly [number, number, string | readonly [string, string]];

/** Cells of this session that are remembered, how long they are together, and the longest result, in characters. */
const newestKept = 10_000;
const charactersKept = 50_000_000;
const longestResult = 10_000;

/** Remembers the inputs of this session. */
export class History {
  /** The time when this kernel started, in milliseconds since 1970: it grows from kernel to kernel. */
  readonly session = Date.now();
  readonly #file: HistoryFile | undefined;
  readonly #own: HistoryEntry[] = [];
  #characters = 0;

  /** Without a file, no input outlives the kernel. */
  constructor(file: HistoryFile | undefined) {
    this.#file = file;
  }

  /** The cell numbered `line` begins. */
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

/** Keeps of entries with the same input the newest, where it stands. */
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

/** Returns a session's number from one that may count back from the current session. */
function sessionAsked(all: readonly HistoryEntry[], asked: number, current: number): number | undefined {
  if (asked > 0) return asked;
  const sessions = [...new Set(all.map(({ session }) => session)).add(current)].sort((a, b) => a - b);
  return sessions[sessions.indexOf(current) + asked];
}

/** Matches `*` and `?` over the whole text, in time that a pattern cannot blow up as it can with a regular expression. */
export function matchesGlob(pattern: string, text: string): boolean {
  let [p, t] = [0, 0];
  /** The place of the last `*`, and the end of the text that it has taken. */
  let [star, taken] = [-1, 0];
  while (t < text.length) {
    if (pattern[p] === "*") {
      star = p++;
      taken = t;
    } else if (p < pattern.length && (pattern[p] === "?" || pattern[p] === text[t])) {
      p++;
      t++;
    } else if (star >= 0) {
      p = star + 1;
      t = ++taken;
    } else {
      return false;
    }
  }
  while (pattern[p] === "*") p++;
  return p === pattern.length;
}

/** Entries that are read back, and the size at which the file is put aside as the one before the current. */
const newestRead = 10_000;
const longestBytes = 8_000_000;
/** Appends of one kernel between two looks at the file's size. */
const appendsPerLook = 500;

const currentName = "history.jsonl";

/** Keeps the inputs of all sessions in one file of JSON lines, in the user's Jupyter data folder. Several kernels write it at once. */
export class HistoryFile {
  readonly #folder: string;
  readonly #path: string;
  #pending = "";
  #writing: Promise<void> | undefined;
  #appends = 0;
  #usable = true;

  /** `folder` is made when the first cell is written. Nothing is read or written before it is needed. */
  constructor(folder: string) {
    this.#folder = folder;
    this.#path = join(folder, currentName);
  }

  /** Writes soon, without anybody waiting for it. */
  append({ session, line, input }: HistoryEntry): void {
    if (!this.#usable) return;
    this.#pending += `${JSON.stringify({ session, line, input })}\n`;
    this.#writing ??= this.#write();
  }

  /** Resolves when everything appended is in the file, or cannot be. */
  async written(): Promise<void> {
    await this.#writing;
  }

  /** Reads the entries of sessions other than `current`, oldest first; lines that cannot be read are passed over. */
  async earlier(current: number): Promise<HistoryEntry[]> {
    const texts: string[] = [];
    for (const path of [...(await this.#archives()), this.#path]) {
      texts.push(await readFile(path, "utf8").catch(() => ""));
    }
    const lines = texts.join("\n").split("\n").slice(-newestRead);
    const entries = lines.flatMap(parse).filter(({ session }) => session !== current);
    return entries.sort((a, b) => a.session - b.session);
  }

  async #write(): Promise<void> {
    try {
      if (this.#appends === 0) await mkdir(this.#folder, { recursive: true });
      if (this.#appends++ % appendsPerLook === 0) await this.#putAside();
      while (this.#pending !== "") {
        const text = this.#pending;
        this.#pending = "";
        await appendFile(this.#path, text, { mode: 0o600 });
      }
    } catch (error) {
      log(`history is not kept: ${String(error)}`); // once: nothing is tried again
      this.#usable = false;
    }
    this.#writing = undefined;
  }

  /** A file that is renamed loses nothing another kernel is about to append: that lands in the renamed file. */
  async #putAside(): Promise<void> {
    const { size } = await stat(this.#path).catch(() => ({ size: 0 }));
    if (size < longestBytes) return;
    await rename(this.#path, join(this.#folder, `history-${Date.now()}-${process.pid}.jsonl`));
    const archives = await this.#archives();
    for (const old of archives.slice(0, -1)) await rm(old, { force: true });
  }

  /** Returns the paths of files put aside, oldest first. */
  async #archives(): Promise<string[]> {
    const names = await readdir(this.#folder).catch(() => []);
    return names
      .filter((name) => /^history-\d+-\d+\.jsonl$/.test(name))
      .sort()
      .map((name) => join(this.#folder, name));
  }
}

function parse(line: string): HistoryEntry[] {
  try {
    const { session, line: number, input } = JSON.parse(line) as Record<string, unknown>;
    if (typeof session !== "number" || typeof number !== "number" || typeof input !== "string") return [];
    return [{ session, line: number, input }];
  } catch {
    return [];
  }
}
