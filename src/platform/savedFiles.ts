/**
 * The files of a save: staging, where they are written before any of them is put into its place, and the manifest
 * `thaw_manifest.json`, which lists what the last saves into a folder have written there, with lengths and SHA-256. The
 * manifest tells the files of a save from those of the user, and anybody can check with it that a folder is as it was
 * saved.
 */
import { constants } from "node:fs";
import { join } from "node:path";
import { ThawError } from "../errors.ts";
import { type Content, type FileRecord, recordOf, writeNewFile } from "./atomicFile.ts";
import { isSystemError, namesIn, operations, stateOf, syncFolder } from "./files.ts";

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

export const manifestName = "thaw_manifest.json";

export interface ManifestEntry extends FileRecord {
  /** The kind of save that has written the file: `"model"`, `"export"` or `"checkpoint"`. */
  readonly part: string;
}

export interface Manifest {
  readonly version: 1;
  /** SHA-256 of the weights that all of the files belong to. */
  readonly weights: string;
  readonly files: Readonly<Record<string, ManifestEntry>>;
}

/** Reads the manifest of a folder; undefined where there is none, or something else under its name. */
export async function readManifest(folder: string): Promise<Manifest | undefined> {
  let text: string;
  try {
    text = await operations.readFile(join(folder, manifestName));
  } catch (error) {
    if (isSystemError(error, "ENOENT", "ENOTDIR", "EISDIR")) return undefined;
    throw error;
  }
  try {
    const manifest = JSON.parse(text) as Manifest;
    for (const [name, { part, bytes, sha256 }] of Object.entries(manifest.files)) {
      checkName(name);
      if (typeof part !== "string" || !Number.isSafeInteger(bytes) || !/^[0-9a-f]{64}$/.test(sha256)) return undefined;
    }
    return manifest.version === 1 && typeof manifest.weights === "string" ? manifest : undefined;
  } catch {
    return undefined; // not ours: it is written anew, since the name is
  }
}

/** Writes a manifest as the file has it. */
export const manifestText = (manifest: Manifest): string => `${JSON.stringify(manifest, null, 2)}\n`;

/** Tells whether the manifest of a folder is byte for byte as a save writes it: a changed one may still be readable. */
export async function isCanonical(folder: string, manifest: Manifest): Promise<boolean> {
  const { version, weights, files } = manifest;
  const entries = Object.entries(files).map(([name, { part, bytes, sha256 }]) => [name, { part, bytes, sha256 }]);
  const text = manifestText({ version, weights, files: Object.fromEntries(entries) });
  return (await operations.readFile(join(folder, manifestName))) === text;
}

/**
 * Makes the manifest after a save, and lists the files of earlier saves that do not belong to it: those of the same
 * part, and where the weights are others, those of every part.
 */
export function nextManifest(
  previous: Manifest | undefined,
  part: string,
  written: ReadonlyMap<string, FileRecord>,
  weights: string,
): { readonly manifest: Manifest; readonly outdated: Readonly<Record<string, ManifestEntry>> } {
  const others = Object.entries(previous?.files ?? {}).filter(([name]) => !written.has(name));
  const stays = ([, entry]: [string, ManifestEntry]) => entry.part !== part && previous?.weights === weights;
  const own = [...written].map(([name, record]) => [name, { part, ...record }] as const);
  const files = [...others.filter(stays), ...own].sort(([a], [b]) => (a < b ? -1 : 1));
  return {
    manifest: { version: 1, weights, files: Object.fromEntries(files) },
    outdated: Object.fromEntries(others.filter((entry) => !stays(entry))),
  };
}

/** Tells whether a file is byte for byte the one that is recorded, so that nobody has made it his own since. */
export async function isAsRecorded(path: string, record: FileRecord): Promise<boolean> {
  const found = await stateOf(path);
  if (found?.kind !== "file" || found.bytes !== record.bytes) return false;
  return (await recordOf(path))?.sha256 === record.sha256;
}
