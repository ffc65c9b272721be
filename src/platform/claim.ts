/**
 * A claim is the hidden folder `.thaw-save-...` of one save within the folder that it changes. It is the lock (whoever
 * finds it alone may change the folder), it holds the new files, and with its journal it is the record from which a
 * save that was cut off is ended: before the journal nothing has changed, from then on everything needed is in the
 * folder.
 */
import { basename, dirname, join } from "node:path";
import { ThawError } from "../errors.ts";
import { writeNewFile } from "./atomicFile.ts";
import { type FileState, isSystemError, namesIn, operations, removeTree, stateOf, syncFolder } from "./files.ts";
import { disown, isAbandoned, nobodysName, ownedName, ownerOf, pidIn, silenceMs } from "./owner.ts";
import { checkName, isAsRecorded, type ManifestEntry } from "./savedFiles.ts";

const claimPrefix = ".thaw-save-";

/** The journal lists what a save does to a folder from the moment on from which it counts. */
export interface Journal {
  readonly version: 1;
  /** The new files, in the order in which they go to their places. */
  readonly places: readonly string[];
  /**
   * The files that stood at these names before. What stands there later and is another file, somebody else has written.
   */
  readonly replaces: Readonly<Record<string, Pick<FileState, "ino" | "mtimeMs" | "bytes">>>;
  /** Files of earlier saves that do not belong to the new one. */
  readonly removes: Readonly<Record<string, ManifestEntry>>;
}

/** The abort signals of the saves that this process runs now, by their claims. */
const signals = new Map<string, AbortSignal | undefined>();

/** Waits until no other save changes the folder, and claims it. Returns the claim, an empty folder. */
export async function takeClaim(target: string, signal?: AbortSignal): Promise<string> {
  const claim = join(target, ownedName(claimPrefix));
  signals.set(claim, signal);
  try {
    const start = performance.now();
    for (let isTold = false; ; ) {
      const others = await liveClaims(target, claim);
      if (others.length === 0) {
        await operations.mkdir(claim);
        // Two that have seen nobody both see the other now, and both step back.
        if ((await liveClaims(target, claim)).length === 0) return claim;
        await operations.rmdir(claim);
      } else if (!isTold && performance.now() - start > 1000) {
        isTold = true;
        console.info(`Process ${pidIn(others[0] as string, claimPrefix)} is saving to ${target}: waiting for it.`);
      }
      await pause(5 + 45 * Math.random(), signal);
    }
  } catch (error) {
    releaseClaim(claim);
    await operations.rmdir(claim).catch(() => {});
    throw error;
  }
}

/** Leaves a claim to whoever saves or opens the folder next. */
export async function giveUpClaim(claim: string): Promise<void> {
  releaseClaim(claim);
  const name = nobodysName(basename(claim), claimPrefix);
  await operations.rename(claim, join(dirname(claim), name)).catch(() => {}); // else they wait for ten minutes without a change
}

/**
 * Removes a claim and what is in it, the journal first, without which the rest means nothing. Returns whether the save does
 * not count any more: false where there is a journal that does not go.
 */
export async function removeClaim(claim: string, { hasJournal = true } = {}): Promise<boolean> {
  let isGone = true;
  await operations.unlink(join(claim, "journal.json")).catch((error) => {
    isGone = !hasJournal || isSystemError(error, "ENOENT");
  });
  try {
    if (isGone) await removeTree(claim);
    releaseClaim(claim);
  } catch {
    await giveUpClaim(claim);
  }
  if (!isGone) await giveUpClaim(claim);
  return isGone;
}

/** Writes the journal of a claim whose files are all on the disk. From its last step on, a rename, the save counts. */
export async function writeJournal(target: string, claim: string, journal: Journal): Promise<void> {
  const path = join(claim, "journal.json");
  await syncFolder(claim);
  await syncFolder(target);
  await writeNewFile(`${path}.part`, JSON.stringify(journal));
  await operations.rename(`${path}.part`, path);
}

/**
 * Moves old files out and new ones in. What has gone already is passed over, so that it can be done again after it was cut
 * off at any point; with `checked`, what stands at a name must be what stood there when the journal was written. When a
 * step fails, those before it are taken back and its error is returned, with whether all of them could be.
 */
export async function putInPlace(
  target: string,
  claim: string,
  journal: Journal,
  { checked = false } = {},
): Promise<{ readonly cause: unknown; readonly isUndone: boolean } | undefined> {
  const moves: (readonly [from: string, to: string])[] = [];
  const move = async (from: string, to: string): Promise<void> => {
    await operations.rename(from, to);
    moves.push([from, to]);
  };
  const made: string[] = [];
  try {
    await syncFolder(claim); // the journal, before anything changes
    const pending = await pendingPlaces(claim, journal);
    if (checked) await checkUntouched(target, claim, journal);
    const last = pending.at(-1);
    // The file that goes in last goes out first: without it nobody takes the folder for whole.
    for (const name of [...pending].reverse()) {
      if ((await stateOf(join(target, name))) === undefined) continue;
      await move(join(target, name), asideOf(claim, journal, name));
    }
    for (const [name, record] of Object.entries(journal.removes)) {
      if (await isAsRecorded(join(target, name), record)) await move(join(target, name), asideOf(claim, journal, name));
    }
    for (const folder of foldersOf(pending)) {
      if ((await stateOf(join(target, folder))) !== undefined) continue;
      await operations.mkdir(join(target, folder));
      made.push(join(target, folder));
    }
    for (const name of pending) {
      if (name === last) for (const folder of ["", ...foldersOf(pending)]) await syncFolder(join(target, folder));
      await move(join(claim, "files", name), join(target, name));
    }
    await syncFolder(target);
    return undefined;
  } catch (cause) {
    try {
      for (const [from, to] of moves.reverse()) await operations.rename(to, from);
      for (const folder of made.reverse()) await operations.rmdir(folder);
      return { cause, isUndone: true };
    } catch {
      return { cause, isUndone: false };
    }
  }
}

