/** Writes files so that they appear whole or not at all, and proves that fetched ones are the right ones. */
import { createHash } from "node:crypto";
import {
  createReadStream,
  existsSync,
  lstatSync,
  mkdirSync,
  readFileSync,
  readlinkSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { dirname, join } from "node:path";
import { SetupProblem } from "./problem.mjs";

/** @typedef {{ readonly path: string, readonly size: number, readonly sha256: string }} ListedFile A file known to the byte. */

/**
 * Returns the code of what Node's file system has thrown, such as `"ENOENT"`.
 * @param {unknown} error
 */
export const codeOf = (error) => (error instanceof Error && "code" in error ? error.code : undefined);

/**
 * Returns the SHA-256 of a text or a buffer as lower-case hexadecimal digits.
 * @param {string | Uint8Array} content
 */
export function sha256(content) {
  return createHash("sha256").update(content).digest("hex");
}

/**
 * Returns the SHA-256 of a file, which is read in pieces.
 * @param {string} path
 */
export async function sha256OfFile(path) {
  const hash = createHash("sha256");
  for await (const piece of createReadStream(path)) hash.update(piece);
  return hash.digest("hex");
}

/**
 * Writes a text beside its place and renames it there.
 * @param {string} path
 * @param {string} text
 */
export function writeWhole(path, text) {
  mkdirSync(dirname(path), { recursive: true });
  const beside = `${path}.${process.pid}.part`;
  writeFileSync(beside, text);
  renameSync(beside, path);
}

/**
 * Puts a finished folder in its place; what was there goes only now.
 * @param {string} finished
 * @param {string} place
 */
export function placeFolder(finished, place) {
  mkdirSync(dirname(place), { recursive: true });
  rmSync(place, { recursive: true, force: true });
  renameSync(finished, place);
}

/**
 * Refuses to make a folder anew that is a link: another clone works with what it leads to (`npm ci` empties that).
 * @param {string} folder
 * @throws {SetupProblem} `LINKED_FOLDER`
 */
export function refuseLink(folder) {
  const stat = lstatSync(folder, { throwIfNoEntry: false });
  if (!stat?.isSymbolicLink()) return;
  throw new SetupProblem({
    code: "LINKED_FOLDER",
    title: `${folder} is a link, and would have to be made anew.`,
    looked: "a folder of this clone's own, or none",
    found: `a link to ${readlinkSync(folder)}`,
    todo: "Run the set-up where it leads to, or remove the link and run the command again.",
  });
}

/**
 * Returns the value of a JSON file, or `undefined` when it is missing or cut short.
 * @param {string} path
 */
export function readJson(path) {
  try {
    return JSON.parse(readFileSync(path, "utf8"));
  } catch {
    return undefined;
  }
}

/**
 * Tells whether every listed file is there with its size and none was touched since `stamp` was taken. Reads no content.
 * @param {string} folder
 * @param {readonly ListedFile[]} files
 * @param {Readonly<Record<string, number>> | undefined} stamp
 */
export function isUntouched(folder, files, stamp) {
  if (stamp === undefined) return false;
  return files.every(({ path, size }) => {
    const full = join(folder, path);
    if (!existsSync(full)) return false;
    const found = statSync(full);
    return found.size === size && found.mtimeMs === stamp[path];
  });
}

/**
 * Returns when each of the listed files was last changed, in milliseconds, by path.
 * @param {string} folder
 * @param {readonly ListedFile[]} files
 */
export function stampOf(folder, files) {
  return Object.fromEntries(files.map(({ path }) => [path, statSync(join(folder, path)).mtimeMs]));
}

/**
 * Compares size and SHA-256 of every listed file.
 * @param {string} folder
 * @param {readonly ListedFile[]} files
 * @param {string} source what the files were taken from, for the message
 * @throws {SetupProblem} `BAD_CONTENT` on the first file that is missing or different
 */
export async function verify(folder, files, source) {
  for (const file of files) {
    const full = join(folder, file.path);
    const found = existsSync(full)
      ? `${statSync(full).size} bytes, SHA-256 ${await sha256OfFile(full)}`
      : "no such file";
    const expected = `${file.size} bytes, SHA-256 ${file.sha256}`;
    if (found === expected) continue;
    throw new SetupProblem({
      code: "BAD_CONTENT",
      title: `${file.path} from ${source} is not the file this project was made with.`,
      looked: expected,
      found,
      todo: "Run the command again: the download may have been damaged, and nothing of it was kept.\nIf it stays, the package was changed upstream or on its way: do not use it, and tell us.",
    });
  }
}
