/** `console` and the process's own streams print into the cell. */
import { Console } from "node:console";
import type { StreamName } from "../channels/streamBuffer.ts";
import type { Reporter } from "./reporter.ts";

export function printInto(reporter: Reporter): void {
  redirect(process.stdout, "stdout", reporter);
  redirect(process.stderr, "stderr", reporter);
  // The inspector wraps the console it finds and keeps a thousand messages with all they refer to; a new one it does not know.
  globalThis.console = new Console({ stdout: process.stdout, stderr: process.stderr, colorMode: false });
}

function redirect(stream: NodeJS.WriteStream, name: StreamName, reporter: Reporter): void {
  Object.defineProperty(stream, "isTTY", { value: false, configurable: true }); // whatever the kernel was started from
  const decoder = new TextDecoder();
  stream.write = (chunk: string | Uint8Array, ...rest: unknown[]): boolean => {
    reporter.stream(name, typeof chunk === "string" ? chunk : decoder.decode(chunk, { stream: true }));
    const done = rest.findLast((argument) => typeof argument === "function");
    if (done !== undefined) process.nextTick(done as () => void);
    return true;
  };
}
