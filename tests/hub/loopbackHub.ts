/** A hub on loopback that serves one model, with the answers of the real one that `@huggingface/hub` reads. */
import { createHash } from "node:crypto";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";

export interface LoopbackHub {
  readonly url: string;
  readonly requests: string[];
  readonly authorization: Set<string | undefined>;
  close(): Promise<void>;
}

export const commit = "0123456789abcdef0123456789abcdef01234567";

export async function startHub(id: string, files: ReadonlyMap<string, string>): Promise<LoopbackHub> {
  const requests: string[] = [];
  const authorization = new Set<string | undefined>();
  const oid = (text: string) => createHash("sha1").update(text).digest("hex");
  const server = createServer(async (request, response) => {
    const path = decodeURIComponent((request.url ?? "").split("?")[0] ?? "");
    requests.push(`${request.method} ${path}`);
    authorization.add(request.headers.authorization);
    let body = "";
    for await (const chunk of request) body += chunk;
    const json = (value: unknown) => response.setHeader("Content-Type", "application/json").end(JSON.stringify(value));
    if (path === `/api/models/${id}/revision/main`) {
      json({ _id: "1", id, sha: commit, siblings: [...files.keys()].map((rfilename) => ({ rfilename })) });
    } else if (path === `/api/models/${id}/paths-info/${commit}`) {
      const wanted: string[] = JSON.parse(body).paths;
      json(
        wanted.map((file) => {
          const text = files.get(file) ?? "";
          return { type: "file", path: file, oid: oid(text), size: text.length, lastCommit: { id: "f".repeat(40) } };
        }),
      );
    } else {
      const text = files.get(path.replace(`/${id}/resolve/${commit}/`, ""));
      if (text === undefined) response.writeHead(404, { "X-Error-Code": "EntryNotFound" }).end();
      else if (request.headers.range === "bytes=0-0") {
        response.writeHead(206, { "Content-Range": `bytes 0-0/${text.length}`, ETag: `"${oid(text)}"` }).end(text[0]);
      } else response.writeHead(200, { ETag: `"${oid(text)}"`, "Content-Length": text.length }).end(text);
    }
  });
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    requests,
    authorization,
    close: () => new Promise((done) => server.close(() => done())),
  };
}
