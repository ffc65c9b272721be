/** Downloads one file into Python's cache: checked before it gets its name, and linked as Python links it. */
import { downloadFile as openFile } from "@huggingface/hub";
import { copyFile, dirname, freeBytesAt, join, lstat, relative, rm, stat, symlink } from "../platform/files.ts";
import { askHub, HubRefusal } from "./askHub.ts";
import { makeCacheFolder, repositoryName, snapshotFolder } from "./cache.ts";
import type { HubServer } from "./environment.ts";
import type { HubFile } from "./modelFiles.ts";
import { type OnProgress, PartialFile } from "./partialFile.ts";

export interface DownloadTarget extends FileSource {
  /** The root of the cache. */
  readonly root: string;
}

/** Tells whether the file is in its snapshot, as far as its length says. */
export async function isThere(file: HubFile, target: DownloadTarget): Promise<boolean> {
  const path = join(snapshotFolder(target.id, target.sha, target.root), file.path);
  return (await stat(path).catch(() => undefined))?.size === file.bytes;
}

/**
 * Downloads a file where it is missing, and returns its path in the snapshot. Throws an Error with the reason; the
 * cache then has no such file.
 */
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
    checkSpace(blob, file.bytes - partial.bytes);
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

function checkSpace(path: string, bytes: number): void {
  const free = freeBytesAt(dirname(path));
  if (free === undefined || free >= bytes) return;
  throw new Error(`${bytes} bytes are to be written, ${free} are free on the disk of ${dirname(path)}`);
}

/** Links a blob into the snapshot as Python does: relatively, so that the cache can be moved. */
async function link(blob: string, pointer: string): Promise<void> {
  await rm(pointer, { force: true }); // one that leads nowhere, or to something of another length
  try {
    await symlink(relative(dirname(pointer), blob), pointer);
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === "EEXIST") return; // another process was first
    await copyFile(blob, pointer); // a system without links
  }
}

/** Tells whether the blob is there. A link in its place is none of ours: it is written anew. */
async function isBlob(path: string, bytes: number): Promise<boolean> {
  const found = await lstat(path).catch(() => undefined);
  return found?.isFile() === true && found.size === bytes;
}

/** Requests in a row that may bring no new byte before the download is given up. */
const idleAttempts = 3;

/** The source of a file: the hub, the model and its commit. */
interface FileSource {
  readonly server: HubServer;
  readonly id: string;
  /** The commit, in hexadecimal. */
  readonly sha: string;
}

/**
 * Brings the bytes of a file. It asks again from where a connection was cut, as long as each answer brings something
 * that no earlier one did.
 */
async function receiveFile(partial: PartialFile, file: HubFile, source: FileSource): Promise<void> {
  let idle = 0;
  let furthest = partial.bytes;
  while (partial.bytes < file.bytes) {
    try {
      await receiveRest(partial, file, source);
      if (partial.bytes < file.bytes) throw new Error("the connection was closed early");
    } catch (cause) {
      source.server.signal?.throwIfAborted();
      const isFinal = cause instanceof HubRefusal && cause.status < 500 && cause.status !== 416 && cause.status !== 429;
      idle = partial.bytes > furthest ? 0 : idle + 1;
      furthest = Math.max(furthest, partial.bytes);
      if (isFinal || cause instanceof TooLong) throw cause;
      if (idle === idleAttempts)
        throw new Error(`${file.path} ended after ${partial.bytes} of ${file.bytes} bytes`, { cause });
      if (idle > 0) await new Promise((done) => setTimeout(done, 200 * 2 ** idle));
      if (cause instanceof HubRefusal && cause.status === 416) await partial.restart();
    }
  }
}

class TooLong extends Error {}

/** Sends one request for the bytes that are missing, and appends what it brings. */
async function receiveRest(partial: PartialFile, file: HubFile, { server, id, sha }: FileSource): Promise<void> {
  await askHub(server, async (hub, hasCome) => {
    const content = await openFile({
      ...hub,
      repo: { type: "model", name: id },
      path: file.path,
      // Known from the list of files; without it the library asks for the first byte, to learn the size.
      downloadInfo: { size: file.bytes, etag: file.hash, url: `${hub.hubUrl}/${id}/resolve/${sha}/${file.path}` },
    });
    for await (const chunk of content?.slice(partial.bytes).stream() ?? []) {
      hasCome();
      if (partial.bytes + chunk.length > file.bytes) {
        await partial.restart();
        throw new TooLong(`${file.path} is longer than the ${file.bytes} bytes that the hub gives for it`);
      }
      await partial.append(chunk);
    }
  });
}
