/** Reads folders that may be saved to at the same time, or whose last save was cut off. */
import { mkdirSync, readdirSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { ThawError } from "../errors.ts";
import { checkUntouched, endSaves, openJournals, pendingPlaces, removeClaim, takeClaim } from "./claim.ts";
import { isSystemError, stateOf } from "./files.ts";
import { disown, ownedName, sweep } from "./owner.ts";
import { manifestName } from "./savedFiles.ts";

/**
 * Reads a folder by `read`, which gets the path to read from, and reads it again where a save has changed it meanwhile, so
 * that what comes back is of one save; `discard` frees what is not given back. A save that was cut off after it counted is
 * ended first. Errors: `UNFINISHED_SAVE`, and those of `read`.
 */
export async function readFolder<Value>(
  folder: string,
  read: (folder: string) => Promise<Value>,
  discard: (value: Value) => void = () => {},
): Promise<Value> {
  for (;;) {
    const place = await settledFolder(folder);
    const before = await generationOf(folder);
    if (before.isChanging && place === folder) continue; // a save has begun just now
    const isUnchanged = async () => (await generationOf(folder)).name === before.name;
    try {
      const value = await read(place);
      if (await isUnchanged()) return value;
      discard(value);
    } catch (error) {
      if (await isUnchanged()) throw error;
    } finally {
      if (place !== folder) removeView(place);
    }
  }
}

/**
 * Finds the path under which the folder's files are those of one save: the folder itself, after a save that was cut off
 * has been ended; where that cannot be done, as on a disk that is mounted read-only, a temporary folder with links to
 * the files. Errors: `UNFINISHED_SAVE`.
 */
async function settledFolder(folder: string): Promise<string> {
  if ((await journalsIn(folder)).length === 0) return folder;
  try {
    const claim = await takeClaim(folder);
    try {
      await endSaves(folder, claim);
    } finally {
      await removeClaim(claim, { hasJournal: false });
    }
    return folder;
  } catch (error) {
    if (error instanceof ThawError) throw error;
    return await linkedFolder(folder);
  }
}

/**
 * Finds the saves into the folder that count and are not ended; none where its names may not be asked for, which saving
 * needs too.
 */
async function journalsIn(folder: string) {
  try {
    return await openJournals(folder);
  } catch (error) {
    if (isSystemError(error, "EACCES") && (error as NodeJS.ErrnoException).path === folder) return [];
    throw error;
  }
}

/**
 * Names the present state of a folder: `name` changes with every save, at the latest before the first old file is
 * moved.
 */
async function generationOf(folder: string): Promise<{ readonly name: string; readonly isChanging: boolean }> {
  const { ino, mtimeMs } = (await stateOf(join(folder, manifestName))) ?? {};
  const open = await journalsIn(folder);
  return { name: [ino, mtimeMs, ...open.map(({ claim }) => claim)].join(), isChanging: open.length > 0 };
}

const linkPrefix = "thaw-view-";

async function linkedFolder(relative: string): Promise<string> {
  const folder = resolve(relative);
  const files = new Map<string, string>();
  for (const name of filesBelow(folder)) if (!name.startsWith(".thaw-")) files.set(name, join(folder, name));
  for (const { claim, journal } of await openJournals(folder)) {
    await checkUntouched(folder, claim, journal);
    for (const name of Object.keys(journal.removes)) files.delete(name);
    for (const name of await pendingPlaces(claim, journal)) files.set(name, join(claim, "files", name));
  }
  await sweep(tmpdir(), linkPrefix);
  const place = join(tmpdir(), ownedName(linkPrefix));
  mkdirSync(place, { mode: 0o700 });
  for (const [name, path] of files) {
    mkdirSync(dirname(join(place, name)), { recursive: true });
    symlinkSync(path, join(place, name));
  }
  return place;
}

function removeView(place: string): void {
  rmSync(place, { recursive: true, force: true });
  disown(place);
}

function filesBelow(folder: string): string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true, encoding: "utf8" })
    .filter((entry) => !entry.isDirectory())
    .map((entry) => join(entry.parentPath, entry.name).slice(folder.length + 1));
}
