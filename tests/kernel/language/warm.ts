/** A kernel whose language service has loaded TypeScript. */
import { Client, type StartOptions, sleep } from "../client.ts";

/** A candidate in the metadata of a `complete_reply`. */
export interface TypedMatch {
  readonly text: string;
  readonly type: string;
  readonly signature?: string;
  readonly start: number;
  readonly end: number;
}

export interface Completed {
  readonly matches: string[];
  readonly cursor_start: number;
  readonly cursor_end: number;
  readonly metadata: { readonly _jupyter_types_experimental: TypedMatch[] };
}

export async function startWarm(options: StartOptions = {}): Promise<Client> {
  const client = await Client.start(options);
  await untilTyped(client, "console.lo", "method");
  return client;
}

/** Asks for a completion until the types answer: live values alone call everything a property or a variable. */
export async function untilTyped(client: Client, code: string, type: string): Promise<void> {
  for (let round = 0; round < 100; round++) {
    const { metadata } = await complete(client, code);
    if (metadata._jupyter_types_experimental.some((match) => match.type === type)) return;
    await sleep(200);
  }
  throw new Error(`The language service does not answer; the kernel's log: ${client.log}`);
}

/** Completes at the end of `code`, or at `cursor` (code points). */
export async function complete(client: Client, code: string, cursor = Array.from(code).length): Promise<Completed> {
  const { content } = await client.request("complete_request", { code, cursor_pos: cursor });
  return content as unknown as Completed;
}

export async function inspect(client: Client, code: string, detail = 0, cursor = code.length): Promise<string> {
  const { content } = await client.request("inspect_request", { code, cursor_pos: cursor, detail_level: detail });
  return (content.data as Record<string, string>)["text/plain"] ?? "";
}
