/**
 * Reads files that somebody else made, such as those of a model's folder, only where they are what they seem, parses
 * their JSON within limits, and writes it with the same numbers.
 */
import { constants } from "node:fs";
import { type FileHandle, open } from "node:fs/promises";
import { isLosslessNumber, parse, stringify } from "lossless-json";
import { type LibraryErrorCode, ThawError } from "../errors.ts";

export interface ForeignFileLimits {
  /** The largest size that makes sense for the file, in bytes. */
  readonly maxBytes: number;
}

/**
 * Reads a regular file; undefined where there is none of this name. A pipe, a device, a folder or a file above
 * `maxBytes` is not read at all. Errors: `MISSING_FILE`.
 */
export async function readForeignFile(path: string, { maxBytes }: ForeignFileLimits): Promise<Buffer | undefined> {
  let file: FileHandle;
  try {
    // Opening a pipe that nobody writes to would wait for ever.
    file = await open(path, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0));
  } catch (cause) {
    const { code, message } = cause as NodeJS.ErrnoException;
    if (code === "ENOENT" || code === "ENOTDIR") return undefined;
    throw cannotRead(path, message, "Check its permissions.", cause);
  }
  try {
    const stats = await file.stat();
    if (!stats.isFile())
      throw cannotRead(path, `it is ${kindOf(stats)}, not a file`, "Put the model's own file there.");
    if (stats.size > maxBytes) throw tooLarge(path, stats.size, maxBytes);
    return await readWhole(file, path, stats.size, maxBytes);
  } catch (cause) {
    if (cause instanceof ThawError) throw cause;
    throw cannotRead(path, (cause as Error).message, "Check the disk and the permissions.", cause);
  } finally {
    await file.close();
  }
}

/** A file may grow while it is read, and those of /proc say that they are empty. */
async function readWhole(file: FileHandle, path: string, size: number, maxBytes: number): Promise<Buffer> {
  let bytes = Buffer.allocUnsafe(size + 1); // the byte more tells the end from a file that has grown
  let done = 0;
  for (;;) {
    const { bytesRead } = await file.read(bytes, done, bytes.length - done, done);
    if (bytesRead === 0) return bytes.subarray(0, done);
    done += bytesRead;
    if (done > maxBytes) throw tooLarge(path, done, maxBytes);
    if (done === bytes.length) bytes = Buffer.concat([bytes, Buffer.allocUnsafe(bytes.length)]);
  }
}

function kindOf(stats: Awaited<ReturnType<FileHandle["stat"]>>): string {
  if (stats.isDirectory()) return "a folder";
  if (stats.isFIFO()) return "a named pipe";
  if (stats.isSocket()) return "a socket";
  return "a device";
}

function tooLarge(path: string, size: number, maxBytes: number): ThawError {
  const megabytes = (bytes: number) => `${Math.round(bytes / 1e6).toLocaleString("en-US")} MB`;
  return cannotRead(
    path,
    `it has ${megabytes(size)}, and such files have at most ${megabytes(maxBytes)}`,
    "Download or save it again.",
  );
}

function cannotRead(path: string, reason: string, advice: string, cause?: unknown): ThawError {
  return new ThawError("MISSING_FILE", `Cannot read ${path}: ${reason}. ${advice}`, { cause });
}

/**
 * Limits that no file of a model comes near. Beyond them, parsing takes gigabytes of memory, or overflows the stack
 * elsewhere.
 */
const most = { depth: 200, containers: 4_000_000, values: 16_000_000 };

/**
 * Parses the bytes of a JSON file. Throws `code`, with `advice` at the end of the message, for what is no UTF-8, no
 * JSON, nested deeper than 200 levels, or has more than 4 million containers or 16 million values.
 */
export function parseForeignJson(
  bytes: Uint8Array,
  path: string,
  { code, advice }: { readonly code: LibraryErrorCode; readonly advice: string },
): unknown {
  const fail = (reason: string, cause?: unknown) => new ThawError(code, `${path} ${reason}. ${advice}`, { cause });
  const excess = excessOf(bytes);
  if (excess !== undefined) throw fail(excess);
  let text: string;
  try {
    text = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch (cause) {
    throw fail("is not valid JSON (it is not UTF-8)", cause);
  }
  if (text.startsWith("\ufeff")) throw fail("is not valid JSON (it begins with a byte order mark)");
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw fail(`is not valid JSON (${(cause as Error).message})`, cause);
  }
}

/** Tells whether a value of parsed JSON is an object, not a list. */
export function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/**
 * Counts levels, containers and values without parsing, and says which is too many; undefined where all are in bounds.
 */
function excessOf(bytes: Uint8Array): string | undefined {
  let [depth, containers, values] = [0, 0, 0];
  for (let i = 0; i < bytes.length; i++) {
    switch (bytes[i]) {
      case 0x22: // a string: to its closing quotation mark
        for (i++; i < bytes.length && bytes[i] !== 0x22; i++) if (bytes[i] === 0x5c) i++;
        break;
      case 0x5b:
      case 0x7b:
        if (++depth > most.depth) return `is nested deeper than ${most.depth} levels`;
        if (++containers > most.containers)
          return `has more than ${most.containers.toLocaleString("en-US")} lists and objects`;
        break;
      case 0x5d:
      case 0x7d:
        depth--;
        break;
      case 0x2c:
        if (++values > most.values) return `has more than ${most.values.toLocaleString("en-US")} values`;
        break;
    }
  }
  return undefined;
}

/**
 * Writes `value` as indented JSON. A number that is still the one at its place in `text` is written as it stands there:
 * in JavaScript 2.0 is 2, which transformers refuses for a key that it declares as a float.
 */
export function stringifyLike(value: unknown, text: string | undefined): string {
  return stringify(
    text === undefined ? value : withWritten(value, parse(text, null, { onDuplicateKey: ({ newValue }) => newValue })),
    undefined,
    2,
  ) as string;
}

function withWritten(value: unknown, written: unknown): unknown {
  if (typeof value === "number") return isLosslessNumber(written) && Number(written.value) === value ? written : value;
  if (!isContainer(value) || !isContainer(written)) return value;
  if (Array.isArray(value)) return value.map((item, i) => withWritten(item, written[i]));
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, withWritten(item, written[key])]));
}

function isContainer(value: unknown): value is Record<string | number, unknown> {
  return typeof value === "object" && value !== null;
}
