import {
  existsSync,
  linkSync,
  lstatSync,
  lutimesSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { dirname, join, relative } from "node:path";
import { expect, test, vi } from "vitest";
import { resolveModel } from "../../src/hub/resolveModel.ts";
import { hostileIds, hostileRevisions, hostileShards } from "./hostileNames.ts";
import { commit, etagOf, type HubOptions, sha256, type TreeEntry } from "./loopbackHub.ts";
import { id, model, ScratchHub, weights } from "./scratchHub.ts";

const hub = new ScratchHub();
const blob = sha256(weights);

/** Runs from a folder in which no hostile name can mean a folder that is there. */
async function fromElsewhere(run: () => Promise<void>): Promise<void> {
  const startedFrom = process.cwd();
  const deep = mkdtempSync(join(hub.folder, "deep-"));
  mkdirSync(join(deep, "deeper", "still"), { recursive: true });
  process.chdir(join(deep, "deeper", "still"));
  try {
    await run();
  } finally {
    process.chdir(startedFrom);
    rmSync(deep, { recursive: true });
  }
}

test(`${hostileIds.length} hostile ids and ${hostileRevisions.length} hostile revisions touch nothing and ask nobody`, async () => {
  const { requests } = await hub.serve();
  vi.stubEnv("HOME", hub.folder);
  const before = hub.outside();
  await fromElsewhere(async () => {
    for (const hostile of hostileIds) {
      await expect(resolveModel(hostile), JSON.stringify(hostile)).rejects.toMatchObject({ code: "MODEL_NOT_FOUND" });
    }
  });
  for (const revision of hostileRevisions) {
    await expect(resolveModel("org/other", { revision }), JSON.stringify(revision)).rejects.toMatchObject({
      code: "BAD_REVISION",
    });
  }
  expect(hub.outside()).toEqual(before);
  expect(existsSync(hub.cache)).toBe(false);
  expect(requests).toEqual([]);
});

test(`${hostileShards.length} hostile file names in an index are refused, and 0 bytes outside the cache are touched`, async () => {
  const before = hub.outside();
  for (const hostile of hostileShards) {
    const index = JSON.stringify({ weight_map: { a: "model-00001-of-00002.safetensors", b: hostile } });
    hub.clearCache();
    const { requests } = await hub.serve(
      new Map<string, string | Buffer>([
        ["config.json", "{}"],
        ["model.safetensors.index.json", index],
        ["model-00001-of-00002.safetensors", "one"],
        [hostile, "evil"],
      ]),
    );
    await expect(resolveModel(id), JSON.stringify(hostile)).rejects.toThrow(/which is no plain file name/);
    expect(requests.filter((request) => request.includes("resolve"))).toEqual([
      `GET /${id}/resolve/${commit}/model.safetensors.index.json`,
    ]);
    expect(readdirSync(hub.snapshot)).toEqual(["model.safetensors.index.json"]);
  }
  expect(hub.outside()).toEqual(before);
});

test(`${hostileShards.length} hostile file names in the hub's list are passed over`, async () => {
  const before = hub.outside();
  const hostile = hostileShards.filter((name) => !model.has(name));
  const { requests } = await hub.serve(new Map([...model, ...hostile.map((name) => [name, "evil"] as const)]));
  await resolveModel(id);
  expect(readdirSync(hub.snapshot).sort()).toEqual([...model.keys()].sort());
  expect(requests.filter((request) => request.includes("resolve"))).toHaveLength(model.size);
  expect(hub.outside()).toEqual(before);
});

test.each<[string, HubOptions]>([
  ["a commit with a path in it", { info: (info) => ({ ...info, sha: "../../../../x" }) }],
  ["no commit", { info: ({ id }) => ({ id }) }],
  ["a short commit", { info: (info) => ({ ...info, sha: "0123" }) }],
  ["null", { info: () => null }],
  ["a page in place of JSON", { info: () => "<html>Log in" }],
  ["a list that is none", { tree: () => ({}) }],
  ["null for the list", { tree: () => null }],
  ["files that are null", { tree: () => [null, null] }],
  ["a list without an end", { endless: true }],
  ["hashes with paths in them", change({ oid: "../../../../pwned", lfs: undefined })],
  ["large-file hashes with paths in them", change({ lfs: { size: 3, oid: "../../../../pwned" } })],
  ["hashes of another length", change({ oid: "abc", lfs: undefined })],
  ["sizes below 0", change({ size: -1, lfs: undefined })],
  ["sizes that are no numbers", change({ size: "3", lfs: undefined })],
  ["names that are no text", change({ path: 3 })],
  ["names that lead away", change({ path: "../../config.json" })],
  ["folders with the names of files", change({ type: "directory" })],
])("a hub that answers with %s is refused, and nothing is written outside the cache", async (_, options) => {
  vi.stubEnv("HF_HUB_DOWNLOAD_TIMEOUT", "1");
  await hub.serve(model, options);
  const before = hub.outside();
  await expect(resolveModel(id)).rejects.toMatchObject({ code: "MODEL_NOT_FOUND" });
  expect(hub.outside()).toEqual(before);
});

function change(fields: Record<string, unknown>): HubOptions {
  return { tree: (entries: readonly TreeEntry[]) => entries.map((entry) => ({ ...entry, ...fields })) };
}

/** Where a link in the cache is put, what it leads to, and whether a download goes on in spite of it. */
const links: readonly (readonly [string, place: string, target: string, outcome: "refused" | "replaced"])[] = [
  ["the repository", ".", "folder", "refused"],
  ["the folder of the blobs", "blobs", "folder", "refused"],
  ["the folder of the snapshots", "snapshots", "folder", "refused"],
  ["the snapshot", `snapshots/${commit}`, "folder", "refused"],
  ["the folder of the references", "refs", "folder", "refused"],
  ["a folder in the references", "refs/feature", "folder", "refused"],
  ["the folder of the blobs, to nothing", "blobs", "none", "refused"],
  ["the snapshot, to nothing", `snapshots/${commit}`, "none", "refused"],
  ["the reference", "refs/feature/x", "file", "replaced"],
  ["the content", `blobs/${blob}`, "large", "replaced"],
  ["what is left of a download", `blobs/${blob}.incomplete`, "file", "replaced"],
  ["what a killed process left", `blobs/${blob}.incomplete-1-0`, "file", "replaced"],
  ["a file of the snapshot", `snapshots/${commit}/model.safetensors`, "file", "replaced"],
  ["a file of the snapshot, to nothing", `snapshots/${commit}/model.safetensors`, "none", "replaced"],
];

test.each(links)(
  "a link out of the cache in the place of %s: 0 bytes are touched there",
  async (_, place, target, outcome) => {
    const victim = join(hub.folder, "outside");
    mkdirSync(join(victim, "folder"), { recursive: true });
    writeFileSync(join(victim, "folder", "kept"), "kept");
    writeFileSync(join(victim, "file"), weights.subarray(0, 1000));
    writeFileSync(join(victim, "large"), Buffer.alloc(weights.length, 1));
    for (const name of ["file", "large"]) utimesSync(join(victim, name), 1, 1);
    mkdirSync(dirname(join(hub.repository, place)), { recursive: true });
    symlinkSync(relative(dirname(join(hub.repository, place)), join(victim, target)), join(hub.repository, place));
    lutimesSync(join(hub.repository, place), 1, 1); // so old that it counts as abandoned
    const before = hub.outside();
    await hub.serve(model, { revisions: ["feature/x"] });
    const found = await resolveModel(id, { revision: "feature/x" }).catch((error) => error);
    expect(hub.outside()).toEqual(before);
    if (outcome === "refused") {
      expect(found).toMatchObject({
        code: "MODEL_NOT_FOUND",
        message: expect.stringMatching(/is a link out of the cache/),
      });
      return;
    }
    expect(found).toBe(hub.snapshot);
    expect(sha256(readFileSync(join(hub.snapshot, "model.safetensors")))).toBe(blob);
    expect(lstatSync(join(hub.blobs, blob)).isSymbolicLink()).toBe(false);
    expect(readFileSync(join(hub.repository, "refs/feature/x"), "utf8")).toBe(commit);
  },
);

test("what is left of a download under a second name outside the cache is not written to", async () => {
  const victim = join(hub.folder, "file");
  writeFileSync(victim, weights.subarray(0, 1000));
  mkdirSync(hub.blobs, { recursive: true });
  linkSync(victim, join(hub.blobs, `${blob}.incomplete`));
  const before = hub.outside();
  await hub.serve();
  await resolveModel(id);
  expect(hub.outside()).toEqual(before);
  expect(sha256(readFileSync(join(hub.snapshot, "model.safetensors")))).toBe(blob);
});

test("a cache that is itself a link is as good as any, and so is a link within it", async () => {
  const elsewhere = join(hub.folder, "large-disk");
  mkdirSync(join(elsewhere, "store"), { recursive: true });
  symlinkSync(elsewhere, hub.cache);
  symlinkSync("store", hub.repository);
  await hub.serve();
  expect(await resolveModel(id)).toBe(hub.snapshot);
  expect(readdirSync(join(elsewhere, "store/blobs")).sort()).toEqual(
    [...model.values()].map((content) => etagOf(Buffer.from(content as string))).sort(),
  );
});
