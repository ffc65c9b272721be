/**
 * The file system. The plain calls and paths are Node's, under their own names. What a save writes, moves or removes
 * goes through `operations`, one function for each kind of call, so that a test can let every call fail once, or end
 * the process at it.
 */
import { readSync, statfsSync } from "node:fs";
import * as fs from "node:fs/promises";
import { homedir } from "node:os";

export {
  appendFileSync,
  closeSync,
  createReadStream,
  existsSync,
  fstatSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  readSync,
  type Stats,
  statSync,
  unlinkSync,
  writeFileSync,
  writeSync,
} from "node:fs";
export {
  copyFile,
  type FileHandle,
  lstat,
  mkdir,
  open,
  readdir,
  readFile,
  realpath,
  rename,
  rm,
  stat,
  symlink,
  writeFile,
} from "node:fs/promises";
export { homedir, tmpdir } from "node:os";
export { basename, dirname, isAbsolute, join, relative, resolve, sep } from "node:path";

/** A file, a folder or a link, seen without following it. */
export interface FileState {
  readonly kind: "file" | "folder" | "link" | "other";
  readonly bytes: number;
  /** Number of the disk: a rename does not lead to another one. */
  readonly dev: number;
  /** Together with `mtimeMs` and `bytes` it says whether a file is still the one that was seen. */
  readonly ino: number;
  /** Time of the last change of the content, in milliseconds since 1970. */
  readonly mtimeMs: number;
  /** Permission bits, without the file's kind. */
  readonly mode: number;
}

/** The calls by which a save changes the disk and looks at it. They throw the system's errors, as `node:fs` does. */
export interface FileOperations {
  open(path: string, flags: string, mode?: number): Promise<fs.FileHandle>;
  /** Reads into `bytes`, from where the last read ended; returns how many came, 0 at the end. */
  read(file: fs.FileHandle, bytes: Uint8Array): Promise<number>;
  /** Returns how many bytes were taken, which may be fewer than were given. */
  write(file: fs.FileHandle, bytes: Uint8Array): Promise<number>;
  /** Brings what was written, or the names in a folder, to the disk. */
  sync(file: fs.FileHandle): Promise<void>;
  close(file: fs.FileHandle): Promise<void>;
  /** Sets the permission bits, whatever the process takes from those of new files. */
  chmod(file: fs.FileHandle, mode: number): Promise<void>;
  mkdir(path: string): Promise<void>;
  rmdir(path: string): Promise<void>;
  rename(from: string, to: string): Promise<void>;
  unlink(path: string): Promise<void>;
  /** Gives an existing file a second name. */
  link(from: string, to: string): Promise<void>;
  copyFile(from: string, to: string, mode: number): Promise<void>;
  readdir(path: string): Promise<string[]>;
  lstat(path: string): Promise<FileState>;
  readFile(path: string): Promise<string>;
  freeBytes(path: string): Promise<number | undefined>;
}

/** The calls of the operating system. Only tests put others in their place. */
export const operations: FileOperations = {
  open: (path, flags, mode) => fs.open(path, flags, mode),
  read: async (file, bytes) => (await file.read(bytes, 0, bytes.byteLength)).bytesRead,
  write: async (file, bytes) => (await file.write(bytes, 0, bytes.byteLength)).bytesWritten,
  sync: (file) => file.sync(),
  close: (file) => file.close(),
  chmod: (file, mode) => file.chmod(mode),
  mkdir: (path) => fs.mkdir(path),
  rmdir: (path) => fs.rmdir(path),
  rename: (from, to) => fs.rename(from, to),
  unlink: (path) => fs.unlink(path),
  link: (from, to) => fs.link(from, to),
  copyFile: (from, to, mode) => fs.copyFile(from, to, mode),
  readdir: (path) => fs.readdir(path),
  lstat: async (path) => {
    const found = await fs.lstat(path);
    const kind = found.isFile() ? "file" : found.isDirectory() ? "folder" : found.isSymbolicLink() ? "link" : "other";
    const { size: bytes, dev, ino, mtimeMs, mode } = found;
    return { kind, bytes, dev, ino, mtimeMs, mode: mode & 0o777 };
  },
  readFile: (path) => fs.readFile(path, "utf8"),
  freeBytes: async (path) => freeBytesAt(path),
};

/**
 * Asks how many bytes this user may still write to the disk of `path`; undefined where the file system does not say.
 */
export function freeBytesAt(path: string): number | undefined {
  try {
    const { blocks, bfree, bavail, bsize } = statfsSync(path);
    if (blocks === 0) return undefined;
    return (process.getuid?.() === 0 ? bfree : bavail) * bsize; // some room is kept for root
  } catch {
    return undefined;
  }
}

/** Puts the home folder in place of a `~` at the start of a path, alone or before a slash. */
export function expandHome(path: string): string {
  return path.replace(/^~(?=\/|$)/, () => homedir());
}

/** Whether an error is one of the file system with one of these codes, such as `"ENOENT"`. */
export function isSystemError(error: unknown, ...codes: readonly string[]): boolean {
  return error instanceof Error && codes.includes(String((error as NodeJS.ErrnoException).code));
}

/** Looks at what stands at a path, without following a link; undefined where nothing does. */
export async function stateOf(path: string): Promise<FileState | undefined> {
  try {
    return await operations.lstat(path);
  } catch (error) {
    if (isSystemError(error, "ENOENT", "ENOTDIR")) return undefined;
    throw error;
  }
}

/** Lists the names in a folder, sorted; none where there is no such folder. */
export async function namesIn(folder: string): Promise<string[]> {
  try {
    return (await operations.readdir(folder)).sort();
  } catch (error) {
    if (isSystemError(error, "ENOENT", "ENOTDIR")) return [];
    throw error;
  }
}

/** Removes a file, a link, or a folder with all that is in it. What is gone already is no error. */
export async function removeTree(path: string): Promise<void> {
  const found = await stateOf(path);
  if (found === undefined) return;
  if (found.kind === "folder") for (const name of await namesIn(path)) await removeTree(`${path}/${name}`);
  try {
    await (found.kind === "folder" ? operations.rmdir(path) : operations.unlink(path));
  } catch (error) {
    if (!isSystemError(error, "ENOENT")) throw error;
  }
}

/** Brings the names in a folder to the disk: without it a rename may be lost at a power cut. */
export async function syncFolder(path: string): Promise<void> {
  const folder = await operations.open(path, "r");
  try {
    await operations.sync(folder);
  } catch (error) {
    if (!isSystemError(error, "EINVAL", "ENOTSUP", "EOPNOTSUPP", "EISDIR", "EPERM")) throw error; // some network file systems cannot
  } finally {
    await operations.close(folder);
  }
}

/**
 * Reads `length` bytes of an open file from `position` on into fresh memory: files above 2 GiB work, and numbers that are
 * not aligned in the file are aligned in it. Throws an Error if the file ends before.
 */
export function readAt(file: number, position: number, length: number): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(length);
  let done = 0;
  while (done < length) {
    const count = readSync(file, bytes, done, Math.min(length - done, 2 ** 30), position + done);
    if (count === 0) throw new Error("it ended while it was read");
    done += count;
  }
  return bytes;
}
