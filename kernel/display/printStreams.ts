/** `console` and the process's own streams print into the cell. */
import { Console } from "node:console";
import { Writable } from "node:stream";
import { StringDecoder } from "node:string_decoder";
import type { StreamName } from "../channels/streamBuffer.ts";
import type { Reporter } from "./reporter.ts";

export function printInto(reporter: Reporter): void {
  const stdout = new CellStream("stdout", 1, reporter);
  const stderr = new CellStream("stderr", 2, reporter);
  Object.defineProperty(process, "stdout", { value: stdout, configurable: true, enumerable: true, writable: true });
  Object.defineProperty(process, "stderr", { value: stderr, configurable: true, enumerable: true, writable: true });
  // The inspector wraps the console it finds and keeps a thousand messages with all they refer to; a new one it does not know.
  // With `ignoreErrors` it would leave a callback for the next tick with every line, a hundred bytes each until the cell ends.
  globalThis.console = new Console({ stdout, stderr, colorMode: wantsColour(), ignoreErrors: false });
}

/** As Node decides without a terminal: FORCE_COLOR asks for colours, which frontends show. */
function wantsColour(): boolean {
  const { FORCE_COLOR, NO_COLOR } = process.env;
  return FORCE_COLOR !== undefined && FORCE_COLOR !== "0" && FORCE_COLOR !== "false" && !NO_COLOR;
}

/** Not a terminal, whatever the kernel was started from; like Node's own it cannot be closed. */
class CellStream extends Writable {
  readonly isTTY = false;
  readonly fd: number;
  readonly #name: StreamName;
  readonly #reporter: Reporter;
  readonly #decoder = new StringDecoder();

  constructor(name: StreamName, fd: number, reporter: Reporter) {
    super({ decodeStrings: false });
    this.#name = name;
    this.fd = fd;
    this.#reporter = reporter;
  }

  /** Past the stream's own queue: whoever prints and then blocks has printed. */
  override write(chunk: unknown, encoding?: unknown, callback?: unknown): boolean {
    if (typeof chunk === "string") this.#reporter.stream(this.#name, chunk);
    else if (chunk instanceof Uint8Array) this.#reporter.stream(this.#name, this.#decoder.write(Buffer.from(chunk)));
    else throw refused(chunk);
    const done = typeof encoding === "function" ? encoding : callback;
    if (typeof done === "function") process.nextTick(done as () => void);
    return true;
  }

  override end(...rest: unknown[]): this {
    if (rest[0] !== undefined && typeof rest[0] !== "function") this.write(rest[0]);
    const done = rest.findLast((argument) => typeof argument === "function");
    if (done !== undefined) process.nextTick(done as () => void);
    return this;
  }

  override destroy(): this {
    return this;
  }
}

function refused(chunk: unknown): TypeError {
  const found = chunk === null ? "null" : typeof chunk;
  const message = `The "chunk" argument must be of type string or an instance of Buffer or Uint8Array. Received ${found}`;
  return Object.assign(new TypeError(message), { code: "ERR_INVALID_ARG_TYPE" });
}
