/** A hub on loopback that serves one model with the answers of the real one, and can be made to misbehave. */
import { createHash } from "node:crypto";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

/** What a request for a file's content is answered with, where that is not the whole rest of the content. */
export interface Fault {
  /** The connection is cut after so many bytes of this answer. */
  readonly cutAfter?: number;
  /** Answers 200 with everything, whatever range was asked for. */
  readonly ignoreRange?: boolean;
  /** Other content under the same name. */
  readonly content?: Buffer;
  /** The ETag of this answer. Default: that of the list of files. */
  readonly etag?: string;
  /** An address to go to instead. */
  readonly redirect?: string;
  readonly status?: number;
  /** The first byte of a 206 answer is this one. */
  readonly from?: number;
  /** Bytes a second. Default: as many as there are. */
  readonly speed?: number;
  /** Nothing comes, and the connection stays open. */
  readonly silent?: boolean;
}

export interface LoopbackHub {
  readonly url: string;
  /** `"GET /org/name/resolve/..."`, in order. */
  readonly requests: string[];
  /** The Authorization header of each request. */
  readonly authorization: (string | undefined)[];
  close(): Promise<void>;
}

export interface HubOptions {
  /** Called for each request for content; `count` from 0 for each file. */
  readonly fault?: (file: string, count: number) => Fault | undefined;
  /** Changes what the hub says of the model; a text is sent as it is. */
  readonly info?: (info: Record<string, unknown>) => unknown;
  /** Changes a page of its list of files. */
  readonly tree?: (entries: readonly TreeEntry[]) => unknown;
  /** Files on a page of the list. Default: 1000. */
  readonly pageSize?: number;
  /** The list's next page is always the first. */
  readonly endless?: boolean;
  /** Path below which the hub lies: `"/hub"`. Default: none. */
  readonly prefix?: string;
  /** Branches and tags at the commit, beside `main`. */
  readonly revisions?: readonly string[];
}

/** A file in the answer of `/api/models/<id>/tree/<revision>`. */
export interface TreeEntry {
  readonly type: string;
  readonly oid: string;
  readonly size: number;
  readonly path: string;
  readonly lfs?: { readonly oid: string; readonly size: number; readonly pointerSize: number };
}

export const commit = "0123456789abcdef0123456789abcdef01234567";
const largeFrom = 1000;

export const gitHash = (content: Buffer): string =>
  createHash("sha1").update(`blob ${content.length}\0`).update(content).digest("hex");
export const sha256 = (content: Buffer): string => createHash("sha256").update(content).digest("hex");

/** Its name in the cache: large files lie in Git LFS. */
export const etagOf = (content: Buffer): string => (content.length >= largeFrom ? sha256(content) : gitHash(content));

