/** Brings the bytes of a file from the hub, going on where a connection was cut. */
import { downloadFile as openFile } from "@huggingface/hub";
import { askHub } from "./askHub.ts";
import { HubRefusal } from "./hubFetch.ts";
import type { HubFile } from "./modelFiles.ts";
import type { PartialFile } from "./partialFile.ts";
import type { HubServer } from "./server.ts";

/** Requests that bring no new byte, in a row, before it is given up. */
const idleAttempts = 3;

/** Where the hub has a file. */
export interface FileSource {
  readonly server: HubServer;
  readonly id: string;
  /** Commit. */
  readonly sha: string;
}

/** Asks again from where it was cut, as long as each answer brings something that no earlier one did. */
export async function receiveFile(partial: PartialFile, file: HubFile, source: FileSource): Promise<void> {
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

/** One request for what is missing, and what it brings. */
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
