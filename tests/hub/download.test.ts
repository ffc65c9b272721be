import { lstatSync, mkdirSync, readdirSync, readFileSync, readlinkSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test, vi } from "vitest";
import { resolveModel } from "../../src/hub/resolveModel.ts";
import { commit, etagOf, type Fault, type HubOptions, sha256, startHub } from "./loopbackHub.ts";
import { id, model, ScratchHub, weights } from "./scratchHub.ts";

const hub = new ScratchHub();
const stored = () => sha256(readFileSync(join(hub.snapshot, "model.safetensors")));
const contentRequests = () => hub.requests.filter((request) => request.endsWith("model.safetensors")).length;
const onWeights = (fault: (count: number) => Fault | undefined): HubOptions => ({
  fault: (file, count) => (file === "model.safetensors" ? fault(count) : undefined),
});
/** Everything in the cache under its content's hash, as it should be: whatever happened, no bad file has a name. */
function checkBlobs(): void {
  for (const name of readdirSync(hub.blobs).filter((file) => !file.includes("incomplete"))) {
    expect(etagOf(readFileSync(join(hub.blobs, name)))).toBe(name);
  }
}

test("files lie where Python puts them: content by its hash, a relative link in the snapshot, the commit under the branch", async () => {
  const { requests } = await hub.serve();
  expect(await resolveModel(id)).toBe(hub.snapshot);
  for (const [file, content] of model) {
    const bytes = Buffer.from(content as string);
    expect(readFileSync(join(hub.snapshot, file))).toEqual(bytes);
    expect(readlinkSync(join(hub.snapshot, file))).toBe(`../../blobs/${etagOf(bytes)}`);
  }
  expect(readFileSync(join(hub.repository, "refs/main"), "utf8")).toBe(commit);
  expect(readdirSync(hub.blobs).filter((name) => name.includes("incomplete"))).toEqual([]);
  expect(requests).toHaveLength(5);
});

test("a connection that is cut at any of 200 places is taken up there, and the content is right", async () => {
  for (let i = 0; i < 200; i++) {
    hub.clearCache();
    const at = Math.floor((i * weights.length) / 200) + (i % 7);
    await hub.serve(
      model,
      onWeights((count) => (count === 0 ? { cutAfter: at } : undefined)),
    );
    await resolveModel(id);
    expect(stored(), `cut after ${at}`).toBe(sha256(weights));
    expect(contentRequests()).toBe(2);
  }
}, 120_000);

test("a download that is given up leaves what it has, and the next one goes on from there", async () => {
  await hub.serve(
    model,
    onWeights((count) => (count === 0 ? { cutAfter: 150_000 } : { cutAfter: 0 })),
  );
  await expect(resolveModel(id)).rejects.toThrow(/model\.safetensors ended after 1\d{5} of 200000 bytes/);
  expect(readdirSync(hub.snapshot)).not.toContain("model.safetensors");
  const [left] = readdirSync(hub.blobs).filter((name) => name.includes("incomplete"));
  expect(left).toBe(`${sha256(weights)}.incomplete`);
  const kept = lstatSync(join(hub.blobs, left as string)).size;
  expect(kept).toBeGreaterThan(100_000);
  await hub.serve(
    model,
    onWeights(() => ({ cutAfter: weights.length - kept })),
  );
  await resolveModel(id);
  expect(contentRequests()).toBe(1);
  expect(stored()).toBe(sha256(weights));
  expect(readdirSync(hub.blobs).filter((name) => name.includes("incomplete"))).toEqual([]);
});

test("what was left of other content is noticed and fetched anew", async () => {
  mkdirSync(hub.blobs, { recursive: true });
  writeFileSync(join(hub.blobs, `${sha256(weights)}.incomplete`), Buffer.alloc(70_000, 1));
  await hub.serve();
  await resolveModel(id);
  expect(stored()).toBe(sha256(weights));
  expect(contentRequests()).toBe(2);
});

test("a hub that ignores ranges, or sends another part, still ends in the right content", async () => {
  await hub.serve(
    model,
    onWeights((count) => (count === 0 ? { cutAfter: 90_000 } : { ignoreRange: true })),
  );
  await resolveModel(id);
  expect(stored()).toBe(sha256(weights));
  hub.clearCache();
  await hub.serve(
    model,
    onWeights((count) => [{ cutAfter: 90_000 }, { from: 120_000 }][count]),
  );
  await resolveModel(id);
  expect(stored()).toBe(sha256(weights));
});

