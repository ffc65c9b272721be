/** One call of `@huggingface/hub`, which ends when nothing comes for too long and fails with the error that was the reason. */
import { hubFetch } from "./hubFetch.ts";
import { type HubServer, stallSeconds } from "./server.ts";

/** What every function of the library takes. */
export interface HubAccess {
  readonly hubUrl: string;
  readonly fetch: typeof fetch;
}

/** `call` tells with its second argument that something came: the wait for the next begins anew. */
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
