/**
 * `thaw_manifest.json`: what the last saves into a folder have written there, with lengths and SHA-256. It tells the
 * files of a save from those of the user, and anybody can check with it that a folder is as it was saved.
 */
import { join } from "node:path";
import { type FileRecord, recordOf } from "./atomicFile.ts";
import { isSystemError, operations, stateOf } from "./operations.ts";
import { checkName } from "./staging.ts";

export const manifestName = "thaw_manifest.json";

export interface ManifestEntry extends FileRecord {
  /** Which save has written the file: `"model"`, `"export"` or `"checkpoint"`. */
  readonly part: string;
}

export interface Manifest {
  readonly version: 1;
  /** SHA-256 of the weights that all of the files belong to. */
  readonly weights: string;
  readonly files: Readonly<Record<string, ManifestEntry>>;
}

/** The manifest of a folder; undefined where there is none, or something else under its name. */
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

/**
 * The manifest after a save, and the files that earlier saves have written and that do not belong to it: those of the same
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

/** Whether a file is byte for byte the one that is recorded, so that nobody has made it his own since. */
export async function isAsRecorded(path: string, record: FileRecord): Promise<boolean> {
  const found = await stateOf(path);
  if (found?.kind !== "file" || found.bytes !== record.bytes) return false;
  return (await recordOf(path))?.sha256 === record.sha256;
}
