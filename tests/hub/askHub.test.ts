import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, expect, test } from "vitest";
import { HubRefusal, hubFetch } from "../../src/hub/askHub.ts";
import { type HubOptions, type LoopbackHub, startHub } from "./loopbackHub.ts";

const id = "org/name";
const path = `/${id}/resolve/main/config.json`;
const opened: { close(): unknown }[] = [];
afterEach(async () => {
  for (const server of opened.splice(0)) await server.close();
});

async function start(fault: HubOptions["fault"] = () => undefined): Promise<LoopbackHub> {
  const hub = await startHub(id, new Map([["config.json", "0123456789"]]), { fault });
  opened.push(hub);
  return hub;
}

const ask = (endpoint: string, address = `${endpoint}${path}`, headers = {}) =>
  hubFetch({ endpoint, token: "a secret" }, AbortSignal.timeout(10_000))(address, { headers });

test("the token goes to the endpoint, and to no other address that an answer gave", async () => {
  const [hub, other] = [await start(), await start()];
  expect(await (await ask(hub.url)).text()).toBe("0123456789");
  expect(await (await ask(hub.url, `${other.url}${path}`)).text()).toBe("0123456789");
  expect(hub.authorization).toEqual(["Bearer a secret"]);
  expect(other.authorization).toEqual([undefined]);
});

test("a redirect that leaves the hub and comes back has lost the token", async () => {
  let back = "";
  const other = await start(() => ({ redirect: back }));
  const hub = await start((_, count) => (count === 0 ? { redirect: other.url } : undefined));
  back = hub.url;
  expect((await ask(hub.url)).status).toBe(200);
  expect(other.authorization).toEqual([undefined]);
  expect(hub.authorization).toEqual(["Bearer a secret", undefined]);
});

test("five redirects are followed, a sixth is not", async () => {
  const patient = await start((_, count) => (count < 5 ? { redirect: "" } : undefined));
  expect((await ask(patient.url)).status).toBe(200);
  const endless = await start(() => ({ redirect: "" }));
  await expect(ask(endless.url)).rejects.toThrow(/more than 5 redirects/);
  expect(endless.requests).toHaveLength(6);
});

test.each(["file:///etc/passwd?", "ftp://127.0.0.1", "data:text/plain,"])("nobody is sent to %s", async (redirect) => {
  const hub = await start(() => ({ redirect }));
  await expect(ask(hub.url)).rejects.toThrow(/which is no https address/);
});

test.each<[string, HubOptions["fault"]]>([
  ["everything", () => ({ ignoreRange: true })],
  ["another part", () => ({ from: 5 })],
])("%s in place of the part that was asked for is refused", async (_, fault) => {
  const hub = await start(fault);
  await expect(ask(hub.url, undefined, { Range: "bytes=3-9" })).rejects.toMatchObject({ status: 416 });
});

test.each([204, 300, 304, 400, 451, 503])(
  "of an answer %i neither the text nor the token is repeated",
  async (status) => {
    const server = createServer((_, response) => {
      response.writeHead(status, { "Content-Type": "application/json", "X-Error-Code": `${"<b>".repeat(100)}` });
      response.end(JSON.stringify({ error: "long ".repeat(100_000) }));
    });
    await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
    opened.push({
      close: () => {
        server.closeAllConnections();
        return server.close();
      },
    });
    const endpoint = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    const error = await ask(endpoint, `${endpoint}/${"x".repeat(2000)}?signature=abc`).catch((cause) => cause);
    expect(error).toBeInstanceOf(HubRefusal);
    expect(error.status).toBe(status);
    expect(error.message.length).toBeLessThan(400);
    expect(error.message).not.toMatch(/long|<|signature|secret/);
  },
);
