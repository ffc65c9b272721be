/** Turns type errors of cells into warnings when the kernel is quiet, or, in strict mode, into a refusal to run the cell. */

import { codeFrame } from "../shared/codeFrame.ts";
import { type Flags, flag } from "../shared/flags.ts";
import type { Finding, TypesMode } from "../shared/messages.ts";
import type { LanguageWorker } from "./languageWorker.ts";

const modes: readonly string[] = ["off", "warn", "strict"] satisfies TypesMode[];

/** Reads the mode from `THAW_TYPES`; it is `warn` where that says nothing. */
export function modeFrom(text: string | undefined): TypesMode {
  return text !== undefined && modes.includes(text) ? (text as TypesMode) : "warn";
}

/** The surroundings that the checks of types need. */
interface TypeChecksOptions {
  readonly flags: Flags;
  readonly language: LanguageWorker;
  readonly mode: TypesMode;
  /** Prints a warning under a cell. */
  readonly warn: (cell: number, text: string) => void;
  /** Resolves, when the main thread is free, to those of `names` that exist there. */
  readonly existing: (names: readonly string[]) => Promise<readonly string[]>;
}

/** The content of an `error` message for a cell that was not run. */
export interface Refusal {
  readonly ename: string;
  readonly evalue: string;
  readonly traceback: readonly string[];
}

/** A cell and the name that messages and stacks give it. */
export interface NamedCell {
  readonly cell: number;
  readonly name: string;
  readonly code: string;
}

/** Cells run in a row are not disturbed: checks begin when no cell has begun for so long, in milliseconds. */
const quietMs = 200;
/** The first check, which loads TypeScript, waits so long instead, in milliseconds. */
const firstQuietMs = 1500;
/** The number of cells that wait for a check at most: the newest of those that run in a row. */
const mostWaiting = 500;
/** A strict cell waits so long for its check, in milliseconds. */
const patienceMs = 20_000;

/** Has cells checked by the language service and says what it finds. */
export class TypeChecks {
  readonly #options: TypeChecksOptions;
  #mode: TypesMode;
  readonly #names = new Set<string>();
  /** Cells that ran and have not been checked. */
  readonly #waiting = new Map<number, NamedCell>();
  readonly #failed = new Set<number>();
  #timer: NodeJS.Timeout | undefined;
  #checking = false;
  #lastRun = 0;

  constructor(options: TypeChecksOptions) {
    this.#options = options;
    this.#mode = options.mode;
    this.mode = options.mode;
  }

  get mode(): TypesMode {
    return this.#mode;
  }

  set mode(mode: TypesMode) {
    this.#mode = mode;
    Atomics.store(this.#options.flags, flag.checked, mode === "off" ? 0 : 1);
    if (mode === "off") this.#waiting.clear();
  }

  /** A cell is about to run: what it declares, later cells see. It gets the name that stacks give it. */
  add(cell: number, count: number, code: string): NamedCell {
    const name = this.#names.has(`In[${count}]`) ? `In[${count}.${cell}]` : `In[${count}]`;
    this.#names.add(name);
    this.#options.language.add(name, code);
    return { cell, name, code };
  }

  /** The cell runs: it is checked when the kernel is quiet, and its warnings are printed then. */
  later(cell: NamedCell): void {
    if (this.#mode === "off") return;
    this.#waiting.set(cell.cell, cell);
    if (this.#waiting.size > mostWaiting) this.#forget(this.#waiting.keys().next().value as number);
    this.#lastRun = performance.now();
    this.#schedule();
  }

  /** The cell has failed, and its error says which names it lacks. */
  failed(cell: number): void {
    if (this.#waiting.has(cell)) this.#failed.add(cell);
  }

  /** Returns why a cell is not to be run, if so; it is forgotten then. */
  async refusal({ name, code }: NamedCell): Promise<Refusal | undefined> {
    const late = new Promise<[]>((resolve) => setTimeout(resolve, patienceMs, []).unref());
    const found = await Promise.race([this.#options.language.ask<Finding[]>({ type: "check", name }), late]);
    const findings = await this.#withoutExisting(found ?? []);
    if (findings.length === 0) return undefined;
    this.#options.language.remove(name);
    return refusalOf(name, code, findings);
  }

  #forget(cell: number): void {
    this.#waiting.delete(cell);
    this.#failed.delete(cell);
  }

  #schedule(): void {
    clearTimeout(this.#timer);
    if (this.#waiting.size === 0 || this.#checking) return;
    const quiet = this.#options.language.ready ? quietMs : firstQuietMs;
    this.#timer = setTimeout(() => void this.#next(), Math.max(0, this.#lastRun + quiet - performance.now()));
  }

  async #next(): Promise<void> {
    const [cell] = this.#waiting.values();
    if (cell === undefined) return;
    this.#checking = true;
    const findings = await this.#options.language.ask<Finding[]>({ type: "check", name: cell.name });
    this.#checking = false;
    if (this.#waiting.delete(cell.cell)) void this.#warn(cell, findings ?? []);
    this.#schedule();
  }

  async #warn({ cell, name, code }: NamedCell, found: readonly Finding[]): Promise<void> {
    const failed = this.#failed.delete(cell);
    const findings = await this.#withoutExisting(failed ? found.filter((one) => one.unknownName === undefined) : found);
    if (findings.length > 0 && this.#mode !== "off") this.#options.warn(cell, warning(name, code, findings));
  }

  /** Leaves out names that TypeScript does not know and that somebody has put on `globalThis`. */
  async #withoutExisting(findings: readonly Finding[]): Promise<readonly Finding[]> {
    const unknown = findings.flatMap(({ unknownName }) => unknownName ?? []);
    if (unknown.length === 0) return findings;
    const existing = await this.#options.existing(unknown);
    return findings.filter(({ unknownName }) => unknownName === undefined || !existing.includes(unknownName));
  }
}

/** Words the warning under a cell. */
function warning(name: string, code: string, findings: readonly Finding[]): string {
  const count = findings.length === 1 ? "1 warning" : `${findings.length} warnings`;
  return `Types: ${count} in ${name}\n${describe(name, code, findings).join("\n")}\n`;
}

/** Words what a strict kernel says instead of running a cell. */
function refusalOf(name: string, code: string, findings: readonly Finding[]): Refusal {
  const count = findings.length === 1 ? "a type error" : `${findings.length} type errors`;
  const evalue = `${name} has ${count} and was not run. Correct it, or run \`%types warn\` to be warned only.`;
  return {
    ename: "TypeScriptError",
    evalue,
    traceback: [`TypeScriptError: ${evalue}`, ...describe(name, code, findings)],
  };
}

/** Names each type error as a person reads it: place, code, sentence, and the line itself. */
function describe(name: string, code: string, findings: readonly Finding[]): string[] {
  const lines = code.split("\n");
  return findings.flatMap((finding) => [
    `${name}:${finding.line}:${finding.column} TS${finding.code}: ${finding.message}`,
    ...codeFrame(lines, finding.line, finding.column),
  ]);
}
