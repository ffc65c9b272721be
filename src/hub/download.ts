/** Downloads the files of a model from the hub into Python's cache, by `@huggingface/hub`. */
import { readFileSync } from "node:fs";
import { mkdir } from "node:fs/promises";
import { dirname, join } from "node:path";
import { downloadFileToCacheDir, modelInfo } from "@huggingface/hub";
import { writeFileAtomic } from "../io/atomicFile.ts";
import { cacheRoot, repositoryFolder } from "./cache.ts";
import { isIndex, readWeightMap, shardsOf, weightFiles } from "./weightFiles.ts";

/** What is taken along if it is there. */
const otherFiles: readonly string[] = [
  "tokenizer.json",
  "tokenizer_config.json",
  "special_tokens_map.json",
  "added_tokens.json",
  "vocab.txt",
  "vocab.json",
  "merges.txt",
  "spiece.model",
  "spm.model",
  "sentencepiece.bpe.model",
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
  const weights = weightFiles.find((file) => filePaths.includes(file));
  if (!filePaths.includes("config.json")) throw new Error("the repository has no config.json");
  if (weights === undefined) throw new Error(`the repository has none of ${weightFiles.join(", ")}`);
  console.info(`Downloading ${id} into ${repositoryFolder(id, root)}`);
  // By commit, not by branch: with a branch every file would land in the snapshot of its own last change.
  const download = (path: string): Promise<string> =>
    downloadFileToCacheDir({ ...server, repo: id, path, revision: sha, cacheDir: root });
  for (const path of ["config.json", ...otherFiles.filter((file) => filePaths.includes(file))]) await download(path);
  const weightsPath = await download(weights);
  if (isIndex(weights)) {
    for (const shard of shardsOf(readWeightMap(readFileSync(weightsPath, "utf8")))) await download(shard);
  }
  const repository = repositoryFolder(id, root);
  if (revision !== sha) {
    const reference = join(repository, "refs", revision);
    await mkdir(dirname(reference), { recursive: true });
    await writeFileAtomic(reference, sha);
  }
  return join(repository, "snapshots", sha);
}
