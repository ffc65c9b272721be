/**
 * The machine: its processors, how much memory this process can still take, the error where more is wanted, and garbage
 * collection on request.
 */
import { readFileSync } from "node:fs";
import { totalmem } from "node:os";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { formatBytes } from "../display/numbers.ts";
import { ThawError } from "../errors.ts";

export { availableParallelism, cpus, freemem, platform, release, totalmem } from "node:os";

/** The memory that the process can still get, in bytes, and its limit. */
export interface Room {
  readonly bytes: number;
  /** The end of a sentence: `of the 6.0 GB that "ulimit -v" allows`. */
  readonly limit: string;
  /** Whether the limit counts addresses, private memory, or what is resident. */
  readonly counts: "addresses" | "data" | "resident";
}

/** Reads a file of `/proc` or `/sys`; undefined where there is none, as on systems other than Linux. */
export type ReadSystemFile = (path: string) => string | undefined;

const readSystemFile: ReadSystemFile = (path) => {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return undefined;
  }
};

/**
 * Bytes that are left to V8, which ends the process where it gets none, and to the C library, which takes larger
 * pieces.
 */
export const reserve = 64e6;

/**
 * Asks how much memory the limits on the process, its container and the machine leave, and takes the least. `free`:
 * bytes that the process has taken and does not use, which count as left where a limit counts them as taken.
 */
export function roomLeft(free = 0, read: ReadSystemFile = readSystemFile): Room {
  const rooms = [...limitRooms(read), ...containerRooms(read), machineRoom(read)].map((room) =>
    room.counts === "resident" ? room : { ...room, bytes: room.bytes + free },
  );
  return rooms.reduce((least, room) => (room.bytes < least.bytes ? room : least));
}

/** Bytes that TensorFlow's library, and the thread that a tokenizer runs in, will take. */
const toCome = { addresses: 2e9, data: 0.1e9, resident: 0 } as const;
/** The share of what a limit leaves that tensors may take; the rest is JavaScript's. */
const tensorShare = { addresses: 0.6, data: 0.6, resident: 0.9 } as const;

/** Computes how many bytes tensors may take at most, as it looks before TensorFlow is loaded. */
export function tensorLimit(read: ReadSystemFile = readSystemFile): number {
  const limits = [...limitRooms(read), ...containerRooms(read)].map(
    ({ bytes, counts }) => tensorShare[counts] * (bytes - toCome[counts]),
  );
  return Math.max(reserve, Math.min(totalmem(), ...limits));
}

/** Bytes that tensors of this process may take at most. */
export const tensorsAtMost = tensorLimit();

/** Throws `OUT_OF_MEMORY` where `bytes` cannot be had. `what`: what is to be made, as the subject of a sentence. */
export function assertRoom(bytes: number, what: string): void {
  if (bytes < 1e6 || bytes + reserve <= roomLeft().bytes) return;
  collectGarbage();
  refuseBeyond(roomLeft(), bytes, reserve, what);
}

/** Addresses that a thread with JavaScript of its own takes; V8 ends the process where it cannot have them. */
const threadAddresses = 750e6;

/** Throws `OUT_OF_MEMORY` where no thread can be started. `what`: what is to run in it, as the subject of a sentence. */
export function assertThreadRoom(what: string, read: ReadSystemFile = readSystemFile): void {
  for (const room of limitRooms(read)) {
    if (room.counts === "addresses") refuseBeyond(room, threadAddresses, 0, what);
  }
}

function refuseBeyond({ bytes: left, limit }: Room, bytes: number, spared: number, what: string): void {
  if (bytes + spared <= left) return;
  throw new ThawError(
    "OUT_OF_MEMORY",
    `${what} takes ${formatBytes(bytes)}, but ${formatBytes(left)} can be had ${limit}` +
      `${spared === 0 ? "" : `, of which ${formatBytes(spared)} are left to JavaScript`}. Free memory (model.dispose()), or ` +
      "raise the limit.",
  );
}

