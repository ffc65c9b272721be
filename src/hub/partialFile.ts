/** A download that is not complete yet: each process writes a file of its own, and the next one goes on with what was left. */
import { createHash, type Hash } from "../platform/bytes.ts";
import {
  basename,
  createReadStream,
  dirname,
  type FileHandle,
  join,
  lstat,
  open,
  readdir,
  rename,
  rm,
} from "../platform/files.ts";
import { disown, isAbandoned, ownedName } from "../platform/owner.ts";
import type { HubFile } from "./modelFiles.ts";

/** Called with the number of bytes that are there, and of how many of them have just come. */
export type OnProgress = (bytes: number, received: number) => void;

export class PartialFile {
  readonly path: string;
  readonly #file: FileHandle;
  readonly #wanted: HubFile;
  readonly #onProgress: OnProgress;
  #hash: Hash;
  #bytes = 0;

  private constructor(path: string, file: FileHandle, wanted: HubFile, onProgress: OnProgress) {
    this.path = path;
    this.#file = file;
    this.#wanted = wanted;
    this.#onProgress = onProgress;
    this.#hash = newHash(wanted);
  }

  /** Takes over what an earlier download of this content left beside `blob`, or begins. */
  static async open(blob: string, wanted: HubFile, onProgress: OnProgress = () => {}): Promise<PartialFile> {
    const path = join(dirname(blob), ownedName(prefixOf(blob)));
    for (const left of await leftovers(blob)) {
      const isMine = await rename(left, path).then(
        () => true,
        () => false,
      ); // one process wins
      if (isMine) break;
    }
    const partial = new PartialFile(path, await open(path, "a"), wanted, onProgress);
    for await (const chunk of createReadStream(path)) partial.#count(chunk as Buffer);
    if (partial.#bytes > wanted.bytes) await partial.restart();
    onProgress(partial.#bytes, 0);
    return partial;
  }

  get bytes(): number {
    return this.#bytes;
  }

  async append(chunk: Uint8Array): Promise<void> {
    for (let offset = 0; offset < chunk.length; ) {
      const { bytesWritten } = await this.#file.write(chunk, offset);
      offset += bytesWritten;
    }
    this.#count(chunk);
    this.#onProgress(this.#bytes, chunk.length);
  }

  async restart(): Promise<void> {
    await this.#file.truncate(0);
    this.#hash = newHash(this.#wanted);
    this.#bytes = 0;
    this.#onProgress(0, 0);
  }

  /** Tells whether it is the content that was promised, byte for byte. */
  isComplete(): boolean {
    return this.#bytes === this.#wanted.bytes && this.#hash.copy().digest("hex") === this.#wanted.hash;
  }

  /** Brings it to the disk and gives it its name. */
  async finish(blob: string): Promise<void> {
    try {
      await this.#file.sync();
      await this.#file.close();
      await rename(this.path, blob);
    } finally {
      disown(this.path); // not before: other downloads of this process would take it over
    }
  }

  /** Leaves it for the next download, or takes it away. */
  async abandon(blob: string, keep: boolean): Promise<void> {
    try {
      await this.#file.close();
      if (keep) await rename(this.path, parked(blob));
      else await rm(this.path, { force: true });
    } finally {
      disown(this.path);
    }
  }

  #count(chunk: Uint8Array): void {
    this.#hash.update(chunk);
    this.#bytes += chunk.length;
  }
}

function newHash({ algorithm, bytes }: HubFile): Hash {
  return algorithm === "sha256" ? createHash("sha256") : createHash("sha1").update(`blob ${bytes}\0`);
}

function parked(blob: string): string {
  return `${blob}.incomplete`;
}

/** The beginning of the name that a file has while it is written; the process that writes it follows. */
function prefixOf(blob: string): string {
  return `${basename(parked(blob))}-`;
}

/** Finds what earlier downloads left. What lies there as a link, or under two names, is not ours to write to. */
async function leftovers(blob: string): Promise<string[]> {
  const folder = dirname(blob);
  const [own, prefix] = [basename(parked(blob)), prefixOf(blob)];
  const found: string[] = [];
  for (const name of (await readdir(folder)).filter((name) => name === own || name.startsWith(prefix)).sort()) {
    const left = await lstat(join(folder, name)).catch(() => undefined);
    if (!left?.isFile() || left.nlink > 1) continue;
    if (name === own || (await isAbandoned(folder, name, prefix))) found.push(join(folder, name));
  }
  return found;
}
