/** Reads, in the protocol worker, what native code and children have written to the process's own stdout and stderr. */
import { readSync } from "node:fs";
import type { Socket } from "node:net";
import { StringDecoder } from "node:string_decoder";
import type { StreamName } from "../shared/messages.ts";
import { type CapturedOutput, loadStdioAddon, type StdioAddon } from "../shared/stdioAddon.ts";

const chunkBytes = 65_536;

interface Pipe {
  readonly name: StreamName;
  readonly fd: number;
  /** The bit of this pipe in what the addon says is waiting. */
  readonly bit: number;
  readonly decoder: StringDecoder;
}

type Report = (name: StreamName, text: string) => void;

/** Returns a reader, or undefined where nothing is captured. */
export function openNativeOutput(captured: CapturedOutput | undefined, report: Report): NativeOutput | undefined {
  const addon = captured === undefined ? undefined : loadStdioAddon();
  return captured === undefined || addon === undefined ? undefined : new NativeOutput(addon, captured, report);
}

class NativeOutput {
  readonly #addon: StdioAddon;
  readonly #pipes: readonly Pipe[];
  readonly #report: Report;
  readonly #buffer = Buffer.allocUnsafe(chunkBytes);

  constructor(addon: StdioAddon, captured: CapturedOutput, report: Report) {
    this.#addon = addon;
    this.#report = report;
    this.#pipes = [
      { name: "stdout", fd: captured.stdout, bit: 1, decoder: new StringDecoder() },
      { name: "stderr", fd: captured.stderr, bit: 2, decoder: new StringDecoder() },
    ];
  }

  /** Reports whatever comes, when it comes. */
  async follow(): Promise<void> {
    const { Socket } = await import("node:net");
    for (const { name, fd, decoder } of this.#pipes) {
      const pipe: Socket = new Socket({ fd, readable: true, writable: false });
      pipe.on("data", (chunk) => this.#report(name, decoder.write(chunk)));
      pipe.on("error", () => {}); // a cell has closed the descriptor
      pipe.unref();
    }
  }

  /** Reports now what has been written so far, at most what the pipes hold: someone may write without end. */
  drain(): void {
    const waiting = this.#addon.waiting();
    for (const { name, fd, bit, decoder } of this.#pipes) {
      if ((waiting & bit) !== 0) this.#report(name, decoder.write(this.#read(fd)));
    }
  }

  #read(fd: number): Buffer {
    const chunks: Buffer[] = [];
    try {
      for (let bytes = chunkBytes; bytes === chunkBytes && chunks.length < 16; ) {
        bytes = readSync(fd, this.#buffer);
        chunks.push(Buffer.from(this.#buffer.subarray(0, bytes)));
      }
    } catch {
      // empty (EAGAIN), or closed by a cell
    }
    return Buffer.concat(chunks);
  }
}
