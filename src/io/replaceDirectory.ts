/** Folders that appear whole or not at all. */
import { mkdir, open, readdir, rename, rm, stat } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";
import { syncDirectory, temporaryBeside, writeFailed } from "./atomicFile.ts";

/**
 * Lets `fill` write into a new folder beside `path`, brings it to the disk and swaps it in by renaming.
 * If `fill` or the disk fails, what was at `path` before is unchanged and the new folder is removed.
 * Entries of an old folder that the new one does not have (checkpoints, notes) are kept.
 * Throws `WRITE_FAILED`, or the ThawError that `fill` threw.
 */
export async function replaceDirectory(
  path: string,
  fill: (temporaryDirectory: string) => Promise<void>,
): Promise<void> {
  const target = resolve(path);
  const temporary = temporaryBeside(target);
  try {
    await mkdir(temporary, { recursive: true });
    await fill(temporary);
    await syncTree(temporary);
    await swapIn(temporary, target);
    await syncDirectory(dirname(target));
  } catch (cause) {
    await rm(temporary, { recursive: true, force: true });
    throw writeFailed(path, cause);
  }
}

async function swapIn(temporary: string, target: string): Promise<void> {
  const existing = await stat(target).catch(() => undefined);
  if (existing === undefined) {
    await rename(temporary, target);
    return;
  }
  if (!existing.isDirectory()) throw new Error("it is a file, and a folder was to be written there");
  const aside = temporaryBeside(target, "old");
  await rename(target, aside);
  try {
    await rename(temporary, target);
  } catch (cause) {
    await rename(aside, target);
    throw cause;
  }
  const written = new Set(await readdir(target));
  for (const name of await readdir(aside)) {
    if (!written.has(name)) await rename(join(aside, name), join(target, name));
  }
  await rm(aside, { recursive: true, force: true });
}

async function syncTree(directory: string): Promise<void> {
  for (const entry of await readdir(directory, { withFileTypes: true })) {
    const path = join(directory, entry.name);
    if (entry.isDirectory()) await syncTree(path);
    else await syncFile(path);
  }
  await syncDirectory(directory);
}

async function syncFile(path: string): Promise<void> {
  const file = await open(path, "r");
  try {
    await file.sync();
  } finally {
    await file.close();
  }
}
