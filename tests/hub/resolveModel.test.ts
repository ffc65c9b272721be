import { mkdirSync, mkdtempSync, readFileSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { cacheRoot } from "../../src/hub/cache.ts";
import { resolveModel } from "../../src/hub/resolveModel.ts";
import { sampleData } from "../../src/hub/thawFolder.ts";
import { commit, startHub } from "./loopbackHub.ts";

let folder = "";
beforeEach(() => {
  folder = realpathSync(mkdtempSync(join(tmpdir(), "thaw-hub-")));
  vi.stubEnv("THAW_HOME", join(folder, "thaw"));
  vi.stubEnv("HF_HUB_CACHE", join(folder, "cache"));
  vi.stubEnv("HF_HUB_OFFLINE", "1");
  vi.stubEnv("HF_HOME", folder);
  vi.stubEnv("HF_TOKEN", "");
  vi.spyOn(process.stderr, "write").mockReturnValue(true); // the bar
  vi.spyOn(console, "debug").mockImplementation(() => {});
});
afterEach(() => {
  vi.unstubAllEnvs();
  vi.restoreAllMocks();
  rmSync(folder, { recursive: true });
});

function write(path: string, text = "{}"): string {
  mkdirSync(join(folder, path, ".."), { recursive: true });
  writeFileSync(join(folder, path), text);
  return join(folder, path, "..");
}

test("a folder is taken as it is", async () => {
  const model = write("my-model/config.json");
  expect(await resolveModel(model)).toBe(model);
});

test("the clone's own models come before the cache, and the cache is read like Python's", async () => {
  const cache = "cache/models--org--name";
  write(`${cache}/refs/main`, `${commit}\n`);
  const snapshot = write(`${cache}/snapshots/${commit}/config.json`);
  expect(await resolveModel("org/name")).toBe(snapshot);
  expect(await resolveModel("org/name", { revision: commit })).toBe(snapshot);
  const model = write("thaw/models/org/name/config.json");
  expect(await resolveModel("org/name")).toBe(model);
  expect(await resolveModel("org/name", { revision: commit })).toBe(snapshot);
});

test("the cache root follows the variables in Python's order", () => {
  expect(cacheRoot({ HF_HUB_CACHE: "/a", HF_HOME: "/b" })).toBe("/a");
  expect(cacheRoot({ HUGGINGFACE_HUB_CACHE: "/a", HF_HOME: "/b" })).toBe("/a");
  expect(cacheRoot({ HF_HOME: "/b", XDG_CACHE_HOME: "/c" })).toBe("/b/hub");
  expect(cacheRoot({ XDG_CACHE_HOME: "/c" })).toBe("/c/huggingface/hub");
  expect(cacheRoot({})).toMatch(/\.cache\/huggingface\/hub$/);
});

test("offline, a model that is nowhere is refused with every place that was looked in", async () => {
  const error = await resolveModel("org/none").catch((caught) => caught);
  expect(error.code).toBe("MODEL_NOT_FOUND");
  expect(error.message).toContain(join(folder, "thaw/models/org/none"));
  expect(error.message).toContain(join(folder, "cache"));
  expect(error.message).toMatch(/not asked, because localFilesOnly or HF_HUB_OFFLINE is set\nRun npm start/);
});

test.each([
  "",
  "../secret",
  "a/../b",
  "/none/such",
  "a/b/c",
  "a--b",
  ".hidden",
  "a b",
  "a\0b",
  "C:\\model",
  "x".repeat(97),
])("%j is no model id and touches nothing", async (id) => {
  vi.stubEnv("HF_HUB_OFFLINE", "");
  await expect(resolveModel(id)).rejects.toMatchObject({ code: "MODEL_NOT_FOUND" });
});

test.each(["../main", "", "a b", "refs/../../x", "/main"])("%j is no revision", async (revision) => {
  await expect(resolveModel("org/name", { revision })).rejects.toMatchObject({ code: "BAD_REVISION" });
});

test("a download lands in one snapshot of Python's cache, and is not made twice", async () => {
  const files = new Map([
    ["README.md", "not wanted"],
    ["config.json", '{"model_type":"bert"}'],
    ["model.safetensors", "weights"],
    ["tokenizer.json", "{}"],
  ]);
  const hub = await startHub("org/name", files);
  vi.stubEnv("HF_HUB_OFFLINE", "");
  vi.stubEnv("HF_ENDPOINT", `${hub.url}/`);
  vi.stubEnv("HF_TOKEN", "hf_abcdefghijklmnopqrstuvwxyzabcdefgh");
  const snapshot = await resolveModel("org/name");
  expect(snapshot).toBe(join(folder, "cache/models--org--name/snapshots", commit));
  for (const file of ["config.json", "model.safetensors", "tokenizer.json"]) {
    expect(readFileSync(join(snapshot, file), "utf8")).toBe(files.get(file));
  }
  expect(readFileSync(join(folder, "cache/models--org--name/refs/main"), "utf8")).toBe(commit);
  expect(hub.requests.some((request) => request.includes("README"))).toBe(false);
  expect([...new Set(hub.authorization)]).toEqual(["Bearer hf_abcdefghijklmnopqrstuvwxyzabcdefgh"]);
  const asked = hub.requests.length;
  expect(await resolveModel("org/name")).toBe(snapshot);
  expect(hub.requests).toHaveLength(asked);
  await hub.close();
});

test("a hub that does not know the model, lacks a file or is not there is named with its reason", async () => {
  vi.stubEnv("HF_HUB_OFFLINE", "");
  const hub = await startHub("org/name", new Map([["config.json", "{}"]]));
  vi.stubEnv("HF_ENDPOINT", hub.url);
  await expect(resolveModel("org/name")).rejects.toThrow(
    /the repository has none of model.safetensors, model.safetensors.index.json, pytorch_model.bin/,
  );
  await expect(resolveModel("org/other")).rejects.toThrow(/the hub, revision main: .*404/s);
  await hub.close();
  await expect(resolveModel("org/name")).rejects.toThrow(
    /the hub, revision main: fetch failed \(.+\)\nCheck the id and the network/s,
  );
});

test("sample data is found, or its absence says how to get it", () => {
  expect(() => sampleData("movie-reviews")).toThrow(/Run npm start or npx thaw setup/);
  write("thaw/data/tweets_GroundTruth.txt");
  expect(sampleData("tweets")).toBe(join(folder, "thaw/data/tweets_GroundTruth.txt"));
  expect(() => sampleData("poems" as "tweets")).toThrow(/no sample called "poems". There are: movie-reviews, tweets/);
});
