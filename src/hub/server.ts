/** The hub that the environment names. */
import { isTrue } from "./environment.ts";
import { hubToken } from "./token.ts";

export interface HubServer {
  /** Without a slash at the end; it may have a path. */
  readonly endpoint: string;
  readonly token: string | undefined;
  /** Ends whatever is being asked. */
  readonly signal?: AbortSignal | undefined;
}

/** HF_ENDPOINT and the access token, as Python's `huggingface_hub` reads them. Throws an Error for what is no address. */
export function hubServer(env: NodeJS.ProcessEnv = process.env): HubServer {
  const endpoint = (env.HF_ENDPOINT || "https://huggingface.co").replace(/\/+$/, "");
  // Not repeated here: a password may stand in it.
  if (!/^https?:\/\/[^@]+$/i.test(endpoint) || !URL.canParse(endpoint)) {
    throw new Error("HF_ENDPOINT is no address such as https://huggingface.co, without a user name or a password");
  }
  return { endpoint, token: hubToken(env) };
}

/** HF_HUB_OFFLINE, or the older TRANSFORMERS_OFFLINE. */
export function isOffline(env: NodeJS.ProcessEnv = process.env): boolean {
  return isTrue(env.HF_HUB_OFFLINE || env.TRANSFORMERS_OFFLINE);
}

/** Seconds without a byte after which a request is given up: HF_HUB_DOWNLOAD_TIMEOUT, default 30. */
export function stallSeconds(env: NodeJS.ProcessEnv = process.env): number {
  const seconds = Number(env.HF_HUB_DOWNLOAD_TIMEOUT);
  return seconds > 0 ? seconds : 30;
}