const other = Buffer.from(weights).reverse();
test.each<[string, (count: number) => Fault | undefined, RegExp]>([
  ["other content of the same length", () => ({ content: other }), /has not the sha256 hash that the hub gives/],
  [
    "content that changes on the way",
    (count) => (count === 0 ? { cutAfter: 90_000 } : { content: other }),
    /has not the sha256 hash/,
  ],
  [
    "content that changes on the way, with its etag",
    (count) => (count === 0 ? { cutAfter: 90_000 } : { content: other, etag: sha256(other) }),
    /has not the sha256 hash/,
  ],
  [
    "everything in place of the rest, always cut",
    () => ({ cutAfter: 90_000, ignoreRange: true }),
    /ended after \d+ of 200000 bytes/,
  ],
  ["longer content", () => ({ content: Buffer.concat([weights, other]) }), /is longer than the 200000 bytes/],
  ["shorter content", () => ({ content: weights.subarray(0, 1000) }), /ended after 1000 of 200000 bytes/],
  ["nothing", () => ({ content: Buffer.alloc(0) }), /ended after 0 of 200000 bytes/],
  ["a connection that is always cut at once", () => ({ cutAfter: 0 }), /ended after 0 of 200000 bytes/],
  ["404", () => ({ status: 404 }), /answered 404/],
  ["401", () => ({ status: 401 }), /answered 401: set HF_TOKEN/],
  ["403", () => ({ status: 403 }), /answered 403: set HF_TOKEN/],
  ["500 each time", () => ({ status: 500 }), /ended after 0 of 200000 bytes/],
  ["416 each time", () => ({ status: 416 }), /ended after 0 of 200000 bytes/],
])(
  "%s gives a clear error, and no file",
  async (_, fault, message) => {
    await hub.serve(model, onWeights(fault));
    const error = await resolveModel(id).catch((caught) => caught);
    expect(error).toMatchObject({ code: "MODEL_NOT_FOUND", message: expect.stringMatching(message) });
    expect(readdirSync(hub.snapshot)).not.toContain("model.safetensors");
    checkBlobs();
    await hub.serve();
    await resolveModel(id);
    expect(stored()).toBe(sha256(weights));
  },
  30_000,
);

test("an etag that changes on the way is no reason to stop: the content decides", async () => {
  await hub.serve(
    model,
    onWeights((count) => (count === 0 ? { cutAfter: 90_000 } : { etag: "another" })),
  );
  await resolveModel(id);
  expect(stored()).toBe(sha256(weights));
});

test("one 500, 429 or 416 is got over", async () => {
  for (const status of [500, 429, 416]) {
    hub.clearCache();
    await hub.serve(
      model,
      onWeights((count) => [{ cutAfter: 90_000 }, { status }][count]),
    );
    await resolveModel(id);
    expect(stored(), `${status}`).toBe(sha256(weights));
  }
});

test("silence is given up after HF_HUB_DOWNLOAD_TIMEOUT", async () => {
  vi.stubEnv("HF_HUB_DOWNLOAD_TIMEOUT", "0.2");
  await hub.serve(
    model,
    onWeights(() => ({ silent: true })),
  );
  await expect(resolveModel(id)).rejects.toThrow(/ended after 0 of 200000 bytes \(no answer for too long\)/);
});

test("eight downloads at once agree", async () => {
  await hub.serve(
    model,
    onWeights((count) => (count % 3 === 0 ? { cutAfter: 30_000 * (1 + (count % 5)) } : undefined)),
  );
  const found = await Promise.all(Array.from({ length: 8 }, () => resolveModel(id)));
  expect(new Set(found)).toEqual(new Set([hub.snapshot]));
  expect(stored()).toBe(sha256(weights));
  expect(readdirSync(hub.blobs).sort()).toEqual(
    [...model.values()].map((content) => etagOf(Buffer.from(content as string))).sort(),
  );
});

test("a damaged or dangling file in the snapshot is replaced", async () => {
  await hub.serve();
  await resolveModel(id);
  rmSync(join(hub.blobs, sha256(weights)));
  await resolveModel(id);
  expect(stored()).toBe(sha256(weights));
});

test("the token goes to the hub alone, not to where it sends us", async () => {
  const store = await startHub(id, model);
  vi.stubEnv("HF_TOKEN", "a-token-of-any-form\n");
  await hub.serve(
    model,
    onWeights((count) => (count === 0 ? { redirect: store.url } : undefined)),
  );
  await resolveModel(id);
  expect(new Set(hub.authorization)).toEqual(new Set(["Bearer a-token-of-any-form"]));
  expect(store.requests).toEqual([`GET /${id}/resolve/${commit}/model.safetensors`]);
  expect(store.authorization).toEqual([undefined]);
  expect(stored()).toBe(sha256(weights));
  await store.close();
});

