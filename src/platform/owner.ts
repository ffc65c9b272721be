/**
 * Names for temporary files and folders that say which process made them, so that what a dead process left can be told
 * from what a living one needs. A process is known by its number, the time it started (numbers are used again) and
 * where it runs: the start of the machine and the space of process numbers, so that two machines or containers that
 * share a disk do not take each other's processes for dead. Outside Linux only number and machine are known.
 */
import { createHash, randomBytes } from "node:crypto";
import { readFileSync, readlinkSync } from "node:fs";
import { hostname } from "node:os";
import { basename, join } from "node:path";
import { namesIn, removeTree, stateOf } from "./files.ts";

/**
 * The maker of a temporary file: this copy of the library, another process that is alive or dead, or one of which that
 * cannot be known (on another machine, in another container or thread).
 */
export type Owner = "this" | "alive" | "dead" | "unknown";

const place = createHash("sha256")
  .update(`${hostname()}\0${read("/proc/sys/kernel/random/boot_id")}\0${link("/proc/self/ns/pid")}`)
  .digest("hex")
  .slice(0, 8);
const started = startOf(process.pid);
const own = `${process.pid}-${typeof started === "string" ? started : 0}-${place}-${randomBytes(4).toString("hex")}`;
const form = /^(\d{1,10})-(\d{1,20})-([0-9a-f]{8})-[0-9a-f]{8}-\d+$/;
let count = 0;
const inUse = new Set<string>();

/**
 * Makes a name for a temporary file: `prefix`, then this process. No two calls give the same, in no process. The file
 * counts as in use until it is disowned.
 */
export function ownedName(prefix: string): string {
  const name = `${prefix}${own}-${count++}`;
  inUse.add(name);
  return name;
}

/** Says that this process is done with a temporary file or folder, so that what is left of it may be removed. */
export function disown(name: string): void {
  inUse.delete(basename(name));
}

/**
 * Makes the name under which a temporary file is nobody's any more, for those who would think its process still at
 * work.
 */
export function nobodysName(name: string, prefix: string): string {
  return `${prefix}${name.slice(prefix.length).replace(/^\d+-\d+/, "0-0")}`;
}

/** Reads from a name who made the temporary file; undefined where `ownedName(prefix)` gives no such names. */
export function ownerOf(name: string, prefix: string): Owner | undefined {
  const parts = name.startsWith(prefix) ? form.exec(name.slice(prefix.length)) : null;
  if (parts === null) return undefined;
  if (name.startsWith(`${prefix}${own}-`)) return "this";
  const [, pid, start, where] = parts;
  if (pid === "0") return "dead";
  if (where !== place) return "unknown";
  const found = startOf(Number(pid));
  if (found === "ended") return "dead";
  if (found !== undefined && found !== start) return "dead"; // the number has a new owner
  if (Number(pid) === process.pid) return "unknown"; // a thread, or a second copy of this library
  return found !== undefined || isRunning(Number(pid)) ? "alive" : "dead";
}

/** A process that has not changed anything in its temporary folder for this long has given it up, or is stuck. */
const silentMs = 10 * 60 * 1000;

/**
 * Tells whether nobody will go on with the temporary file or folder of this name in `folder`: its process is dead or
 * done with it, or has not touched it for ten minutes.
 */
export async function isAbandoned(folder: string, name: string, prefix: string): Promise<boolean> {
  const owner = ownerOf(name, prefix);
  if (owner === "this") return !inUse.has(name);
  return owner === "dead" || (await silenceMs(join(folder, name))) > silentMs;
}

/** Removes what processes that are gone have left in `folder` under names of `prefix`. What cannot be removed stays. */
export async function sweep(folder: string, prefix: string): Promise<void> {
  for (const name of await namesIn(folder).catch(() => [])) {
    if (!name.startsWith(prefix)) continue;
    try {
      if (ownerOf(name, prefix) !== undefined && (await isAbandoned(folder, name, prefix)))
        await removeTree(join(folder, name));
    } catch {
      // it stays for the next time; nobody takes it for anything but what it is
    }
  }
}

/** Asks for how many milliseconds a file, or anything in a folder, has not changed. */
export async function silenceMs(path: string): Promise<number> {
  const found = await stateOf(path);
  if (found === undefined) return 0; // gone just now: somebody is at work
  const below = found.kind === "folder" ? await namesIn(path) : [];
  return Math.min(Date.now() - found.mtimeMs, ...(await Promise.all(below.map((name) => silenceMs(join(path, name))))));
}

/** Reads the number of the process from such a name, for a message. */
export function pidIn(name: string, prefix: string): string {
  return form.exec(name.slice(prefix.length))?.[1] ?? "?";
}

/** Reads when a process started, in ticks since the machine did; undefined where that cannot be read. */
function startOf(pid: number): string | "ended" | undefined {
  const text = read(`/proc/${pid}/stat`);
  const fields = text.slice(text.lastIndexOf(")") + 2).split(" "); // from field 3 on; the name before may hold anything
  return /^[ZX]$/.test(fields[0] ?? "") ? "ended" : fields[19]; // Z: its parent has not asked yet how it ended
}

/**
 * Asks the system for a process that /proc does not show: there is none, or it is somebody else's, or there is no
 * /proc.
 */
function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
}

function read(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return "";
  }
}

function link(path: string): string {
  try {
    return readlinkSync(path);
  } catch {
    return "";
  }
}