export async function startHub(
  id: string,
  texts: ReadonlyMap<string, string | Buffer>,
  {
    fault = () => undefined,
    info = (value) => value,
    tree = (value) => value,
    pageSize = 1000,
    endless = false,
    prefix = "",
    revisions = [],
  }: HubOptions = {},
): Promise<LoopbackHub> {
  const files = new Map([...texts].map(([name, content]) => [name, Buffer.from(content as string)]));
  const requests: string[] = [];
  const authorization: (string | undefined)[] = [];
  const counts = new Map<string, number>();
  let url = "http://127.0.0.1";
  const siblings = [...files.keys()].map((rfilename) => ({ rfilename }));
  const entries = [...files].map(([path, content]) => ({
    type: "file",
    oid: gitHash(content),
    size: content.length,
    path,
    ...(content.length >= largeFrom && { lfs: { oid: sha256(content), size: content.length, pointerSize: 134 } }),
  }));
  const known = [commit, "main", ...revisions];

  /** What the hub says of the model; undefined for what it does not know. */
  function answer(path: string, query: URLSearchParams, response: ServerResponse): unknown {
    if (known.some((revision) => path === `/api/models/${id}/revision/${revision}`)) {
      return info({
        _id: "1",
        id,
        sha: commit,
        private: false,
        ...(query.has("expand") ? {} : { modelId: id, siblings }),
      });
    }
    if (!known.some((revision) => path === `/api/models/${id}/tree/${revision}`)) return undefined;
    const [first, last] = [Number(query.get("cursor")), Number(query.get("cursor")) + pageSize];
    if (last < entries.length || endless) {
      query.set("cursor", String(endless ? first : last));
      response.setHeader("Link", `<${url}${path}?${query}>; rel="next"`);
    }
    return tree(entries.slice(first, last));
  }

  function serve(request: IncomingMessage, response: ServerResponse): void {
    const { pathname, searchParams } = new URL(request.url ?? "", url);
    const path = decodeURIComponent(pathname).replace(prefix, "");
    requests.push(`${request.method} ${path}`);
    authorization.push(request.headers.authorization);
    const value = pathname.startsWith(prefix) ? answer(path, searchParams, response) : undefined;
    if (value !== undefined) {
      response
        .setHeader("Content-Type", "application/json")
        .end(typeof value === "string" ? value : JSON.stringify(value));
      return;
    }
    const name = path.replace(new RegExp(`^/${id}/resolve/(?:${commit}|main)/`), "");
    const content = files.get(name);
    if (content === undefined) {
      response.writeHead(404, { "X-Error-Code": path.startsWith(`/${id}/`) ? "EntryNotFound" : "RepoNotFound" }).end();
      return;
    }
    const headers = {
      "X-Repo-Commit": commit,
      ETag: `"${etagOf(content)}"`,
      "X-Linked-Etag": `"${etagOf(content)}"`,
      "X-Linked-Size": content.length,
    };
    if (request.method === "HEAD") {
      response.writeHead(200, { ...headers, "Content-Length": content.length }).end();
      return;
    }
    const count = counts.get(name) ?? 0;
    counts.set(name, count + 1);
    const { etag, ...rest } = fault(name, count) ?? {};
    const other = etag === undefined ? {} : { ETag: `"${etag}"`, "X-Linked-Etag": `"${etag}"` };
    sendContent(request, response, { ...headers, ...other }, content, rest);
  }

  const server = createServer(serve);
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}${prefix}`;
  return {
    url,
    requests,
    authorization,
    close: () => {
      server.closeAllConnections();
      return new Promise((done) => server.close(() => done()));
    },
  };
}

function sendContent(
  request: IncomingMessage,
  response: ServerResponse,
  headers: Readonly<Record<string, string | number>>,
  original: Buffer,
  { cutAfter, ignoreRange, content = original, redirect, status, from, speed, silent }: Fault,
): void {
  if (silent) return;
  if (redirect !== undefined) {
    response.writeHead(302, { ...headers, Location: `${redirect}${request.url}` }).end();
    return;
  }
  if (status !== undefined) {
    response.writeHead(status).end();
    return;
  }
  const [, asked, end] = (ignoreRange ? null : /^bytes=(\d+)-(\d*)/.exec(request.headers.range ?? "")) ?? [];
  const begin = from ?? Number(asked ?? 0);
  const body = content.subarray(begin, end ? Number(end) + 1 : content.length);
  const partial =
    asked === undefined ? {} : { "Content-Range": `bytes ${begin}-${begin + body.length - 1}/${content.length}` };
  response.writeHead(asked === undefined ? 200 : 206, { ...headers, ...partial, "Content-Length": body.length });
  if (speed !== undefined) void sendSlowly(response, body, speed);
  else if (cutAfter === undefined || cutAfter >= body.length) response.end(body);
  else response.write(body.subarray(0, cutAfter), () => setTimeout(() => response.destroy(), 2));
}

/** In twenty pieces a second. */
async function sendSlowly(response: ServerResponse, body: Buffer, speed: number): Promise<void> {
  const piece = Math.ceil(speed / 20);
  for (let sent = 0; sent < body.length && !response.destroyed; sent += piece) {
    response.write(body.subarray(sent, sent + piece));
    await new Promise((done) => setTimeout(done, 50));
  }
  response.end();
}
