/**
 * Folders that are saved whole or not at all: models, exports and checkpoints.
 *
 * A new folder is filled beside its place (`.thaw-new-...`) and renamed there. In a folder that exists the new files are
 * filled in within it (`.thaw-save-...`), each brought to the disk; then a journal is written, which is the moment from
 * which the save counts; then the old files go out and the new ones in, `config.json` first out and last in, so that who
 * knows nothing of this (Python) finds the old model, the new one, or none, never a mixture. Whoever saves to the folder or
 * opens it through this library after a process was killed removes what has no journal and ends what has one.
 *
 * Swapping two folders by two renames, as this was done before, leaves no folder at all between them, has to carry the
 * user's own files over one by one, and gives the name another inode. Linux's RENAME_EXCHANGE has no moment without a
 * folder, but Node cannot ask for it, several file systems refuse it, and the rest is the same. Neither can replace the
 * working folder without it being lost to every process in it, a mount point (EBUSY, EXDEV), the folder behind a link, or
 * one whose parent may not be written to; renaming files within the folder can, and only needs the journal to be whole.
 */
import { accessSync, constants, lstatSync, readlinkSync, realpathSync, statSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { ThawError } from "../errors.ts";
import { type FileRecord, noSpace, writeFailed } from "./atomicFile.ts";
import {
  endSaves,
  foldersOf,
  giveUpClaim,
  type Journal,
  putInPlace,
  removeClaim,
  removeEmptyFolders,
  takeClaim,
  writeJournal,
} from "./claim.ts";
import { expandHome, freeBytesAt, isSystemError, operations, removeTree, stateOf, syncFolder } from "./files.ts";
import { disown, ownedName, sweep } from "./owner.ts";
import {
  isAsRecorded,
  type ManifestEntry,
  manifestName,
  manifestText,
  nextManifest,
  readManifest,
  Staging,
} from "./savedFiles.ts";

export interface SaveOptions {
  /**
   * The kind of what is saved, as messages call it. Files that an earlier save of the same part has written, and this
   * one does not, are removed; so is every other part that was saved with other weights.
   */
  readonly part: "model" | "export" | "checkpoint";
  /** Bytes that all files together will have at least: whether they fit is looked at before anything is written. */
  readonly bytes?: number;
  /** Names that readers would take for a part of what is saved: files of the user's under one of them end the save. */
  readonly mayNotStandBeside?: readonly string[];
  /** Aborting it before all is written ends the save with the signal's reason and leaves nothing behind. */
  readonly signal?: AbortSignal | undefined;
}

/** Names of folders that are filled beside their place begin so. */
export const newPrefix = ".thaw-new-";

/**
 * Saves what `fill` writes as the folder `folder`. The names that are written belong to the save: what stands at them is
 * replaced; every other file there is the user's and stays. `fill` returns the SHA-256 of the weights that it has written.
 * Savers of one folder wait for each other. Errors: `WRITE_FAILED`, `UNFINISHED_SAVE`, those of `checkTarget` and of `fill`;
 * the message says what stands in the folder then.
 */
export async function saveFolder(
  folder: string,
  options: SaveOptions,
  fill: (staging: Staging) => Promise<string>,
): Promise<void> {
  for (;;) {
    options.signal?.throwIfAborted();
    const target = checkTarget(folder);
    if (target.exists) return await saveInto(target.path, { ...options, folder, fill });
    if (await saveAsNew(target.path, { ...options, folder, fill })) return; // else another process has made it meanwhile
  }
}

interface Save extends SaveOptions {
  /** The folder, as the user has named it. */
  readonly folder: string;
  readonly fill: (staging: Staging) => Promise<string>;
}

/** Saves a folder that does not exist yet. Returns false where another process has made it meanwhile. */
async function saveAsNew(target: string, save: Save): Promise<boolean> {
  const parent = dirname(target);
  const made: string[] = [];
  const place = join(parent, ownedName(newPrefix));
  let isInPlace = false;
  try {
    await makeFolders(parent, made);
    await sweep(parent, newPrefix);
    await operations.mkdir(place);
    const { files, weights } = await stage(place, save);
    const { manifest } = nextManifest(undefined, save.part, files, weights);
    const staging = new Staging(join(place, "files"), save.signal);
    await staging.write(manifestName, manifestText(manifest));
    await syncFolder(staging.folder);
    await operations.rename(staging.folder, target);
    isInPlace = true;
    for (const each of new Set([parent, ...made.map((path) => dirname(path))])) await syncFolder(each);
  } catch (cause) {
    disown(place); // what stays of it is swept by the next save
    await removeTree(place).catch(() => {});
    if (isInPlace) {
      throw await failure(
        cause,
        save,
        parent,
        `The new ${save.part} is there, but may be lost if the power fails now.`,
      );
    }
    if (isSystemError(cause, "ENOTEMPTY", "EEXIST") && (await isFolder(target).catch(() => false))) return false;
    for (const path of made.reverse()) await operations.rmdir(path).catch(() => {});
    throw await failure(cause, save, parent, "Nothing was written there.");
  }
  disown(place);
  await removeTree(place).catch(() => {});
  return true;
}

async function saveInto(target: string, save: Save): Promise<void> {
  let claim: string | undefined;
  let journal: Journal;
  try {
    claim = await takeClaim(target, save.signal);
    await endSaves(target, claim);
    await sweep(dirname(target), newPrefix);
    await operations.mkdir(join(claim, "old"));
    const { files, weights } = await stage(claim, save);
    journal = await journalOf(target, claim, save, files, weights);
    save.signal?.throwIfAborted();
    await writeJournal(target, claim, journal);
  } catch (cause) {
    if (claim !== undefined) await removeClaim(claim, { hasJournal: false });
    throw await failure(cause, save, target, unchanged);
  }
  const failed = await putInPlace(target, claim, journal);
  if (failed === undefined) {
    await removeEmptyFolders(target, journal);
    await removeClaim(claim);
    const gone = new Set(Object.values(journal.removes).map(({ part }) => part));
    gone.delete(save.part);
    if (gone.size > 0)
      console.info(`${save.folder} also held the ${[...gone].join(" and ")} of other weights, now removed.`);
    return;
  }
  // Where all that was moved is back in its place the journal goes, and with it the save.
  const isWithdrawn = failed.isUndone && (await removeClaim(claim));
  if (!failed.isUndone) await giveUpClaim(claim);
  const pending =
    `The new ${save.part} is complete, but could not be put into its place: loading ${save.folder} with fromPretrained, or ` +
    "saving there again, does that as soon as the disk lets it; until then Python may not find it.";
  throw await failure(failed.cause, save, target, isWithdrawn ? unchanged : pending);
}

const unchanged = "What was there before is unchanged.";

/** Checks that the files fit on the disk, and has them written into `place`/files. */
async function stage(place: string, { folder, bytes = 0, signal, fill }: Save) {
  const free = await operations.freeBytes(place).catch(() => undefined);
  if (free !== undefined && free < bytes) throw noSpace(folder, bytes, free, unchanged);
  const staging = new Staging(join(place, "files"), signal);
  await operations.mkdir(staging.folder);
  const weights = await fill(staging);
  return { files: await staging.finish(), weights };
}

/** Writes the new manifest, and decides which files go and which come. Nothing is changed yet. */
async function journalOf(
  target: string,
  claim: string,
  { part, folder, mayNotStandBeside = [], signal }: Save,
  files: ReadonlyMap<string, FileRecord>,
  weights: string,
): Promise<Journal> {
  const previous = await readManifest(target);
  const { manifest, outdated } = nextManifest(previous, part, files, weights);
  const removes: Record<string, ManifestEntry> = {};
  for (const [name, entry] of Object.entries(outdated)) {
    if (await isAsRecorded(join(target, name), entry)) removes[name] = entry;
  }
  for (const name of mayNotStandBeside) {
    if (files.has(name) || Object.hasOwn(removes, name) || Object.hasOwn(manifest.files, name)) continue;
    if ((await stateOf(join(target, name))) === undefined) continue;
    throw new ThawError(
      "WRITE_FAILED",
      `Could not write ${folder}: ${name} there was not written by Thaw, and would be read as a part of this ${part}. ` +
        `${unchanged} Remove ${join(folder, name)}, or save to another folder.`,
    );
  }
  const staging = new Staging(join(claim, "files"), signal);
  await staging.write(manifestName, manifestText(manifest));
  await syncFolder(staging.folder);
  const last = files.has(lastName) ? [lastName] : [];
  const places = [...[...files.keys()].filter((name) => name !== lastName), manifestName, ...last];
  return { version: 1, places, replaces: await replacedBy(target, places), removes };
}

/** The file that is last in and first out: without it no reader takes a folder for a model. */
const lastName = "config.json";

/**
 * Looks at what stands at the names of the new files. Throws an Error where one of them cannot be moved out of the way.
 */
async function replacedBy(target: string, places: readonly string[]): Promise<Journal["replaces"]> {
  const disk = (await stateOf(target))?.dev;
  for (const folder of foldersOf(places)) {
    const found = await stateOf(join(target, folder));
    if (found === undefined || (found.kind === "folder" && found.dev === disk)) continue;
    const what = found.kind === "folder" ? "on another disk" : found.kind === "link" ? "a link" : "no folder";
    throw new Error(`"${folder}" in it is ${what}, and files are to be written there`);
  }
  const replaces: Record<string, Journal["replaces"][string]> = {};
  for (const name of places) {
    const found = await stateOf(join(target, name));
    if (found === undefined) continue;
    if (found.kind !== "file" && found.kind !== "link") throw new Error(`"${name}" in it is not a file`);
    replaces[name] = { ino: found.ino, mtimeMs: found.mtimeMs, bytes: found.bytes };
  }
  return replaces;
}

async function failure(cause: unknown, { folder, bytes = 0, signal }: Save, place: string, state: string) {
  if (signal?.aborted && cause === signal.reason) return cause;
  // The writer of a single file names its place in the staging folder: the message names the folder that the user knows.
  const inner = cause instanceof ThawError && cause.code === "WRITE_FAILED" ? (cause.cause ?? cause) : cause;
  return await writeFailed(inner, { path: folder, place, bytes, state });
}

/** Makes a folder and those above it; adds those that it has made to `made`, outer ones first. */
async function makeFolders(path: string, made: string[]): Promise<void> {
  if (await isFolder(path)) return;
  await makeFolders(dirname(path), made);
  try {
    await operations.mkdir(path);
    made.push(path);
  } catch (error) {
    if (!isSystemError(error, "EEXIST")) throw error; // another process was first
  }
}

/** Tells whether a folder stands at a path; links are followed. */
async function isFolder(path: string): Promise<boolean> {
  const found = await stateOf(path);
  return found?.kind === "folder" || (found?.kind === "link" && (await stateOf(`${path}/.`)) !== undefined);
}

/** The place of a folder that a user has named. */
export interface Target {
  /** The absolute path; of a link to a folder, that of the folder that it leads to. */
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
    const path = resolve(expandHome(folder));
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
