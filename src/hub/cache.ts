/**
 * Python's Hugging Face cache: Thaw uses the same folders, so that what Python downloaded is found here and the other
 * way round.
 */
import { existsSync, isAbsolute, join, mkdir, readFileSync, realpath, relative } from "../platform/files.ts";
import { expandPath, hubHome } from "./environment.ts";

const commit = /^[0-9a-f]{40}$/;

/** Finds the root of the cache, by the same variables in the same order as `huggingface_hub`. */
export function cacheRoot(env: NodeJS.ProcessEnv = process.env): string {
  return expandPath(env.HF_HUB_CACHE || env.HUGGINGFACE_HUB_CACHE || join(hubHome(env), "hub"), env);
}

/** Names the folder of a repository in the cache: `models--org--name`. */
export function repositoryName(id: string): string {
  return `models--${id.replace("/", "--")}`;
}

export function snapshotFolder(id: string, sha: string, root = cacheRoot()): string {
  return join(root, repositoryName(id), "snapshots", sha);
}

/**
 * Finds the snapshot of a revision in the cache; undefined where there is none. A branch or tag is looked up in
 * `refs/`.
 */
export function cachedSnapshot(id: string, revision: string, root = cacheRoot()): string | undefined {
  const sha = commit.test(revision) ? revision : readReference(join(root, repositoryName(id), "refs", revision));
  if (sha === undefined || !commit.test(sha)) return undefined;
  const snapshot = snapshotFolder(id, sha, root);
  return existsSync(snapshot) ? snapshot : undefined;
}

function readReference(file: string): string | undefined {
  try {
    return readFileSync(file, "utf8").trim();
  } catch {
    return undefined; // no such branch or tag was ever downloaded
  }
}

/**
 * Makes `root` and the folders below it that `parts` name, one in another. A link on the way may lead elsewhere in the
 * cache; throws an Error where one leads out of it, before anything is made or written there.
 */
export async function makeCacheFolder(root: string, ...parts: readonly string[]): Promise<string> {
  await mkdir(root, { recursive: true });
  const realRoot = await realpath(root);
  let folder = root;
  for (const part of parts) {
    folder = join(folder, part);
    await mkdir(folder).catch((cause) => {
      if (cause.code !== "EEXIST") throw cause;
    });
    const target = await realpath(folder).catch(() => undefined); // undefined: a link to what does not exist
    if (target !== undefined && isInside(target, realRoot)) continue;
    throw new Error(
      `${folder} is a link out of the cache (${target ?? "to nothing"}): take it away, or set HF_HUB_CACHE`,
    );
  }
  return folder;
}

function isInside(path: string, folder: string): boolean {
  const way = relative(folder, path);
  return !isAbsolute(way) && way !== ".." && !way.startsWith("../");
}
