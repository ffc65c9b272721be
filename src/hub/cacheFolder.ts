/** Makes folders in the cache, and only there. */
import { mkdir, realpath } from "node:fs/promises";
import { isAbsolute, join, relative } from "node:path";

/**
 * `root` and the folders below it that `parts` name, one in another. A link on the way may lead elsewhere in the cache;
 * throws an Error where one leads out of it, before anything is made or written there.
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
