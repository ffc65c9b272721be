/** Downloads the files of a model from the hub into Python's cache, by `@huggingface/hub`. */
import { mkdir } from "node:fs/promises";
import { dirname, join } from "node:path";
import { downloadFileToCacheDir, modelInfo } from "@huggingface/hub";
import { writeFileAtomic } from "../io/atomicFile.ts";
import { cacheRoot, repositoryFolder } from "./cache.ts";

/** What a model folder needs, and what it may have besides. */
export const neededFiles: readonly string[] = ["config.json", "model.safetensors"];
const wantedFiles: readonly string[] = [
  ...neededFiles,
  "tokenizer.json",
  "tokenizer_config.json",
  "special_tokens_map.json",
  "vocab.txt",
];

/** The snapshot folder. Honours HF_ENDPOINT and HF_TOKEN. Throws an Error with the reason. */
export async function downloadModel(id: string, revision: string): Promise<string> {
  const root = cacheRoot();
  const server = {
    ...(process.env.HF_ENDPOINT ? { hubUrl: process.env.HF_ENDPOINT.replace(/\/+$/, "") } : {}),
    ...(process.env.HF_TOKEN ? { accessToken: process.env.HF_TOKEN } : {}),
  };
  const { sha, filePaths } = await modelInfo({ ...server, name: id, revision, additionalFields: ["sha", "filePaths"] });
  if (!/^[0-9a-f]{40}$/.test(sha)) throw new Error(`the hub named no commit for revision "${revision}"`);
  const missing = neededFiles.filter((file) => !filePaths.includes(file));
  if (missing.length > 0) throw new Error(`the repository has no ${missing.join(" and no ")}`);
  console.info(`Downloading ${id} into ${repositoryFolder(id, root)}`);
  for (const path of wantedFiles.filter((file) => filePaths.includes(file))) {
    // By commit, not by branch: with a branch every file would land in the snapshot of its own last change.
    await downloadFileToCacheDir({ ...server, repo: id, path, revision: sha, cacheDir: root });
  }
  const repository = repositoryFolder(id, root);
  if (revision !== sha) {
    const reference = join(repository, "refs", revision);
    await mkdir(dirname(reference), { recursive: true });
    await writeFileAtomic(reference, sha);
  }
  return join(repository, "snapshots", sha);
}
