/** Downloads the files of a model from the hub into Python's cache. */
import { writeFileAtomic } from "../platform/atomicFile.ts";
import { join, readFileSync } from "../platform/files.ts";
import { cacheRoot, makeCacheFolder, repositoryName, snapshotFolder } from "./cache.ts";
import { type DownloadTarget, downloadFile, isThere } from "./downloadFile.ts";
import { DownloadProgress } from "./downloadProgress.ts";
import { hubServer } from "./environment.ts";
import { type HubFile, modelFiles } from "./modelFiles.ts";
import { isIndex, readWeightMap, shardsOf, tokenizerFiles, weightFiles } from "./modelFolder.ts";

/**
 * Downloads what is missing of a model and returns its snapshot folder. Honours HF_ENDPOINT and HF_TOKEN, and shows how
 * far it is. Throws an Error with the reason.
 */
export async function downloadModel(id: string, revision: string, signal?: AbortSignal): Promise<string> {
  const server = { ...hubServer(), signal };
  const { sha, files } = await modelFiles(server, id, revision);
  const weights = weightFiles.find((file) => files.has(file));
  if (weights === undefined && files.has("adapter_config.json")) {
    throw new Error(
      "the repository is a PEFT adapter, which holds changes to the weights of another model. Download it, and load its " +
        "folder: the message then says how it is merged",
    );
  }
  if (!files.has("config.json")) throw new Error("the repository has no config.json");
  if (weights === undefined) throw new Error(`the repository has none of ${weightFiles.join(", ")}`);
  const target: DownloadTarget = { server, id, sha, root: cacheRoot() };
  const named = (path: string): HubFile => {
    const file = files.get(path);
    if (file === undefined) throw new Error(`the repository has no ${path}, which ${weights} names`);
    return file;
  };
  const wanted = ["config.json", ...tokenizerFiles.filter((file) => files.has(file)), weights];
  if (isIndex(weights)) {
    // Ahead of the rest, and too small to be shown: it tells what else there is to fetch.
    const index = await downloadFile(named(weights), target);
    wanted.push(...shardsOf(readWeightMap(readFileSync(index, "utf8"))));
  }
  await downloadFiles(wanted.map(named), target);
  if (revision !== sha) {
    const [name = "", ...folders] = revision.split("/").reverse();
    const references = await makeCacheFolder(target.root, repositoryName(id), "refs", ...folders.reverse());
    await writeFileAtomic(join(references, name), sha);
  }
  return snapshotFolder(id, sha, target.root);
}

/** Downloads the files, with a progress bar where any of them is missing. */
async function downloadFiles(files: readonly HubFile[], target: DownloadTarget): Promise<void> {
  const isMissing = await Promise.all(files.map(async (file) => !(await isThere(file, target))));
  const missing = files.filter((_, index) => isMissing[index]);
  if (missing.length === 0) return;
  const progress = new DownloadProgress(
    target.id,
    missing.reduce((sum, { bytes }) => sum + bytes, 0),
  );
  let end = `Download of ${target.id} failed`;
  try {
    for (const file of missing) {
      await downloadFile(file, target, (bytes, received) => progress.advance(bytes, received));
      progress.completeFile(file.bytes);
    }
    end = `Downloaded ${target.id} into ${join(target.root, repositoryName(target.id))}`;
  } catch (cause) {
    if (target.server.signal?.aborted) end = `Download of ${target.id} stopped`;
    throw cause;
  } finally {
    progress.close(end);
  }
}
