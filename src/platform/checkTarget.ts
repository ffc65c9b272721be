/** Whether a folder can be saved to, said before any work is done that would be lost otherwise. */
import { accessSync, constants, lstatSync, readlinkSync, realpathSync, statSync } from "node:fs";
import { homedir } from "node:os";
import { dirname, resolve } from "node:path";
import { ThawError } from "../errors.ts";
import { freeBytesAt, isSystemError } from "./operations.ts";
import { noSpace } from "./writeFailed.ts";

/** Where a folder that a user has named really is. */
export interface Target {
  /** Absolute; of a link to a folder, the folder that it leads to. */
  readonly path: string;
  readonly exists: boolean;
}

/**
 * Looks at `folder` as a place to save to and changes nothing. A link to a folder is followed, `~/` is the home folder.
 * `bytes`: how many have to fit on its disk; `what`: the folder's name in the message for an empty one. Errors:
 * `WRITE_FAILED` where it is a file, lies below one, is a link that leads nowhere, may not be written to, or has too little
 * room; `BAD_ARGUMENT` for an empty name.
 */
export function checkTarget(
  folder: string,
  { bytes = 0, what = "The folder to save to" }: { readonly bytes?: number; readonly what?: string } = {},
): Target {
  if (typeof folder !== "string" || folder.trim() === "") {
    throw new ThawError(
      "BAD_ARGUMENT",
      `${what} is ${JSON.stringify(folder)}. Name one, such as "runs/reviews"; "." is the working folder.`,
    );
  }
  try {
    const path = resolve(folder.replace(/^~(?=\/|$)/, homedir()));
    const nearest = nearestFolder(path, folder);
    accessSync(nearest, constants.W_OK | constants.X_OK);
    const free = freeBytesAt(nearest);
    if (free !== undefined && free < bytes) throw noSpace(folder, bytes, free, "Nothing was done.");
    const exists = nearest === path;
    return { path: exists ? realpathSync(path) : path, exists };
  } catch (cause) {
    if (cause instanceof ThawError) throw cause;
    throw cannot(folder, (cause as Error).message, "Make it writable for this user, or save elsewhere.", cause);
  }
}

function nearestFolder(path: string, asked: string): string {
  for (let at = path; ; at = dirname(at)) {
    if (!isThere(at)) {
      if (dirname(at) === at) throw new Error(`there is no folder ${at}`);
      continue;
    }
    const name = at === path ? "it" : at;
    const behind = followed(at);
    if (behind === undefined) {
      throw cannot(asked, `${name} is a link to ${readlinkSync(at)}, which leads nowhere`, "Mend or remove the link.");
    }
    if (behind.isDirectory()) return at;
    throw cannot(asked, `${name} is a file, and a folder is needed there`, "Save under another name.");
  }
}

function isThere(path: string): boolean {
  try {
    lstatSync(path);
    return true;
  } catch (error) {
    if (isSystemError(error, "ENOENT", "ENOTDIR")) return false;
    throw error;
  }
}

function followed(path: string) {
  try {
    return statSync(path, { throwIfNoEntry: false });
  } catch (error) {
    if (isSystemError(error, "ELOOP")) return undefined; // links that lead to each other
    throw error;
  }
}

function cannot(folder: string, what: string, advice: string, cause?: unknown): ThawError {
  return new ThawError("WRITE_FAILED", `Cannot save to ${folder}: ${what}. ${advice} Nothing was done.`, { cause });
}
