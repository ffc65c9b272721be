/** The hub that the environment names, and requests to it. */

export interface HubServer {
  /** Without a slash at the end. */
  readonly endpoint: string;
  readonly token: string | undefined;
}

/** HF_ENDPOINT and HF_TOKEN, as Python's `huggingface_hub` reads them. */
export function hubServer(env: NodeJS.ProcessEnv = process.env): HubServer {
  return {
    endpoint: (env.HF_ENDPOINT || "https://huggingface.co").replace(/\/+$/, ""),
    token: env.HF_TOKEN?.trim() || undefined,
  };
}

/** HF_HUB_OFFLINE, or the older TRANSFORMERS_OFFLINE. */
export function isOffline(env: NodeJS.ProcessEnv = process.env): boolean {
  return /^(1|true|yes|on)$/i.test(env.HF_HUB_OFFLINE || env.TRANSFORMERS_OFFLINE || "");
}

/** Seconds without a byte after which a request is given up: HF_HUB_DOWNLOAD_TIMEOUT, default 30. */
export function stallSeconds(env: NodeJS.ProcessEnv = process.env): number {
  const seconds = Number(env.HF_HUB_DOWNLOAD_TIMEOUT);
  return seconds > 0 ? seconds : 30;
}

/** An answer other than 2xx. */
export class HubRefusal extends Error {
  readonly status: number;

  constructor(status: number, message: string) {
    super(message);
    this.status = status;
  }
}

/**
 * Asks for a path of the hub. Where it sends us to another host, `fetch` leaves the token behind (Fetch standard, HTTP-
 * redirect fetch, step 13). Throws `HubRefusal` for anything but 2xx, an Error if nobody answers.
 */
export async function ask(
  { endpoint, token }: HubServer,
  path: string,
  headers: Readonly<Record<string, string>>,
  signal: AbortSignal,
): Promise<Response> {
  const authorization = token === undefined ? {} : { Authorization: `Bearer ${token}` };
  const response = await fetch(`${endpoint}${path}`, {
    headers: { "User-Agent": "thaw", "Accept-Encoding": "identity", ...authorization, ...headers },
    signal,
  });
  if (response.ok) return response;
  await response.body?.cancel();
  throw new HubRefusal(response.status, `${endpoint}${path} answered ${response.status}${adviceFor(response)}`);
}

function adviceFor({ status, headers }: Response): string {
  const code = headers.get("X-Error-Code");
  const named = code === null ? "" : ` (${code.replace(/[^\w -]/g, "").slice(0, 60)})`;
  if (status === 401 || status === 403) return `${named}: set HF_TOKEN, and accept the model's terms on the hub`;
  return status === 404 ? `${named}: there is no such model, revision or file` : named;
}
