/** Reads the bytes of a data file: unpacks gzip, checks the format, and converts text to UTF-8. */
import { closest } from "../../shared/closest.ts";
import { listedRows } from "../display/listed.ts";
import { formatBytes } from "../display/numbers.ts";
import { ThawError } from "../errors.ts";
import { gunzip, isUtf8 } from "../platform/bytes.ts";
import { basename, dirname, readdir, readFile, resolve, type Stats, stat } from "../platform/files.ts";
import { type DataFormat, refuseForeign } from "./formats.ts";
import { shown } from "./rows.ts";

/** A text file as UTF-8 without a byte order mark. */
export interface TextFile {
  readonly bytes: Buffer;
  /** Sentences on what was guessed about the encoding. */
  readonly notes: readonly string[];
}

/** Largest file size in bytes, which is the most that Node reads at once. */
const largestFile = 2 ** 31 - 1;

/**
 * Reads a file, unpacks gzip, and compares its content with the format that is wanted.
 * Throws `MISSING_FILE`, `BAD_ARGUMENT`, `WRONG_FORMAT` and `BAD_DATA`.
 */
export async function readBinaryFile(path: string, format: DataFormat): Promise<Buffer> {
  const bytes = await readUnpacked(path);
  refuseForeign(bytes, path, format);
  return bytes;
}

/**
 * Reads a text file, unpacks gzip, checks its format, and decodes it: in the given encoding, else in UTF-16 if it has a
 * byte order mark or zero bytes, in UTF-8, or in Windows-1252. The bytes of a file in UTF-8 are not copied.
 */
export async function readTextFile(path: string, format: DataFormat, encoding: string | undefined): Promise<TextFile> {
  const content = await readUnpacked(path);
  const found = encoding === undefined ? unicodeOf(content) : { encoding: knownEncoding(encoding), mark: 0 };
  refuseForeign(content, path, format, (head) => decode(head, found?.encoding ?? "utf-8", false));
  const bytes = content.subarray(found?.mark ?? 0);
  if (found !== undefined && found.encoding !== "utf-8") {
    return { bytes: withoutMark(recoded(bytes, found.encoding, path)), notes: [] };
  }
  if (isUtf8(bytes)) return { bytes: withoutMark(bytes), notes: [] };
  if (found !== undefined) throw damaged(linesOf(bytes).bad, path);
  return { bytes: recoded(bytes, notUtf8(bytes, path), path), notes: [guessedNote] };
}

const guessedNote =
  "The file is not UTF-8 and was read as Windows-1252. Where letters look wrong, name its encoding, such as " +
  'encoding: "windows-1251".';

async function readUnpacked(path: unknown): Promise<Buffer> {
  checkPath(path);
  const bytes = await readWhole(path);
  if (bytes[0] !== 0x1f || bytes[1] !== 0x8b) return bytes;
  try {
    return await gunzip(bytes, { maxOutputLength: largestFile });
  } catch (cause) {
    const why = (cause as Error).message;
    throw new ThawError(
      "BAD_DATA",
      `${path} is packed by gzip and cannot be unpacked: ${why}. Download it again, or unpack it yourself.`,
      {
        cause,
      },
    );
  }
}

