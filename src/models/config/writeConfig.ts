/** Writes `config.json` into a model folder. */
import { join } from "node:path";
import { writeFileAtomic } from "../../platform/atomicFile.ts";
import { stringifyLike } from "../../platform/foreignFile.ts";
import type { HuggingFaceConfig } from "./config.ts";
import { toHuggingFaceJson } from "./translate.ts";

/** Writes the configuration into an existing folder, as Python's `from_pretrained` reads it. Errors: `WRITE_FAILED`. */
export async function writeConfig(folder: string, config: HuggingFaceConfig): Promise<void> {
  const json = stringifyLike(toHuggingFaceJson(config), config.text);
  await writeFileAtomic(join(folder, "config.json"), `${json}\n`);
}
