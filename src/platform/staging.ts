/** Where the files of a save are written before any of them is put into its place. */
import { constants } from "node:fs";
import { join } from "node:path";
import { ThawError } from "../errors.ts";
import { type Content, type FileRecord, recordOf, writeNewFile } from "./atomicFile.ts";
import { isSystemError, namesIn, operations, stateOf, syncFolder } from "./operations.ts";

/** The folder that a save fills. */
export class Staging {
  /** Files may also be written into it by other means: they are hashed and brought to the disk at the end. */
  readonly folder: string;
  readonly #signal: AbortSignal | undefined;
  readonly #files = new Map<string, FileRecord>();

  constructor(folder: string, signal: AbortSignal | undefined) {
    this.folder = folder;
    this.#signal = signal;
  }

  /** Writes a file and brings it to the disk. `name` is relative to the folder, with `/` between its parts. */
  async write(name: string, content: Content): Promise<FileRecord> {
    const path = await this.#placeOf(name);
    return this.#note(name, await writeNewFile(path, content, { signal: this.#signal }));
  }

  /**
   * Takes a file that lies on the same disk already and does not change, as a second name of it. On a file system without
   * second names it is copied. `record` is what is known of it; without it the file is read.
   */
  async link(name: string, source: string, record?: FileRecord): Promise<FileRecord> {
    const path = await this.#placeOf(name);
    try {
      await operations.link(source, path);
    } catch (error) {
      if (!isSystemError(error, "EXDEV", "EPERM", "ENOTSUP", "EOPNOTSUPP", "EMLINK", "ENOSYS")) throw error;
      await operations.copyFile(source, path, constants.COPYFILE_EXCL);
      return this.#note(name, (await recordOf(path, { sync: true })) as FileRecord);
    }
    return this.#note(name, record ?? ((await recordOf(path)) as FileRecord));
  }

  /** Hashes what was written by other means, brings everything to the disk, and returns all files in order. */
  async finish(): Promise<ReadonlyMap<string, FileRecord>> {
    await this.#finish("");
    return new Map([...this.#files].sort(([a], [b]) => (a < b ? -1 : 1)));
  }

  async #finish(within: string): Promise<void> {
    const folder = join(this.folder, within);
    for (const entry of await namesIn(folder)) {
      const name = within === "" ? entry : `${within}/${entry}`;
      const path = join(this.folder, name);
      const kind = this.#files.has(name) ? "file" : (await stateOf(path))?.kind;
      if (kind === "folder") await this.#finish(name);
      else if (kind !== "file") throw new Error(`${name} is neither a file nor a folder`);
      if (kind !== "file" || this.#files.has(name)) continue;
      this.#signal?.throwIfAborted();
      checkName(name);
      this.#note(name, (await recordOf(path, { sync: true })) as FileRecord);
    }
    await syncFolder(folder);
  }

  async #placeOf(name: string): Promise<string> {
    this.#signal?.throwIfAborted();
    checkName(name);
    const parts = name.split("/").slice(0, -1);
    for (const [i] of parts.entries()) {
      await operations.mkdir(join(this.folder, ...parts.slice(0, i + 1))).catch((error) => {
        if (!isSystemError(error, "EEXIST")) throw error;
      });
    }
    return join(this.folder, name);
  }

  #note(name: string, record: FileRecord): FileRecord {
    this.#files.set(name, record);
    return record;
  }
}

/** Throws `BAD_ARGUMENT` for a name that could lead out of the folder or to files of the saving itself. */
export function checkName(name: string): void {
  const parts = name.split("/");
  const isPlain = parts.every((part) => part !== "" && part !== "." && part !== ".." && !part.startsWith(".thaw-"));
  if (isPlain && !/[\0\\]/.test(name) && name.length <= 1000) return;
  throw new ThawError("BAD_ARGUMENT", `${JSON.stringify(name)} cannot be the name of a file in a saved folder.`);
}