const outOfMemory = [
  /Invalid TF_Status: 8\b/, // RESOURCE_EXHAUSTED
  /bad_alloc/,
  /^(Array buffer|ArrayBuffer) allocation failed/i,
  /^WebAssembly\.Memory/,
  /^Aborted\(Cannot enlarge memory/,
];

/** Tells whether an error of TensorFlow, V8 or WebAssembly says that memory has run out. */
export const isOutOfMemory = (error: unknown): error is Error =>
  error instanceof Error && !(error instanceof ThawError) && outOfMemory.some((pattern) => pattern.test(error.message));

/**
 * Makes an `OUT_OF_MEMORY` of an error that says that memory has run out, with what was wanted and what can be had; any
 * other comes back as it is. `shape`: of the tensor that was to be made; default: the one in the error's message.
 */
export function asOutOfMemory(error: unknown, shape?: readonly number[]): unknown {
  if (!isOutOfMemory(error)) return error;
  const { bytes, limit } = roomLeft();
  const [, lengths, type] = /shape\[([\d,]*)\](?: and type (\w+))?/.exec(error.message) ?? [];
  const wanted = shape ?? lengths?.split(",").map((length) => Number(length || 1));
  const size = wanted?.reduce((product, length) => product * length, type === "bool" ? 1 : 4);
  return new ThawError(
    "OUT_OF_MEMORY",
    `There is not enough memory: ${size === undefined ? "an operation wanted more" : `${formatBytes(size)} are wanted for a tensor of shape [${wanted?.join(", ")}]`}, ` +
      `and ${formatBytes(bytes)} can be had ${limit}${tensorsAtMost < totalmem() ? `; tensors may take ${formatBytes(tensorsAtMost)} in all` : ""}.`,
    { cause: error },
  );
}

/** Runs something; where memory runs out meanwhile, throws `OUT_OF_MEMORY` in place of the engine's error. */
export function guardMemory<T>(run: () => T, shape?: readonly number[]): T {
  try {
    return run();
  } catch (error) {
    throw asOutOfMemory(error, shape);
  }
}

/** Reads what `ulimit -v` and `ulimit -d` leave. */
function limitRooms(read: ReadSystemFile): Room[] {
  const [limits, status] = [read("/proc/self/limits"), read("/proc/self/status")];
  if (limits === undefined || status === undefined) return [];
  const room = (name: string, field: string, option: string, counts: Room["counts"]): Room[] => {
    const [, soft] = new RegExp(`^${name}\\s+(\\d+)\\s`, "m").exec(limits) ?? [];
    const [, used] = new RegExp(`^${field}:\\s+(\\d+) kB`, "m").exec(status) ?? [];
    if (soft === undefined || used === undefined) return [];
    const bytes = Math.max(0, Number(soft) - 1024 * Number(used));
    return [{ bytes, limit: `of the ${formatBytes(Number(soft))} that "ulimit ${option}" allows`, counts }];
  };
  return [...room("Max address space", "VmSize", "-v", "addresses"), ...room("Max data size", "VmData", "-d", "data")];
}

/**
 * Reads what the control groups leave, version 2 or 1. Pages of files that were read count as free: they are given up
 * first.
 */
function containerRooms(read: ReadSystemFile): Room[] {
  const groups = read("/proc/self/cgroup") ?? "";
  const [, second] = /^0::(\/.*)$/m.exec(groups) ?? [];
  const [, first] = /^\d+:(?:[^:]*,)?memory(?:,[^:]*)?:(\/.*)$/m.exec(groups) ?? [];
  const room = (folder: string, [max, current, inactive]: readonly [string, string, string]): Room[] => {
    const [limit, used] = [max, current].map((file) => Number(read(`${folder}/${file}`)?.trim() ?? Number.NaN));
    if (limit === undefined || used === undefined || !(limit < 2 ** 60) || !Number.isFinite(used)) return []; // "max"
    const [, pages] = new RegExp(`^${inactive} (\\d+)$`, "m").exec(read(`${folder}/memory.stat`) ?? "") ?? [];
    const bytes = Math.max(0, limit - used + Number(pages ?? 0));
    return [{ bytes, limit: `of the ${formatBytes(limit)} that this container may hold`, counts: "resident" }];
  };
  const [filesOfSecond, filesOfFirst] = [
    ["memory.max", "memory.current", "inactive_file"],
    ["memory.limit_in_bytes", "memory.usage_in_bytes", "total_inactive_file"],
  ] as const;
  return [
    ...foldersUp("/sys/fs/cgroup", second).flatMap((folder) => room(folder, filesOfSecond)),
    ...foldersUp("/sys/fs/cgroup/memory", first).flatMap((folder) => room(folder, filesOfFirst)),
  ];
}

/** Lists the folder of a control group, then those of the groups that it is part of, whose limits hold as well. */
function foldersUp(root: string, path: string | undefined): string[] {
  if (path === undefined) return [];
  const parts = path.split("/").filter((part) => part !== "");
  return Array.from({ length: parts.length + 1 }, (_, i) => [root, ...parts.slice(0, parts.length - i)].join("/"));
}

function machineRoom(read: ReadSystemFile): Room {
  const memory = read("/proc/meminfo");
  const kilobytes = (name: string) => Number(new RegExp(`^${name}:\\s+(\\d+) kB`, "m").exec(memory ?? "")?.[1] ?? 0);
  const bytes =
    memory === undefined ? process.availableMemory() : 1024 * (kilobytes("MemAvailable") + kilobytes("SwapFree"));
  return { bytes, limit: "of this machine's memory", counts: "resident" };
}

type Collect = (options?: { readonly type: "minor" }) => void;

/** V8's own garbage collection. V8 shows it to new contexts only while the flag is set: to no code but this. */
const collect: Collect = (() => {
  setFlagsFromString("--expose-gc");
  const gc = runInNewContext("gc") as Collect;
  setFlagsFromString("--no-expose-gc");
  return gc;
})();

/**
 * Frees everything that JavaScript uses no more, of which V8 lets gigabytes wait. It takes some tens of milliseconds.
 */
export const collectGarbage = (): void => collect();

let garbage = 0;
const garbageAtMost = 32e6;

/** Frees the arrays that were made lately and are used no more. It takes about a millisecond. */
export function collectYoung(): void {
  garbage = 0;
  collect({ type: "minor" });
}

/** Says that an array of so many bytes is made that will soon be garbage; after some tens of megabytes it is collected. */
export function noteGarbage(bytes: number): void {
  garbage += bytes;
  if (garbage >= garbageAtMost) collectYoung();
}
