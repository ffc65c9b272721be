/** Lets calls to the file system fail one by one, through the seam that src/platform has for that. */
import type { FileHandle } from "node:fs/promises";
import { type FileOperations, operations } from "../../src/platform/files.ts";

/** A call as it is about to be made. */
export interface Call {
  readonly index: number;
  readonly name: keyof FileOperations;
  readonly path: string;
}

/** What happens at a call: it fails with this code, takes only a part of the bytes, or the process is gone from then on. */
export type Fault = "ENOSPC" | "EFBIG" | "EIO" | "EACCES" | "short" | "gone";

export interface Outcome {
  readonly calls: readonly Call[];
  /** What was thrown; undefined where nothing was. */
  readonly error: unknown;
}

let isRunning = false;

/**
 * Runs `work`, asking `faultAt` at each call; one at a time. Nothing is really brought to the disk, which takes most of the
 * time.
 */
export async function withFaults(
  work: () => Promise<unknown>,
  faultAt: (call: Call) => Fault | undefined = () => undefined,
): Promise<Outcome> {
  if (isRunning) throw new Error("another withFaults has not ended yet");
  isRunning = true;
  const real = { ...operations };
  const calls: Call[] = [];
  const paths = new WeakMap<FileHandle, string>();
  const opened = new Set<FileHandle>();
  let isGone = false;
  const call = async (name: keyof FileOperations, args: readonly unknown[]): Promise<unknown> => {
    const [first, second] = args;
    const path = typeof first === "string" ? first : (paths.get(first as FileHandle) ?? "");
    if (name === "close") opened.delete(first as FileHandle);
    const made = { index: calls.length, name, path };
    const fault = isGone ? "gone" : faultAt(made);
    if (!isGone) calls.push(made);
    if (fault === "gone") {
      isGone = true;
      if (name === "close") await real.close(first as FileHandle);
      throw new Error("the process is gone");
    }
    if (fault === "short" && name === "write") {
      const bytes = second as Uint8Array;
      return await real.write(first as FileHandle, bytes.subarray(0, Math.ceil(bytes.length / 2)));
    }
    if (fault !== undefined && fault !== "short") {
      if (name === "close") await real.close(first as FileHandle); // the system closes it even where it says EIO
      throw systemError(fault, name, path);
    }
    if (name === "sync") return undefined;
    const result = await (real[name] as (...args: readonly unknown[]) => Promise<unknown>)(...args);
    if (name === "open") {
      paths.set(result as FileHandle, path);
      opened.add(result as FileHandle);
    }
    return result;
  };
  for (const name of Object.keys(real) as (keyof FileOperations)[]) {
    Object.assign(operations, { [name]: (...args: unknown[]) => call(name, args) });
  }
  try {
    await work();
    return { calls, error: undefined };
  } catch (error) {
    return { calls, error };
  } finally {
    Object.assign(operations, real);
    isRunning = false;
    for (const file of opened) await file.close();
  }
}

function systemError(code: string, syscall: string, path: string): Error {
  return Object.assign(new Error(`${code}: made to fail, ${syscall} '${path}'`), { code, syscall, path });
}
