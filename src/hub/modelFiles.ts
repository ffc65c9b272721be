/** Asks the hub which files a model has at a revision, how long they are, and for their hashes. */
import { type ListFileEntry, listFiles, modelInfo } from "@huggingface/hub";
import { askHub, type HubAccess } from "./askHub.ts";
import type { HubServer } from "./environment.ts";

/** Pages of the list at most, of 1000 files each. */
const maxPages = 50;

export interface HubFile {
  readonly path: string;
  readonly bytes: number;
  /**
   * Algorithm of the hash: `"sha256"` of the content for large files; for the others Git's own (`"git"`: SHA-1 of "blob
   * <bytes>\0" and content).
   */
  readonly algorithm: "sha256" | "git";
  /** The hash in hexadecimal; also the name of the content in Python's cache. */
  readonly hash: string;
}

export interface ModelFiles {
  /** The commit that the revision stands for. */
  readonly sha: string;
  /** The files that lie in no folder, by path. */
  readonly files: ReadonlyMap<string, HubFile>;
}

/** Lists the files of a model at a revision. Throws an Error with the reason. */
export async function modelFiles(server: HubServer, id: string, revision: string): Promise<ModelFiles> {
  const { sha } = await askHub(server, (hub) =>
    modelInfo({ ...hub, name: id, revision, additionalFields: ["sha"] }).catch(explain),
  );
  if (typeof sha !== "string" || !/^[0-9a-f]{40}$/.test(sha)) {
    throw new Error(`the hub named no commit for revision "${revision}"`);
  }
  const files = await askHub(server, (hub) => listed(hub, id, sha).catch(explain));
  return { sha, files: new Map(files.map((file) => [file.path, file])) };
}

async function listed({ hubUrl, fetch }: HubAccess, id: string, sha: string): Promise<HubFile[]> {
  const files: HubFile[] = [];
  let pages = 0;
  const fetchPage: typeof fetch = (...request) => {
    if (++pages > maxPages) throw new Error(`the hub's list of files has more than ${maxPages} pages`);
    return fetch(...request);
  };
  const repo = { type: "model", name: id } as const;
  for await (const entry of listFiles({ hubUrl, fetch: fetchPage, repo, revision: sha })) files.push(...fileOf(entry));
  return files;
}

/** Reads an entry of the list. Files without a size and a hash cannot be checked, so they count as not there. */
function fileOf(entry: ListFileEntry | null): HubFile[] {
  const { type, path, size, oid, lfs }: { readonly [key in keyof ListFileEntry]?: unknown } = entry ?? {};
  const large = lfs as { readonly oid?: unknown; readonly size?: unknown } | null | undefined;
  const [bytes, hash, algorithm] = large ? [large.size, large.oid, "sha256" as const] : [size, oid, "git" as const];
  const digits = algorithm === "sha256" ? 64 : 40;
  if (type !== "file" || typeof path !== "string" || typeof hash !== "string") return [];
  if (!new RegExp(`^[0-9a-f]{${digits}}$`).test(hash)) return [];
  return Number.isSafeInteger(bytes) && (bytes as number) >= 0
    ? [{ path, bytes: bytes as number, algorithm, hash }]
    : [];
}

/**
 * Says in plain words that a page came in place of JSON, or JSON of another form: the library trips over it, and its
 * own words say nothing to a reader.
 */
function explain(cause: unknown): never {
  if (cause instanceof SyntaxError || (cause instanceof TypeError && cause.cause === undefined)) {
    throw new Error("the answer is not one of a hub: check HF_ENDPOINT", { cause });
  }
  throw cause;
}
