import { afterEach, expect, test } from "vitest";
import { modelFiles } from "../../src/hub/modelFiles.ts";
import { commit, etagOf, type HubOptions, type LoopbackHub, startHub } from "./loopbackHub.ts";

const id = "org/name";
const content = Buffer.alloc(2000, 1);
let hub: LoopbackHub | undefined;
afterEach(() => hub?.close());

async function files(texts: ReadonlyMap<string, string | Buffer>, options?: HubOptions) {
  hub = await startHub(id, texts, options);
  return modelFiles({ endpoint: hub.url, token: undefined }, id, "main");
}

test("small files have Git's hash, large ones the SHA-256 of their content", async () => {
  const found = await files(
    new Map<string, string | Buffer>([
      ["config.json", "{}"],
      ["model.safetensors", content],
    ]),
  );
  expect(found.sha).toBe(commit);
  expect([...found.files.values()]).toEqual([
    { path: "config.json", bytes: 2, algorithm: "git", hash: etagOf(Buffer.from("{}")) },
    { path: "model.safetensors", bytes: 2000, algorithm: "sha256", hash: etagOf(content) },
  ]);
});

test("a list of several pages is read to its end", async () => {
  const names = Array.from({ length: 25 }, (_, i) => `model-${i}.safetensors`);
  const found = await files(new Map(names.map((name) => [name, name])), { pageSize: 10 });
  expect([...found.files.keys()]).toEqual(names);
  expect(hub?.requests).toHaveLength(4);
});

test.each<[string, HubOptions, RegExp]>([
  ["a page in place of JSON", { info: () => "<html>Log in" }, /not one of a hub: check HF_ENDPOINT/],
  ["null", { info: () => null }, /not one of a hub: check HF_ENDPOINT/],
  ["a list that is none", { tree: () => ({}) }, /not one of a hub: check HF_ENDPOINT/],
  ["a list without an end", { endless: true }, /more than 50 pages/],
  ["no commit", { info: () => ({}) }, /named no commit for revision "main"/],
])("%s is refused in words that help", async (_, options, message) => {
  await expect(files(new Map([["config.json", "{}"]]), options)).rejects.toThrow(message);
});
