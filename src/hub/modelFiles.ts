/** What files a model has at a revision, how long they are, and their hashes. */
import { ask, type HubServer, stallSeconds } from "./server.ts";

export interface HubFile {
  readonly path: string;
  readonly bytes: number;
  /** `sha256` of the content for large files; for the others Git's own hash (`git`: SHA-1 of "blob <bytes>\0" and content). */
  readonly algorithm: "sha256" | "git";
  /** In hexadecimal; also the name of the content in Python's cache. */
  readonly hash: string;
}

export interface ModelFiles {
  /** The commit. */
  readonly sha: string;
  readonly files: ReadonlyMap<string, HubFile>;
}

interface Sibling {
  readonly rfilename?: unknown;
  readonly size?: unknown;
  readonly blobId?: unknown;
  readonly lfs?: { readonly size?: unknown; readonly sha256?: unknown };
}

/** One request (`model_info(files_metadata=True)` of huggingface_hub). Throws an Error with the reason. */
export async function modelFiles(server: HubServer, id: string, revision: string): Promise<ModelFiles> {
  const path = `/api/models/${id}/revision/${encodeURIComponent(revision)}?blobs=true`;
  const response = await ask(server, path, {}, AbortSignal.timeout(stallSeconds() * 1000));
  const info = (await response.json()) as { sha?: unknown; siblings?: unknown };
  if (typeof info?.sha !== "string" || !/^[0-9a-f]{40}$/.test(info.sha)) {
    throw new Error(`the hub named no commit for revision "${revision}"`);
  }
  const siblings = Array.isArray(info.siblings) ? (info.siblings as (Sibling | null)[]) : [];
  return {
    sha: info.sha,
    files: new Map(siblings.flatMap((sibling) => fileOf(sibling)).map((file) => [file.path, file])),
  };
}

/** Files without a size and a hash cannot be checked, so they count as not there. */
function fileOf(sibling: Sibling | null): HubFile[] {
  const { rfilename: path, size, blobId, lfs } = sibling ?? {};
  const [bytes, hash, algorithm] = lfs ? [lfs.size, lfs.sha256, "sha256" as const] : [size, blobId, "git" as const];
  const digits = algorithm === "sha256" ? 64 : 40;
  if (typeof path !== "string" || typeof hash !== "string" || !new RegExp(`^[0-9a-f]{${digits}}$`).test(hash))
    return [];
  return Number.isSafeInteger(bytes) && (bytes as number) >= 0
    ? [{ path, bytes: bytes as number, algorithm, hash }]
    : [];
}
