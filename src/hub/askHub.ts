/**
 * Calls a function of `@huggingface/hub` with a `fetch` of ours: it gives up when nothing comes for too long, fails
 * with the error that was the reason, and sees to tokens, redirects, ranges and refusals, which the library leaves
 * open.
 */
import { type HubServer, stallSeconds } from "./environment.ts";

/** The arguments that every function of the library takes. */
export interface HubAccess {
  readonly hubUrl: string;
  readonly fetch: typeof fetch;
}

/** Runs `call`, which tells with its second argument that something came: the wait for the next begins anew. */
export async function askHub<T>(
  server: HubServer,
  call: (hub: HubAccess, hasCome: () => void) => Promise<T>,
): Promise<T> {
  const stalled = new AbortController();
  const timer = setTimeout(() => stalled.abort(new Error("no answer for too long")), stallSeconds() * 1000);
  const signals = [stalled.signal, server.signal].filter((signal) => signal !== undefined);
  const ask = hubFetch(server, AbortSignal.any(signals));
  let reason: unknown;
  const hub: HubAccess = {
    hubUrl: server.endpoint,
    fetch: (...request) =>
      ask(...request).catch((cause) => {
        reason = cause;
        throw cause;
      }),
  };
  try {
    return await call(hub, () => timer.refresh());
  } catch (cause) {
    server.signal?.throwIfAborted();
    throw reason ?? cause; // its streams make a text of an error
  } finally {
    clearTimeout(timer);
    stalled.abort();
  }
}

/** Redirects that are followed at most: the hub sends to a renamed model, and from there to where its files lie. */
const maxRedirects = 5;

/** Thrown for an answer that does not bring what was asked for, with its HTTP status. */
export class HubRefusal extends Error {
  readonly status: number;

  constructor(status: number, message: string) {
    super(message);
    this.status = status;
  }
}

/**
 * Makes a `fetch` that gives back only what was asked for, from its first byte on; anything else throws `HubRefusal`,
 * with 416 for another part of the file. The token is set here, since the library takes none that does not begin with
 * `hf_` and sends its own wherever an answer points: it goes to the endpoint's host alone, and not again after a
 * redirect has left that.
 */
export function hubFetch({ endpoint, token }: HubServer, signal: AbortSignal): typeof fetch {
  return async (address, init) => {
    let url = new URL(String(address));
    let isTrusted = true;
    for (let redirects = 0; redirects <= maxRedirects; redirects++) {
      isTrusted &&= url.origin === new URL(endpoint).origin;
      const headers = new Headers(init?.headers);
      headers.set("User-Agent", "thaw");
      headers.set("Accept-Encoding", "identity");
      if (isTrusted && token !== undefined) headers.set("Authorization", `Bearer ${token}`);
      const response = await fetch(url, { ...init, headers, signal, redirect: "manual" });
      if (response.status === 200 || response.status === 206) return checkRange(response, headers.get("Range"), url);
      await response.body?.cancel();
      url = redirectOf(response, url);
    }
    throw new HubRefusal(310, `${nameOf(url)} is the end of more than ${maxRedirects} redirects`);
  };
}

function checkRange(response: Response, range: string | null, url: URL): Response {
  const asked = /^bytes=(\d+)-/.exec(range ?? "")?.[1] ?? "0";
  const contentRange = response.headers.get("Content-Range") ?? "";
  const sent = response.status === 206 ? /^bytes (\d+)-/.exec(contentRange)?.[1] : "0";
  if (sent === asked) return response;
  void response.body?.cancel();
  throw new HubRefusal(416, `${nameOf(url)} sent another part than was asked for`);
}

function redirectOf({ status, headers }: Response, from: URL): URL {
  const location = headers.get("Location") ?? "";
  if (![301, 302, 303, 307, 308].includes(status) || !URL.canParse(location, from.href)) {
    throw new HubRefusal(status, `${nameOf(from)} answered ${status}${adviceFor(status, headers)}`);
  }
  const url = new URL(location, from);
  if (url.protocol === "https:" || url.protocol === from.protocol) return url;
  throw new HubRefusal(status, `${nameOf(from)} sent us to ${nameOf(url)}, which is no https address`);
}

function adviceFor(status: number, headers: Headers): string {
  const code = headers.get("X-Error-Code");
  const named = code === null ? "" : ` (${code.replace(/[^\w -]/g, "").slice(0, 60)})`;
  if (status === 401 || status === 403) return `${named}: set HF_TOKEN, and accept the model's terms on the hub`;
  return status === 404 ? `${named}: there is no such model, revision or file` : named;
}

/** Names an address in a message, without its query, in which signatures stand. */
function nameOf({ protocol, host, pathname }: URL): string {
  return `${protocol}//${host}${pathname}`.slice(0, 300);
}
