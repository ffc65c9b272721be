/** Downloads the files of a model from the hub into Python's cache. */
import { readFileSync } from "node:fs";
import { mkdir } from "node:fs/promises";
import { dirname, join } from "node:path";
import { writeFileAtomic } from "../io/atomicFile.ts";
import { cacheRoot, repositoryFolder } from "./cache.ts";
import { downloadFile } from "./downloadFile.ts";
import { modelFiles } from "./modelFiles.ts";
import { hubServer } from "./server.ts";
import { tokenizerFiles } from "./tokenizerFiles.ts";
import { isIndex, readWeightMap, shardsOf, weightFiles } from "./weightFiles.ts";

/** The snapshot folder. Honours HF_ENDPOINT and HF_TOKEN. Throws an Error with the reason. */
export async function downloadModel(id: string, revision: string, signal?: AbortSignal): Promise<string> {
  const server = { ...hubServer(), signal };
  const { sha, files } = await modelFiles(server, id, revision);
  const weights = weightFiles.find((file) => files.has(file));
  if (!files.has("config.json")) throw new Error("the repository has no config.json");
  if (weights === undefined) throw new Error(`the repository has none of ${weightFiles.join(", ")}`);
  const repository = repositoryFolder(id, cacheRoot());
  console.info(`Downloading ${id} into ${repository}`);
  const download = async (path: string): Promise<string> => {
    const file = files.get(path);
    if (file === undefined) throw new Error(`the repository has no ${path}, which ${weights} names`);
    return downloadFile(server, file, { id, sha, repository });
  };
  for (const path of ["config.json", ...tokenizerFiles.filter((file) => files.has(file))]) await download(path);
  const weightsPath = await download(weights);
  if (isIndex(weights)) {
    for (const shard of shardsOf(readWeightMap(readFileSync(weightsPath, "utf8")))) await download(shard);
  }
  if (revision !== sha) {
    const reference = join(repository, "refs", revision);
    await mkdir(dirname(reference), { recursive: true });
    await writeFileAtomic(reference, sha);
  }
  return join(repository, "snapshots", sha);
}