test("a redirect to the same host keeps the token, a redirect without an end is given up", async () => {
  vi.stubEnv("HF_TOKEN", "t");
  const first = await hub.serve(
    model,
    onWeights((count) => (count === 0 ? { redirect: "" } : undefined)),
  );
  await resolveModel(id);
  expect(new Set(first.authorization)).toEqual(new Set(["Bearer t"]));
  hub.clearCache();
  await hub.serve(
    model,
    onWeights(() => ({ redirect: "" })),
  );
  await expect(resolveModel(id)).rejects.toThrow(/redirect/);
}, 30_000);

test("shards are fetched by their index, and what an index names must be there", async () => {
  const index = (file: string) => JSON.stringify({ weight_map: { a: "model-00001-of-00002.safetensors", b: file } });
  const shards = new Map<string, string | Buffer>([
    ["config.json", "{}"],
    ["model.safetensors.index.json", index("model-00002-of-00002.safetensors")],
    ["model-00001-of-00002.safetensors", "one"],
    ["model-00002-of-00002.safetensors", weights],
    ["model-00003-of-00002.safetensors", "not named"],
    ["pytorch_model.bin", "not wanted"],
    ["spiece.model", "pieces"],
  ]);
  await hub.serve(shards);
  await resolveModel(id);
  expect(readdirSync(hub.snapshot).sort()).toEqual([
    "config.json",
    "model-00001-of-00002.safetensors",
    "model-00002-of-00002.safetensors",
    "model.safetensors.index.json",
    "spiece.model",
  ]);
  const asked = hub.requests.length;
  await resolveModel(id);
  expect(hub.requests).toHaveLength(asked as number);
  rmSync(join(hub.snapshot, "model-00002-of-00002.safetensors"));
  await resolveModel(id); // one that is missing is fetched
  expect(sha256(readFileSync(join(hub.snapshot, "model-00002-of-00002.safetensors")))).toBe(sha256(weights));
  for (const [file, message] of [
    [
      "model-00009-of-00002.safetensors",
      /has no model-00009-of-00002.safetensors, which model.safetensors.index.json names/,
    ],
    ["../../../../secret.safetensors", /no plain file name/],
  ] as const) {
    hub.clearCache();
    await hub.serve(new Map<string, string | Buffer>([...shards, ["model.safetensors.index.json", index(file)]]));
    await expect(resolveModel(id)).rejects.toThrow(message);
  }
});

test("pytorch_model.bin is fetched where there is nothing better", async () => {
  await hub.serve(
    new Map<string, string | Buffer>([
      ["config.json", "{}"],
      ["pytorch_model.bin", weights],
      ["vocab.txt", "[PAD]"],
      ["tf_model.h5", "no"],
    ]),
  );
  await resolveModel(id);
  expect(readdirSync(hub.snapshot).sort()).toEqual(["config.json", "pytorch_model.bin", "vocab.txt"]);
});

test("offline, nobody is asked, under both names of the variable", async () => {
  const { requests } = await hub.serve();
  for (const name of ["HF_HUB_OFFLINE", "TRANSFORMERS_OFFLINE"]) {
    vi.stubEnv("HF_HUB_OFFLINE", "");
    vi.stubEnv(name, "ON");
    await expect(resolveModel(id)).rejects.toThrow(/not asked/);
  }
  expect(requests).toEqual([]);
});

test.each(["main", "a-tag", "v1.0", "feature/x", "refs/pr/1"])(
  "revision %s lies under its name in refs, and is found there without the network",
  async (revision) => {
    const prefix = "/some/hub";
    const { url } = await hub.serve(model, { revisions: ["a-tag", "v1.0", "feature/x", "refs/pr/1"], prefix });
    expect(url).toMatch(/\/some\/hub$/);
    expect(await resolveModel(id, { revision })).toBe(hub.snapshot);
    expect(readFileSync(join(hub.repository, "refs", revision), "utf8")).toBe(commit);
    const asked = hub.requests.length;
    vi.stubEnv("HF_HUB_OFFLINE", "1");
    expect(await resolveModel(id, { revision })).toBe(hub.snapshot);
    expect(hub.requests).toHaveLength(asked as number);
  },
);

test("a revision that the hub does not know is named", async () => {
  await hub.serve();
  await expect(resolveModel(id, { revision: "none" })).rejects.toThrow(/revision none: .*answered 404/);
});

test("a commit as revision needs no reference, and is found again by itself", async () => {
  await hub.serve();
  expect(await resolveModel(id, { revision: commit })).toBe(hub.snapshot);
  expect(readdirSync(hub.repository)).not.toContain("refs");
  await hub.close();
  expect(await resolveModel(id, { revision: commit })).toBe(hub.snapshot);
});
