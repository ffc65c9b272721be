/**
 * Reads the hub's settings from the environment as Python's `huggingface_hub` does: address, access token, time limit,
 * and the home folder of cache and token.
 */
import { expandHome, join, readFileSync } from "../platform/files.ts";

export interface HubServer {
  /** The hub's address, without a slash at the end; it may have a path. */
  readonly endpoint: string;
  readonly token: string | undefined;
  /** Aborting it ends whatever is being asked. */
  readonly signal?: AbortSignal | undefined;
}

/** Reads HF_ENDPOINT and the access token. Throws an Error for what is no address. */
export function hubServer(env: NodeJS.ProcessEnv = process.env): HubServer {
  const endpoint = (env.HF_ENDPOINT || "https://huggingface.co").replace(/\/+$/, "");
  // Not repeated here: a password may stand in it.
  if (!/^https?:\/\/[^@]+$/i.test(endpoint) || !URL.canParse(endpoint)) {
    throw new Error("HF_ENDPOINT is no address such as https://huggingface.co, without a user name or a password");
  }
  return { endpoint, token: hubToken(env) };
}

/** Tells whether HF_HUB_OFFLINE, or the older TRANSFORMERS_OFFLINE, forbids the network. */
export function isOffline(env: NodeJS.ProcessEnv = process.env): boolean {
  return isTrue(env.HF_HUB_OFFLINE || env.TRANSFORMERS_OFFLINE);
}

/** Reads after how many seconds without a byte a request is given up: HF_HUB_DOWNLOAD_TIMEOUT, default 30. */
export function stallSeconds(env: NodeJS.ProcessEnv = process.env): number {
  const seconds = Number(env.HF_HUB_DOWNLOAD_TIMEOUT);
  return seconds > 0 ? seconds : 30;
}

/**
 * Finds the access token (utils/_auth.py, `get_token`): HF_TOKEN, else HUGGING_FACE_HUB_TOKEN, else the file that `hf
 * auth login` leaves (HF_TOKEN_PATH, by default `token` under HF_HOME); none with HF_HUB_DISABLE_IMPLICIT_TOKEN.
 * Private hubs have tokens of any form. Throws an Error, which never holds the token, where a file cannot be read or no
 * header can carry what was found.
 */
export function hubToken(env: NodeJS.ProcessEnv = process.env): string | undefined {
  if (isTrue(env.HF_HUB_DISABLE_IMPLICIT_TOKEN)) return undefined;
  const name = env.HF_TOKEN ? "HF_TOKEN" : "HUGGING_FACE_HUB_TOKEN";
  const file = env.HF_TOKEN_PATH ? expandPath(env.HF_TOKEN_PATH, env) : join(hubHome(env), "token");
  return clean(env[name] ?? "", name) ?? clean(textOf(file), file);
}

function clean(text: string, source: string): string | undefined {
  const token = text.replace(/[\r\n]/g, "").trim();
  if (!/^[\x20-\x7e]*$/.test(token)) throw new Error(`the access token in ${source} has characters that no token has`);
  return token || undefined;
}

function textOf(file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException;
    if (code === "ENOENT" || code === "ENOTDIR") return ""; // nobody has logged in
    throw new Error(`the file ${file} with the access token cannot be read (${code})`, { cause });
  }
}

function isTrue(value: string | undefined): boolean {
  return /^(1|true|yes|on)$/i.test(value ?? "");
}

/** Replaces `~`, `$NAME` and `${NAME}` in a path; names that are not set stay as they are. */
export function expandPath(path: string, env: NodeJS.ProcessEnv): string {
  return expandHome(path).replace(/\$(\w+)|\$\{([^}]*)\}/g, (whole, name, inBraces) => env[name ?? inBraces] ?? whole);
}

/**
 * Reads HF_HOME: the folder of the cache, and of the token that `hf auth login` leaves. Default:
 * `~/.cache/huggingface`.
 */
export function hubHome(env: NodeJS.ProcessEnv): string {
  return expandPath(env.HF_HOME || join(env.XDG_CACHE_HOME || "~/.cache", "huggingface"), env);
}
