/** What variables mean to Python's `huggingface_hub` (constants.py), so that both find the same cache and the same token. */
import { homedir } from "node:os";
import { join } from "node:path";

export function isTrue(value: string | undefined): boolean {
  return /^(1|true|yes|on)$/i.test(value ?? "");
}

/** A path in which `~`, `$NAME` and `${NAME}` are replaced; names that are not set stay as they are. */
export function expandPath(path: string, env: NodeJS.ProcessEnv): string {
  return path
    .replace(/^~(?=\/|$)/, homedir())
    .replace(/\$(\w+)|\$\{([^}]*)\}/g, (whole, name, inBraces) => env[name ?? inBraces] ?? whole);
}

/** HF_HOME: the folder of the cache, and of the token that `hf auth login` leaves. Default: `~/.cache/huggingface`. */
export function hubHome(env: NodeJS.ProcessEnv): string {
  return expandPath(env.HF_HOME || join(env.XDG_CACHE_HOME || "~/.cache", "huggingface"), env);
}
