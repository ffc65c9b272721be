/** Files that appear whole or not at all, and the proof that they are the right ones. */
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

/** Lower-case hexadecimal SHA-256 of a text or a buffer. */
export function sha256(content) {
  return createHash("sha256").update(content).digest("hex");
}

/** SHA-256 of a file, read in pieces. */
export async function sha256OfFile(path) {
  const hash = createHash("sha256");
  for await (const piece of createReadStream(path)) hash.update(piece);
  return hash.digest("hex");
}

/** Writes a text beside its place and renames it there. */
export function writeWhole(path, text) {
  mkdirSync(dirname(path), { recursive: true });
  const beside = `${path}.${process.pid}.part`;
  writeFileSync(beside, text);
  renameSync(beside, path);
}

/** Puts a finished folder in its place; what was there goes only now. */
export function placeFolder(finished, place) {
  mkdirSync(dirname(place), { recursive: true });
  rmSync(place, { recursive: true, force: true });
  renameSync(finished, place);
}

/**
 * @throws {SetupProblem} `LINKED_FOLDER` when a folder that is to be made anew is a link: another clone works with what
 *   it leads to (`npm ci` empties that)
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

/** The value of a JSON file, or `undefined` when it is missing or cut short. */
export function readJson(path) {
  try {
    return JSON.parse(readFileSync(path, "utf8"));
  } catch {
    return undefined;
  }
}

/** True when every listed file is there with its size, and none was touched since `stamp` was taken. Reads no content. */
export function isUntouched(folder, files, stamp) {
  if (stamp === undefined) return false;
  return files.every(({ path, size }) => {
    const full = join(folder, path);
    if (!existsSync(full)) return false;
    const found = statSync(full);
    return found.size === size && found.mtimeMs === stamp[path];
  });
}

/** Times of last change of the listed files, in milliseconds, by path. */
export function stampOf(folder, files) {
  return Object.fromEntries(files.map(({ path }) => [path, statSync(join(folder, path)).mtimeMs]));
}

/**
 * Compares size and SHA-256 of every listed file.
 * @param {string} folder
 * @param {readonly { path: string, size: number, sha256: string }[]} files
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
