/** `console`, `process.stdout` and `process.stderr` of cells: what is written to them is output of the cell. */
import { Console } from "node:console";
import { clearLine, clearScreenDown, cursorTo, moveCursor } from "node:readline";
import { Writable } from "node:stream";
import { StringDecoder } from "node:string_decoder";
import { stripVTControlCharacters, types } from "node:util";
import type { StreamName } from "../../shared/messages.ts";
import { currentCell } from "../asyncContext/currentCell.ts";
import { asCellObject, cells } from "../realm/cellRealm.ts";
import type { Reporter } from "./reporter.ts";

/** Replaces the console and both streams; `clear` is what `console.clear` does. Returns the streams. */
export function patchConsole(
  reporter: Reporter,
  clear: () => void,
): { readonly stdout: CellStream; readonly stderr: CellStream } {
  const stdout = new CellStream("stdout", 1, reporter);
  const stderr = new CellStream("stderr", 2, reporter);
  for (const [name, value] of Object.entries({ stdout, stderr })) {
    Object.defineProperty(cells.process, name, { value, configurable: true, enumerable: true, writable: true });
  }
  // The inspector wraps the console it finds and keeps a thousand messages with all they refer to; a new one it does not know.
  // With `ignoreErrors` the console would leave a callback for the next tick with every line, a hundred bytes each until the cell ends.
  cells.console = new Console({ stdout, stderr, colorMode: wantsColour(), ignoreErrors: false });
  indentByCell(cells.console);
  cells.console.clear = clear;
  return { stdout, stderr };
}

/**
 * Whether `console` prints colours, as Node decides without a terminal: FORCE_COLOR asks for them, and frontends show
 * them.
 */
function wantsColour(): boolean {
  const { FORCE_COLOR, NO_COLOR } = process.env;
  return FORCE_COLOR !== undefined && FORCE_COLOR !== "0" && FORCE_COLOR !== "false" && !NO_COLOR;
}

/**
 * Lets a `console.group` that a cell has left open indent what that cell prints, and no other. Node keeps the
 * indentation under a symbol.
 */
function indentByCell(console: Console): void {
  const indents = new Map<number, string>();
  const property = Object.getOwnPropertySymbols(console).find((symbol) => {
    const value: unknown = Reflect.get(console, symbol);
    return value === "" && symbol.description?.startsWith("kGroupIndent") === true;
  });
  if (property === undefined) return;
  Object.defineProperty(console, property, {
    get: () => indents.get(currentCell()) ?? "",
    set: (indent: string) => {
      if (indent === "") indents.delete(currentCell());
      else indents.set(currentCell(), indent);
    },
  });
}

/** The longest question that is taken from what a cell has printed, in characters. */
const longestQuestion = 1000;

/** The method of Node's own streams that their types do not have. */
interface Reopened {
  _undestroy(): void;
}

/**
 * A stream that is no terminal, whatever the kernel was started from. Like Node's own streams it can be ended and
 * destroyed, so that code that waits for that goes on; later cells print to it as before.
 */
class CellStream extends Writable {
  readonly isTTY = false;
  readonly fd: number;
  readonly #name: StreamName;
  readonly #reporter: Reporter;
  readonly #decoder = new StringDecoder();
  #openLine = "";
  #openLineCell = 0;

  constructor(name: StreamName, fd: number, reporter: Reporter) {
    super({ decodeStrings: false, autoDestroy: false });
    this.setMaxListeners(0); // pipelines leave some behind
    this.#name = name;
    this.fd = fd;
    this.#reporter = reporter;
    this.on("finish", () => process.nextTick(() => this.#reopen()));
  }

  /**
   * Returns the running cell's last line of output where no line end has followed: the question of code that reads
   * input. It is returned once.
   */
  takeOpenLine(): string {
    const text = this.#openLineCell === currentCell() ? stripVTControlCharacters(this.#openLine) : "";
    const line = text.split("\r").findLast((part) => part.trim() !== "") ?? "";
    this.#openLine = "";
    return line;
  }

  /** Writes past the stream's own queue: code that prints and then blocks has printed. */
  override write(chunk: unknown, encoding?: unknown, callback?: unknown): boolean {
    if (typeof chunk === "string") this.#print(chunk);
    else if (types.isUint8Array(chunk)) this.#print(this.#decoder.write(Buffer.from(chunk)));
    else throw invalidChunk(chunk);
    const done = typeof encoding === "function" ? encoding : callback;
    if (typeof done === "function") process.nextTick(done as () => void);
    return true;
  }

  // The methods of a terminal's stream that progress bars call. Frontends know `\r`, and few of them other movements.

  cursorTo(x: number, y?: unknown, callback?: () => void): boolean {
    if (x === 0 && typeof y !== "number") return this.write("\r", y, callback);
    const [row, done] = typeof y === "number" ? [y, callback] : [undefined, y as (() => void) | undefined];
    return cursorTo(this, x, row, done);
  }

  /** Clears the line; where the whole line is meant, blanks are written over it. */
  clearLine(direction: -1 | 0 | 1, callback?: () => void): boolean {
    if (direction === 0 || (direction === 1 && this.#openLine.endsWith("\r"))) {
      const widths = this.#openLine.split("\r").map((part) => stripVTControlCharacters(part).length);
      return this.write(`\r${" ".repeat(Math.max(0, ...widths))}\r`, callback);
    }
    return clearLine(this, direction, callback);
  }

  moveCursor(dx: number, dy: number, callback?: () => void): boolean {
    return moveCursor(this, dx, dy, callback);
  }

  clearScreenDown(callback?: () => void): boolean {
    return clearScreenDown(this, callback);
  }

  getWindowSize(): [columns: number, rows: number] {
    return asCellObject([80, 24]); // what terminals began with: a notebook is as wide as the person makes it
  }

  getColorDepth(): number {
    return wantsColour() ? 4 : 1;
  }

  hasColors(count: unknown = 16): boolean {
    return 2 ** this.getColorDepth() >= (typeof count === "number" ? count : 16);
  }

  override end(...rest: unknown[]): this {
    if (rest[0] !== undefined && rest[0] !== null && typeof rest[0] !== "function") this.write(rest[0]);
    return super.end(rest.findLast((argument) => typeof argument === "function") as () => void);
  }

  override _destroy(error: Error | null, callback: (error?: Error | null) => void): void {
    callback(error);
    process.nextTick(() => this.#reopen()); // behind the events that tell of it
  }

  #print(text: string): void {
    if (text.endsWith("\n")) this.#openLine = "";
    else this.#keepOpen(text);
    this.#reporter.stream(this.#name, text);
  }

  #keepOpen(text: string): void {
    const cell = currentCell();
    if (cell !== this.#openLineCell) this.#openLine = "";
    this.#openLineCell = cell;
    this.#openLine = `${this.#openLine}${text}`.slice(-longestQuestion).replace(/^.*\n/s, "");
  }

  #reopen(): void {
    (this as unknown as Reopened)._undestroy();
  }
}

function invalidChunk(chunk: unknown): TypeError {
  const found = chunk === null ? "null" : typeof chunk;
  const message = `The "chunk" argument must be of type string or an instance of Buffer or Uint8Array. Received ${found}`;
  return Object.assign(new TypeError(message), { code: "ERR_INVALID_ARG_TYPE" });
}
