/** Downloads one file into Python's cache: going on where a connection was cut, and checked before it gets its name. */
import { copyFile, mkdir, rm, stat, statfs, symlink } from "node:fs/promises";
import { dirname, join, relative } from "node:path";
import { downloadFile as openFile } from "@huggingface/hub";
import { askHub } from "./askHub.ts";
import { HubRefusal } from "./hubFetch.ts";
import type { HubFile } from "./modelFiles.ts";
import { PartialFile } from "./partialFile.ts";
import type { HubServer } from "./server.ts";

/** Requests that bring no new byte, in a row, before it is given up. */
const idleAttempts = 3;

export interface DownloadTarget {
  readonly id: string;
  /** Commit. */
  readonly sha: string;
  /** Folder of the repository in the cache. */
  readonly repository: string;
}

/** The path of the file in its snapshot. Throws an Error with the reason; the cache then has no such file. */
export async function downloadFile(server: HubServer, file: HubFile, target: DownloadTarget): Promise<string> {
  const pointer = join(target.repository, "snapshots", target.sha, file.path);
  const blob = join(target.repository, "blobs", file.hash);
  if (await hasBytes(pointer, file.bytes)) return pointer;
  await mkdir(dirname(blob), { recursive: true });
  await mkdir(dirname(pointer), { recursive: true });
  if (!(await hasBytes(blob, file.bytes))) await downloadBlob(server, file, target, blob);
  await link(blob, pointer);
  return pointer;
}

async function downloadBlob(server: HubServer, file: HubFile, target: DownloadTarget, blob: string): Promise<void> {
  const partial = await PartialFile.open(blob, file);
  let isSound = false; // what is there may be gone on with
  try {
    await checkSpace(blob, file.bytes - partial.bytes);
    const resumed = partial.bytes > 0;
    isSound = true;
    await fill(partial, server, file, target);
    if (!partial.isComplete() && resumed) {
      await partial.restart(); // what an earlier download left was of something else
      await fill(partial, server, file, target);
    }
    isSound = partial.isComplete();
    if (!isSound) throw new Error(`${file.path} has not the ${file.algorithm} hash that the hub gives for it`);
  } catch (cause) {
    await partial.abandon(blob, isSound && partial.bytes > 0 && partial.bytes < file.bytes);
    throw cause;
  }
  await partial.finish(blob);
}

/** Asks again from where it was cut, as long as each answer brings something that no earlier one did. */
async function fill(partial: PartialFile, server: HubServer, file: HubFile, target: DownloadTarget): Promise<void> {
  let idle = 0;
  let furthest = partial.bytes;
  while (partial.bytes < file.bytes) {
    try {
      await receive(partial, server, file, target);
      if (partial.bytes < file.bytes) throw new Error("the connection was closed early");
    } catch (cause) {
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

/** One request for what is missing, and what it brings. */
async function receive(
  partial: PartialFile,
  server: HubServer,
  file: HubFile,
  { id, sha }: DownloadTarget,
): Promise<void> {
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

async function hasBytes(path: string, bytes: number): Promise<boolean> {
  return (await stat(path).catch(() => undefined))?.size === bytes;
}
