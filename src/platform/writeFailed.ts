/** The error of what could not be written: what failed, why, what stands there now, and what to do. */
import { dirname } from "node:path";
import { ThawError } from "../errors.ts";
import { isSystemError, operations } from "./operations.ts";

/** What the message says besides the system's reason. */
export interface FailedWrite {
  /** What was to be written, as the user named it. */
  readonly path: string;
  /** A folder on the disk that was written to. */
  readonly place?: string;
  /** Bytes that all of it takes; 0 where that is not known. */
  readonly bytes?: number;
  /** A sentence on what stands there now. */
  readonly state: string;
}

/** `WRITE_FAILED`; an error that the library has thrown itself comes back as it is. */
export async function writeFailed(cause: unknown, failed: FailedWrite): Promise<ThawError> {
  if (cause instanceof ThawError) return cause;
  const { path, place = dirname(path), bytes = 0, state } = failed;
  if (isSystemError(cause, "ENOSPC", "EDQUOT")) {
    const free = await operations.freeBytes(place).catch(() => undefined);
    return noSpace(path, bytes, free, state, cause);
  }
  const reason = cause instanceof Error ? cause.message : String(cause);
  const limit = isSystemError(cause, "EFBIG")
    ? ` Files may not grow beyond a limit here (\`ulimit -f\` shows it)${bytes > 0 ? `, and ${counted(bytes)} bytes are to be written` : ""}.`
    : "";
  return new ThawError("WRITE_FAILED", `Could not write ${path}: ${reason}.${limit} ${state} ${adviceFor(cause)}`, {
    cause,
  });
}

/** The disk has not the room, or has run out of it. `free` is undefined where the file system does not say. */
export function noSpace(
  path: string,
  bytes: number,
  free: number | undefined,
  state: string,
  cause?: unknown,
): ThawError {
  const needed = bytes > 0 ? `${counted(bytes)} bytes are needed` : "more bytes are needed";
  const found = free === undefined ? "the file system does not say how many are free" : `${counted(free)} are free`;
  return new ThawError(
    "WRITE_FAILED",
    `Could not write ${path}: its disk is full, or a quota is used up: ${needed}, ${found}. ${state} ` +
      "Free some space there, or save to another disk.",
    { cause },
  );
}

function adviceFor(cause: unknown): string {
  if (isSystemError(cause, "EACCES", "EPERM"))
    return "Make the folder and its files writable for this user, or save elsewhere.";
  if (isSystemError(cause, "EROFS")) return "That disk is mounted read-only: save elsewhere.";
  if (isSystemError(cause, "EFBIG")) return "Raise the limit, or save on another file system.";
  if (isSystemError(cause, "EIO")) return "The disk reports a fault: save to another one.";
  return "Save again when that is mended, or save elsewhere.";
}

function counted(bytes: number): string {
  return Math.ceil(bytes).toLocaleString("en-US");
}
