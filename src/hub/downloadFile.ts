/** Downloads one file into Python's cache: checked before it gets its name, and linked as Python links it. */
import { copyFile, lstat, rm, stat, statfs, symlink } from "node:fs/promises";
import { dirname, join, relative } from "node:path";
import { repositoryName, snapshotFolder } from "./cache.ts";
import { makeCacheFolder } from "./cacheFolder.ts";
import type { HubFile } from "./modelFiles.ts";
import { type OnProgress, PartialFile } from "./partialFile.ts";
import { type FileSource, receiveFile } from "./receiveFile.ts";

export interface DownloadTarget extends FileSource {
  /** Root of the cache. */
  readonly root: string;
}

/** Whether the file is in its snapshot, as far as its length tells. */
export async function isThere(file: HubFile, target: DownloadTarget): Promise<boolean> {
  const path = join(snapshotFolder(target.id, target.sha, target.root), file.path);
  return (await stat(path).catch(() => undefined))?.size === file.bytes;
}

/** The path of the file in its snapshot. Throws an Error with the reason; the cache then has no such file. */
export async function downloadFile(file: HubFile, target: DownloadTarget, onProgress?: OnProgress): Promise<string> {
  const { id, sha, root } = target;
  const blobs = await makeCacheFolder(root, repositoryName(id), "blobs");
  const snapshot = await makeCacheFolder(root, repositoryName(id), "snapshots", sha);
  const pointer = join(snapshot, file.path);
  if (await isThere(file, target)) return pointer;
  const blob = join(blobs, file.hash);
  if (!(await isBlob(blob, file.bytes))) {
    await downloadBlob(await PartialFile.open(blob, file, onProgress), file, target, blob);
  }
  await link(blob, pointer);
  return pointer;
}

async function downloadBlob(partial: PartialFile, file: HubFile, source: FileSource, blob: string): Promise<void> {
  let isSound = false; // what is there may be gone on with
  try {
    await checkSpace(blob, file.bytes - partial.bytes);
    const resumed = partial.bytes > 0;
    isSound = true;
    await receiveFile(partial, file, source);
    if (!partial.isComplete() && resumed) {
      await partial.restart(); // what an earlier download left was of something else
      await receiveFile(partial, file, source);
    }
    isSound = partial.isComplete();
    if (!isSound) throw new Error(`${file.path} has not the ${file.algorithm} hash that the hub gives for it`);
  } catch (cause) {
    await partial.abandon(blob, isSound && partial.bytes > 0 && partial.bytes < file.bytes);
    throw cause;
  }
  await partial.finish(blob);
}

async function checkSpace(path: string, bytes: number): Promise<void> {
  const { bavail, bsize } = await statfs(dirname(path));
  if (bavail * bsize < bytes) {
    throw new Error(`${bytes} bytes are to be written, ${bavail * bsize} are free on the disk of ${dirname(path)}`);
  }
}

/** As Python links it: relative, so that the cache can be moved. */
async function link(blob: string, pointer: string): Promise<void> {
  await rm(pointer, { force: true }); // one that leads nowhere, or to something of another length
  try {
    await symlink(relative(dirname(pointer), blob), pointer);
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === "EEXIST") return; // another process was first
    await copyFile(blob, pointer); // a system without links
  }
}

/** A link in the place of a blob is none of ours: it is written anew. */
async function isBlob(path: string, bytes: number): Promise<boolean> {
  const found = await lstat(path).catch(() => undefined);
  return found?.isFile() === true && found.size === bytes;
}
