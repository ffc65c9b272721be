/** What a folder lacks of a model's files. */
import { readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { isIndex, readWeightMap, shardsOf, weightFiles } from "./weightFiles.ts";

/** Names for a message; empty if the folder has a configuration and all of the weights. */
export function missingFiles(folder: string): string[] {
  const has = (file: string): boolean => statSync(join(folder, file), { throwIfNoEntry: false })?.isFile() ?? false;
  const missing = has("config.json") ? [] : ["config.json"];
  const weights = weightFiles.find(has);
  if (weights === undefined) return [...missing, weightFiles[0]];
  if (!isIndex(weights)) return missing;
  try {
    const shards = shardsOf(readWeightMap(readFileSync(join(folder, weights), "utf8")));
    return [...missing, ...shards.filter((file) => !has(file))];
  } catch {
    return [...missing, weights]; // damaged: whoever opens it says how
  }
}
