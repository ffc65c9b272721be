/** Python's Hugging Face cache: the same folders, so that what Python downloaded is found here and the other way round. */
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expandPath, hubHome } from "./environment.ts";

const commit = /^[0-9a-f]{40}$/;

/** The cache root, from the same variables in the same order as `huggingface_hub`. */
export function cacheRoot(env: NodeJS.ProcessEnv = process.env): string {
  return expandPath(env.HF_HUB_CACHE || env.HUGGINGFACE_HUB_CACHE || join(hubHome(env), "hub"), env);
}

/** The folder of a repository in the cache: `models--org--name`. */
export function repositoryName(id: string): string {
  return `models--${id.replace("/", "--")}`;
}

export function snapshotFolder(id: string, sha: string, root = cacheRoot()): string {
  return join(root, repositoryName(id), "snapshots", sha);
}

/** The snapshot of a revision in the cache, or undefined. A branch or tag is looked up in `refs/`. */
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
