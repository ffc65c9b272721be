/** A page in headless Chromium, served on the loopback address, that sends back one value. */
import { spawn } from "node:child_process";
import { accessSync, constants, createReadStream, mkdtempSync, rmSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { delimiter, extname, join, normalize } from "node:path";

const isProgram = (path: string) => {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
};

/** The first that there is; undefined where there is none. `THAW_CHROMIUM` names another. */
export const chromium: string | undefined = [
  process.env.THAW_CHROMIUM ?? "",
  ...["chromium", "chromium-browser", "google-chrome"].flatMap((name) =>
    (process.env.PATH ?? "").split(delimiter).map((folder) => join(folder, name)),
  ),
].find(isProgram);

const types: Readonly<Record<string, string>> = {
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript",
  ".json": "application/json",
  ".wasm": "application/wasm",
};

export interface PageOptions {
  /** First part of a path -> the folder that is served under it. */
  readonly folders: Readonly<Record<string, string>>;
  /** HTML to open, or the path of a page in one of the folders. Either sends its result by a POST to /result. */
  readonly page: { readonly html: string } | { readonly path: string };
  /** In milliseconds. Default: two minutes. */
  readonly timeout?: number;
}

/** What the page sent. Rejects where it sends `{ error }`, or nothing in time. */
export async function resultOfPage({ folders, page, timeout = 120_000 }: PageOptions): Promise<unknown> {
  const profile = mkdtempSync(join(tmpdir(), "thaw-chromium-"));
  let settle: { resolve(value: unknown): void; reject(error: Error): void } | undefined;
  const result = new Promise<unknown>((resolve, reject) => {
    settle = { resolve, reject };
  });
  const server = createServer((request, response) => {
    const path = normalize(decodeURIComponent(new URL(request.url ?? "/", "http://page").pathname));
    if (request.method === "POST") {
      const chunks: Buffer[] = [];
      request.on("data", (chunk: Buffer) => chunks.push(chunk));
      request.on("end", () => {
        response.end();
        const sent = JSON.parse(Buffer.concat(chunks).toString()) as { error?: string };
        if (sent.error === undefined) settle?.resolve(sent);
        else settle?.reject(new Error(sent.error));
      });
      return;
    }
    const notFound = () => response.writeHead(404).end();
    if (path === "/" && "html" in page) {
      response.writeHead(200, { "content-type": types[".html"] }).end(page.html);
      return;
    }
    const [, first = "", ...rest] = path.split("/");
    const folder = folders[first];
    if (folder === undefined) return notFound();
    const stream = createReadStream(join(folder, ...rest));
    stream.on("open", () =>
      response.writeHead(200, { "content-type": types[extname(path)] ?? "application/octet-stream" }),
    );
    stream.on("error", notFound);
    stream.pipe(response);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = `http://127.0.0.1:${(server.address() as AddressInfo).port}${"path" in page ? page.path : "/"}`;
  const flags = ["--headless=new", "--no-sandbox", "--disable-gpu", "--no-first-run", `--user-data-dir=${profile}`];
  const browser = spawn(chromium as string, [...flags, address], {
    detached: true,
    stdio: "ignore",
    env: { ...process.env, TMPDIR: profile }, // it leaves files there when it is killed
  });
  const gone = new Promise((resolve) => browser.on("close", resolve));
  const timer = setTimeout(() => settle?.reject(new Error(`the page sent nothing within ${timeout} ms`)), timeout);
  browser.on("error", (error) => settle?.reject(error));
  try {
    return await result;
  } finally {
    clearTimeout(timer);
    if (browser.pid !== undefined && browser.exitCode === null) process.kill(-browser.pid, "SIGKILL"); // with its helpers
    await gone;
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
    rmSync(profile, { recursive: true, force: true, maxRetries: 5 });
  }
}