/** Ends the saves of processes that are gone: those with a journal go to their places, the others are removed. */
export async function endSaves(target: string, own: string): Promise<void> {
  for (const name of await claimsIn(target)) {
    const claim = join(target, name);
    if (claim === own || (await isLive(target, name))) continue;
    const journal = await readJournal(target, claim);
    const failed = journal && (await putInPlace(target, claim, journal, { checked: true }));
    if (failed !== undefined) throw failed.cause;
    if (journal !== undefined) await removeEmptyFolders(target, journal);
    await removeClaim(claim, { hasJournal: journal !== undefined });
  }
}

/** Removes folders that have become empty because the files of earlier saves in them are gone. */
export async function removeEmptyFolders(target: string, { removes }: Journal): Promise<void> {
  for (const folder of foldersOf(Object.keys(removes)).reverse()) {
    await operations.rmdir(join(target, folder)).catch(() => {});
  }
}

/** Finds the claims with a journal: saves that count and are not ended. */
export async function openJournals(target: string): Promise<{ readonly claim: string; readonly journal: Journal }[]> {
  const found: { claim: string; journal: Journal }[] = [];
  for (const name of await claimsIn(target)) {
    const claim = join(target, name);
    const journal = await readJournal(target, claim);
    if (journal !== undefined) found.push({ claim, journal });
  }
  return found;
}

/** Throws `UNFINISHED_SAVE` where a file that the save replaces is not the one that it has seen. */
export async function checkUntouched(target: string, claim: string, journal: Journal): Promise<void> {
  for (const name of await pendingPlaces(claim, journal)) {
    const found = await stateOf(join(target, name));
    if (found === undefined) continue;
    const seen = journal.replaces[name];
    const isSame = seen?.ino === found.ino && seen.mtimeMs === found.mtimeMs && seen.bytes === found.bytes;
    if (isSame && (await stateOf(asideOf(claim, journal, name))) === undefined) continue;
    throw new ThawError(
      "UNFINISHED_SAVE",
      `A save into ${target} was cut off after all of it was written, and ${name} there was changed by something else since. ` +
        `To keep the folder as it is, remove ${claim}; to have what was saved, remove ${join(target, name)}. Then open it again.`,
    );
  }
}

/** Lists the new files that are not in their places yet, in order. */
export async function pendingPlaces(claim: string, { places }: Journal): Promise<string[]> {
  const pending: string[] = [];
  for (const name of places) if ((await stateOf(join(claim, "files", name))) !== undefined) pending.push(name);
  return pending;
}

async function readJournal(target: string, claim: string): Promise<Journal | undefined> {
  let text: string;
  try {
    text = await operations.readFile(join(claim, "journal.json"));
  } catch (error) {
    if (isSystemError(error, "ENOENT", "ENOTDIR")) return undefined;
    throw error;
  }
  try {
    const journal = JSON.parse(text) as Journal;
    if (journal.version !== 1) throw new Error(`it is of version ${String(journal.version)}`);
    for (const name of [...journal.places, ...Object.keys(journal.removes), ...Object.keys(journal.replaces)])
      checkName(name);
    return journal;
  } catch (cause) {
    throw new ThawError(
      "UNFINISHED_SAVE",
      `A save into ${target} was cut off, and its journal cannot be read (${(cause as Error).message}). ` +
        `Remove ${claim} to keep the folder as it is, or save there with the version of Thaw that has made it.`,
      { cause },
    );
  }
}

async function claimsIn(target: string): Promise<string[]> {
  const claims: string[] = [];
  for (const name of await namesIn(target)) {
    if (ownerOf(name, claimPrefix) !== undefined && (await stateOf(join(target, name)))?.kind === "folder")
      claims.push(name);
  }
  return claims;
}

async function liveClaims(target: string, own: string): Promise<string[]> {
  const live: string[] = [];
  for (const name of await claimsIn(target))
    if (join(target, name) !== own && (await isLive(target, name))) live.push(name);
  return live;
}

function releaseClaim(claim: string): void {
  signals.delete(claim);
  disown(claim);
}

/** Time in milliseconds within which a stopped save notices the stop. Code terminated by V8 never does. */
const stopMs = 5000;

async function isLive(target: string, name: string): Promise<boolean> {
  if (await isAbandoned(target, name, claimPrefix)) return false;
  const claim = join(target, name);
  return signals.get(claim)?.aborted !== true || (await silenceMs(claim)) < stopMs;
}

function asideOf(claim: string, { places, removes }: Journal, name: string): string {
  return join(claim, "old", String([...places, ...Object.keys(removes)].indexOf(name)));
}

/** Lists the folders, within the saved folder, that these names lie in, outer ones first. */
export function foldersOf(names: readonly string[]): string[] {
  const folders = names.flatMap((name) => {
    const parts = name.split("/").slice(0, -1);
    return parts.map((_, i) => parts.slice(0, i + 1).join("/"));
  });
  return [...new Set(folders)].sort();
}

async function pause(ms: number, signal: AbortSignal | undefined): Promise<void> {
  signal?.throwIfAborted();
  await new Promise((resolve) => setTimeout(resolve, ms));
  signal?.throwIfAborted();
}
