/** Inputs of all sessions in one file of JSON lines, in the user's Jupyter data folder. Several kernels write it at once. */
import { appendFile, mkdir, readdir, readFile, rename, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import { log } from "../../shared/log.ts";
import type { HistoryEntry } from "./history.ts";

/** Entries that are read back, and how long the file may grow before it is put aside as the one before the current. */
const newestKept = 10_000;
const longestBytes = 8_000_000;
/** Appends of one kernel between two looks at the file's size. */
const appendsPerLook = 500;

const currentName = "history.jsonl";

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

  /** Entries of sessions other than `current`, oldest first; lines that cannot be read are passed over. */
  async earlier(current: number): Promise<HistoryEntry[]> {
    const texts: string[] = [];
    for (const path of [...(await this.#archives()), this.#path]) {
      texts.push(await readFile(path, "utf8").catch(() => ""));
    }
    const lines = texts.join("\n").split("\n").slice(-newestKept);
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

  /** Files put aside, oldest first. */
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
