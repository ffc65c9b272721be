/**
 * Every magic as it is carried out. To add one: its name and help in kernel/shared/magics/names.ts, what it does in
 * `line` or `cell` below.
 */
import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { isCommand } from "../../shared/magics/find.ts";
import { describeMagic, listMagics, UnknownMagic } from "../../shared/magics/names.ts";
import { mayHaveMagics } from "../../shared/magics/scan.ts";
import type { PreparedCell } from "../executor/executor.ts";
import { cells, fromCellPromise } from "../realm/cellRealm.ts";
import { changeFolder, environment, writeCell } from "./environment.ts";
import { MagicError, type MagicServices, type Payload } from "./magicContext.ts";
import { rewriteMagics } from "./rewriteMagics.ts";
import { runCommand, runLines } from "./shell.ts";
import { describeMeasurement, type Measurement, startMeasurement, type Timings, timeRuns } from "./timing.ts";
import { listVariables, resetVariables, tableOfVariables, Variables } from "./variables.ts";

const displayedTypes: Readonly<Record<string, string>> = {
  html: "text/html",
  markdown: "text/markdown",
  latex: "text/latex",
  svg: "image/svg+xml",
};

class MagicCalls {
  readonly #services: MagicServices;
  readonly #payloads: Payload[];
  readonly #variables: Variables;
  readonly #started: Measurement[] = [];
  #cell: Measurement | undefined;

  constructor(services: MagicServices, payloads: Payload[], builtIn: ReadonlySet<string>) {
    this.#services = services;
    this.#payloads = payloads;
    this.#variables = new Variables(services.evaluator, services.names, builtIn);
  }

  /** Forgets measurements that an earlier cell has left behind. */
  cellStarts(): void {
    this.#started.length = 0;
    this.#cell = undefined;
  }

  /** Begins the measurement of `%time` before statements. */
  begin(): void {
    this.#started.push(startMeasurement());
  }

  /** Ends the measurement of `%time` behind statements. */
  end(): void {
    const started = this.#started.pop();
    if (started !== undefined) this.#print(describeMeasurement(started));
  }

  /** Begins the measurement of `%%time`. */
  beginCell(): void {
    this.#cell = startMeasurement();
  }