function checkPath(path: unknown): asserts path is string {
  const refuse = (what: string, advice: string): never => {
    throw new ThawError("BAD_ARGUMENT", `The path of a data file is ${what}. ${advice}`);
  };
  if (path instanceof Promise) refuse("a promise", "Put await before what made it.");
  if (path instanceof URL) refuse("a URL", 'Write fileURLToPath(url), from "node:url", for a file of this machine.');
  if (typeof path !== "string")
    refuse(`of type ${path === null ? "null" : typeof path}`, 'Give a text such as "reviews.csv".');
  else if (path.trim() === "") refuse("empty", 'Give a text such as "reviews.csv".');
  else if (/[\r\n]/.test(path))
    refuse("a text of several lines", "For content instead of a file use TextDataset.fromRows.");
  else if (/^https?:\/\//i.test(path)) refuse(`the address ${path}`, "Download the file first, and give its path.");
}

async function readWhole(path: string): Promise<Buffer> {
  const fail = (why: string, advice: string, cause?: unknown): never => {
    throw new ThawError("MISSING_FILE", `Cannot read ${resolve(path)}: ${why}. ${advice}`, { cause });
  };
  let stats: Stats;
  try {
    stats = await stat(path);
  } catch (cause) {
    const { code, message } = cause as NodeJS.ErrnoException;
    if (code !== "ENOENT") return fail(message, "Check the path.", cause);
    return fail("it does not exist", await nearbyAdvice(path), cause);
  }
  if (stats.isDirectory()) return fail("it is a folder", "Name a file in it.");
  if (!stats.isFile()) return fail("it is no regular file", "Copy its content to a file.");
  if (stats.size > largestFile) {
    const size = formatBytes(stats.size);
    throw new ThawError(
      "BAD_DATA",
      `${path} has ${size}; up to ${formatBytes(largestFile)} are read at once. Split it into several files.`,
    );
  }
  try {
    return await readFile(path);
  } catch (cause) {
    return fail((cause as Error).message, "Check the path and its permissions.", cause);
  }
}

async function nearbyAdvice(path: string): Promise<string> {
  if (path.startsWith("~")) return 'A path begins with the folder itself, not with "~": use homedir() of "node:os".';
  const names = await readdir(dirname(resolve(path))).catch(() => []);
  const near = closest(basename(path), names);
  return near === undefined ? "Check the path." : `Check the path; there is ${near}.`;
}

/** Finds UTF-16 by its byte order mark, or by zero bytes in every second place; undefined for other encodings. */
function unicodeOf(bytes: Buffer): { readonly encoding: string; readonly mark: number } | undefined {
  if (bytes[0] === 0xff && bytes[1] === 0xfe) return { encoding: "utf-16le", mark: 2 };
  if (bytes[0] === 0xfe && bytes[1] === 0xff) return { encoding: "utf-16be", mark: 2 };
  const head = bytes.subarray(0, 1024);
  const zeros = [0, 1].map((odd) => head.filter((byte, i) => byte === 0 && i % 2 === odd).length);
  const most = zeros.findIndex((count, i) => count > head.length / 4 && zeros[1 - i] === 0);
  return most < 0 ? undefined : { encoding: most === 1 ? "utf-16le" : "utf-16be", mark: 0 };
}

function knownEncoding(encoding: string): string {
  try {
    return new TextDecoder(
      String(encoding)
        .replaceAll("_", "-")
        .replace(/^utf-?(?=8|16)/i, "utf-"),
    ).encoding;
  } catch (cause) {
    throw new ThawError(
      "BAD_ARGUMENT",
      `There is no encoding ${shown(encoding)}. Leave the option out, or use a name such as "utf-8", "utf-16le", ` +
        '"windows-1252", "windows-1251" or "shift_jis".',
      { cause },
    );
  }
}

/**
 * Guesses the encoding of bytes that are no UTF-8: "windows-1252". Throws where most of their letters are UTF-8, so
 * that some are damaged.
 */
function notUtf8(bytes: Buffer, path: string): string {
  const { good, bad } = linesOf(bytes);
  if (good < bad.length || good === 0) {
    if (!bytes.subarray(0, 4096).includes(0)) return "windows-1252";
    throw new ThawError("WRONG_FORMAT", `${path} is no text: it holds zero bytes. Name a file of texts.`);
  }
  throw damaged(bad, path);
}

function damaged(lines: readonly number[], path: string): ThawError {
  return new ThawError(
    "BAD_DATA",
    `${path} is UTF-8 but for bytes in ${listedRows(lines, "line")}. Correct the file there, or have all of it read in ` +
      'another encoding, such as encoding: "windows-1252".',
  );
}

/** Counts the lines that have letters beyond ASCII and are UTF-8, and lists those that are not UTF-8, from 1. */
function linesOf(bytes: Buffer): { readonly good: number; readonly bad: readonly number[] } {
  const bad: number[] = [];
  let good = 0;
  for (let line = 1, start = 0; start < bytes.length; line++) {
    const newline = bytes.indexOf(10, start);
    const content = bytes.subarray(start, newline < 0 ? bytes.length : newline);
    if (!isUtf8(content)) bad.push(line);
    else if (content.some((byte) => byte > 127)) good++;
    start = newline < 0 ? bytes.length : newline + 1;
  }
  return { good, bad };
}

function recoded(bytes: Buffer, encoding: string, path: string): Buffer {
  try {
    return Buffer.from(decode(bytes, encoding, true));
  } catch (cause) {
    throw new ThawError("BAD_DATA", `${path} is not ${encoding}. Leave the option encoding out, or name another.`, {
      cause,
    });
  }
}

function decode(bytes: Buffer, encoding: string, fatal: boolean): string {
  return encoding === "windows-1252" ? decodeWindows1252(bytes) : new TextDecoder(encoding, { fatal }).decode(bytes);
}

const withoutMark = (bytes: Buffer): Buffer =>
  bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf ? bytes.subarray(3) : bytes;

/** The characters of bytes 0x80 to 0x9f, where Windows-1252 differs from Latin-1. */
const windowsCharacters = "€\u0081‚ƒ„…†‡ˆ‰Š‹Œ\u008dŽ\u008f\u0090‘’“”•–—˜™š›œ\u009džŸ";

/**
 * Decodes Windows-1252. TextDecoder takes this encoding for Latin-1 in several versions of Node 20 to 24
 * (nodejs/node#56542).
 */
function decodeWindows1252(bytes: Buffer): string {
  const text = bytes.toString("latin1");
  return text.replace(/[\u0080-\u009f]/g, (character) => windowsCharacters.charAt(character.charCodeAt(0) - 0x80));
}