  cellEnded(): void {
    if (this.#cell !== undefined) this.#print(describeMeasurement(this.#cell));
  }

  /** Carries out `%time expression`; the value is the expression's. */
  async time(run: () => unknown): Promise<unknown> {
    const started = startMeasurement();
    try {
      return await fromCellPromise(run() as PromiseLike<unknown>);
    } finally {
      this.#print(describeMeasurement(started));
    }
  }

  /** Carries out `%timeit`. */
  async timeit(run: () => unknown, options: string): Promise<Timings | undefined> {
    const timings = await timeRuns(run, options, this.#services.interrupts);
    if (!/(^|\s)-q\b/.test(options)) this.#print(timings.toString());
    return /(^|\s)-o\b/.test(options) ? timings : undefined;
  }

  /** Carries out `!command`. */
  async shell(command: string): Promise<void> {
    await runCommand(["sh", "-c", command], this.#services);
  }

  /** Carries out `lines = !command`. */
  async lines(command: string): Promise<string[]> {
    return await runLines(["sh", "-c", command], this.#services);
  }

  /** Turns a value inside a command into text: lists become words. */
  text(value: unknown): string {
    return Array.isArray(value) ? value.map(String).join(" ") : String(value);
  }

  /** Carries out `name?` and `name??`. */
  async page(name: string): Promise<void> {
    const magic = describeMagic(name);
    const known = !name.startsWith("%") && this.#variables.names().includes(name);
    const data = magic !== undefined && !known ? { "text/plain": magic } : await this.#services.inspect(name);
    if (data === undefined) this.#print(`Nothing is known of ${name}: no variable has this name.`);
    else this.#payloads.push({ source: "page", data, start: 0 });
  }

  /** Carries out `%name args`. */
  async line(name: string, args: string): Promise<unknown> {
    if (name.startsWith("%")) {
      throw new MagicError("NOT_FIRST", `%${name} is for a whole cell: it has to be the cell's first line.`);
    }
    switch (name) {
      case "time":
      case "timeit":
        throw new MagicError(
          "NO_CODE",
          `%${name} needs code on its line, found "${args}". Write %${name} f(x), or %%${name} on a cell's first line.`,
        );
      case "env":
        return environment(args, this.#services.print);
      case "cd":
        return changeFolder(args);
      case "pwd":
        return process.cwd();
      case "who":
        return this.#print(listVariables(this.#variables));
      case "whos":
        return this.#print(tableOfVariables(this.#variables));
      case "reset":
        return this.#print(await resetVariables(this.#variables, /(^|\s)-f\b/.test(args)));
      case "load":
        return this.#load(args);
      case "history":
        return this.#history(args);
      case "types":
        return this.#types(args);
      case "npm":
        return await runCommand(["sh", "-c", `npm ${args}`], this.#services, { cwd: this.#services.folder });
      case "lsmagic":
      case "magic":
        return this.#print(listMagics());
      default:
        throw new UnknownMagic("%", name);
    }
  }

  /** Carries out `%%name args` with the rest of the cell. */
  async cell(name: string, args: string, body: string): Promise<void> {
    const type = displayedTypes[name];
    if (type !== undefined) this.#services.host.display({ data: { [type]: body, "text/plain": body } });
    else if (name === "bash" || name === "sh") await runCommand([name, "-s"], this.#services, { input: body });
    else if (name === "writefile") this.#print(writeCell(args, body));
    else throw new UnknownMagic("%%", name);
  }

  #print(line: string): void {
    this.#services.print("stdout", `${line}\n`);
  }

  #load(args: string): void {
    if (args === "") throw new MagicError("NO_FILE", "%load needs a file: %load train.ts.");
    const text = readFileSync(resolve(args), "utf8");
    this.#payloads.push({ source: "set_next_input", text: `// %load ${args}\n${text}`, replace: true });
  }

  #history(args: string): void {
    const cells = this.#services.sources.cells();
    const numbered = /(^|\s)-n\b/.test(args);
    this.#print(cells.map(({ name, text }) => (numbered ? `${name}: ${text}` : text)).join("\n"));
  }

  #types(mode: string): void {
    if (mode !== "off" && mode !== "warn" && mode !== "strict") {
      throw new MagicError(
        "BAD_MODE",
        `%types takes off, warn or strict, got "${mode}". warn is what a notebook starts with.`,
      );
    }
    this.#services.post({ type: "types", mode });
  }
}

/** The magics of a kernel for its executor: a cheap look at each cell, and everything else only once a cell has one. */
export class Magics {
  /** The payloads of the running cell's reply. */
  readonly #payloads: Payload[] = [];
  readonly #services: MagicServices;
  readonly #calls: MagicCalls;

  constructor(services: MagicServices) {
    this.#services = services;
    const builtIn = new Set(Object.keys(cells)); // globals that are not the user's
    this.#calls = new MagicCalls(services, this.#payloads, builtIn);
    services.runtime.magics = this.#calls;
  }

  /** Returns the payloads and forgets them. */
  takePayloads(): Payload[] {
    return this.#payloads.splice(0);
  }

  /** Rewrites a cell; undefined for one that has no magic, which is nearly every one. */
  prepare(code: string): PreparedCell | undefined {
    if (!mayHaveMagics(code)) return undefined;
    const names = new Set(this.#services.evaluator.lexicalNames());
    const isDefined = (name: string): boolean => names.has(name) || name in cells;
    const rewritten = rewriteMagics(code, { isDefined, isCommand });
    if (rewritten === undefined) return undefined;
    const calls = this.#calls;
    calls.cellStarts();
    return { code: rewritten, ended: () => calls.cellEnded() };
  }
}
