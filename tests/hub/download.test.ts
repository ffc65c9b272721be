import {
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  realpathSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { resolveModel } from "../../src/hub/resolveModel.ts";
import { commit, etagOf, type Fault, type HubOptions, type LoopbackHub, sha256, startHub } from "./loopbackHub.ts";

const id = "org/name";
/** Content that no part of repeats, so that parts in the wrong place show. */
const weights = Buffer.from(Uint32Array.from({ length: 50_000 }, (_, i) => Math.imul(i + 1, 2_654_435_761)).buffer);
const model = new Map<string, string | Buffer>([
  ["config.json", '{"model_type":"bert"}'],
  ["model.safetensors", weights],
  ["tokenizer.json", "{}"],
]);

let folder = "";
let hub: LoopbackHub | undefined;
beforeEach(() => {
  folder = realpathSync(mkdtempSync(join(tmpdir(), "thaw-download-")));
  vi.stubEnv("THAW_HOME", join(folder, "thaw"));
  vi.stubEnv("HF_HUB_CACHE", join(folder, "cache"));
  vi.stubEnv("HF_HUB_OFFLINE", "");
  vi.stubEnv("HF_HOME", folder);
  vi.stubEnv("HF_TOKEN", "");
  vi.spyOn(process.stderr, "write").mockReturnValue(true); // the bar
});
afterEach(async () => {
  await hub?.close();
  hub = undefined;
  vi.unstubAllEnvs();
  vi.restoreAllMocks();
  rmSync(folder, { recursive: true });
});

async function serve(files = model, options: HubOptions = {}): Promise<LoopbackHub> {
  await hub?.close();
  hub = await startHub(id, files, options);
  vi.stubEnv("HF_ENDPOINT", hub.url);
  return hub;
}

const blobs = () => join(folder, "cache/models--org--name/blobs");
const snapshot = () => join(folder, "cache/models--org--name/snapshots", commit);
const stored = () => sha256(readFileSync(join(snapshot(), "model.safetensors")));
const contentRequests = () => hub?.requests.filter((request) => request.endsWith("model.safetensors")).length;
const onWeights = (fault: (count: number) => Fault | undefined): HubOptions => ({
  fault: (file, count) => (file === "model.safetensors" ? fault(count) : undefined),
});
/** Everything in the cache under its content's hash, as it should be: whatever happened, no bad file has a name. */
function checkBlobs(): void {
  for (const name of readdirSync(blobs()).filter((file) => !file.includes("incomplete"))) {
    expect(etagOf(readFileSync(join(blobs(), name)))).toBe(name);
  }
}

test("files lie where Python puts them: content by its hash, a relative link in the snapshot, the commit under the branch", async () => {
  const { requests } = await serve();
  expect(await resolveModel(id)).toBe(snapshot());
  for (const [file, content] of model) {
    const bytes = Buffer.from(content as string);
    expect(readFileSync(join(snapshot(), file))).toEqual(bytes);
    expect(readlinkSync(join(snapshot(), file))).toBe(`../../blobs/${etagOf(bytes)}`);
  }
  expect(readFileSync(join(folder, "cache/models--org--name/refs/main"), "utf8")).toBe(commit);
  expect(readdirSync(blobs()).filter((name) => name.includes("incomplete"))).toEqual([]);
  expect(requests).toHaveLength(5);
});

test("a connection that is cut at any of 200 places is taken up there, and the content is right", async () => {
  for (let i = 0; i < 200; i++) {
    rmSync(join(folder, "cache"), { recursive: true, force: true });
    const at = Math.floor((i * weights.length) / 200) + (i % 7);
    await serve(
      model,
      onWeights((count) => (count === 0 ? { cutAfter: at } : undefined)),
    );
    await resolveModel(id);
    expect(stored(), `cut after ${at}`).toBe(sha256(weights));
    expect(contentRequests()).toBe(2);
  }
}, 120_000);

test("a download that is given up leaves what it has, and the next one goes on from there", async () => {
  await serve(
    model,
    onWeights((count) => (count === 0 ? { cutAfter: 150_000 } : { cutAfter: 0 })),
  );
  await expect(resolveModel(id)).rejects.toThrow(/model\.safetensors ended after 1\d{5} of 200000 bytes/);
  expect(readdirSync(snapshot())).not.toContain("model.safetensors");
  const [left] = readdirSync(blobs()).filter((name) => name.includes("incomplete"));
  expect(left).toBe(`${sha256(weights)}.incomplete`);
  const kept = lstatSync(join(blobs(), left as string)).size;
  expect(kept).toBeGreaterThan(100_000);
  await serve(
    model,
    onWeights(() => ({ cutAfter: weights.length - kept })),
  );
  await resolveModel(id);
  expect(contentRequests()).toBe(1);
  expect(stored()).toBe(sha256(weights));
  expect(readdirSync(blobs()).filter((name) => name.includes("incomplete"))).toEqual([]);
});

test("what was left of other content is noticed and fetched anew", async () => {
  mkdirSync(blobs(), { recursive: true });
  writeFileSync(join(blobs(), `${sha256(weights)}.incomplete`), Buffer.alloc(70_000, 1));
  await serve();
  await resolveModel(id);
  expect(stored()).toBe(sha256(weights));
  expect(contentRequests()).toBe(2);
});

test("a hub that ignores ranges, or sends another part, still ends in the right content", async () => {
  await serve(
    model,
    onWeights((count) => (count === 0 ? { cutAfter: 90_000 } : { ignoreRange: true })),
  );
  await resolveModel(id);
  expect(stored()).toBe(sha256(weights));
  rmSync(join(folder, "cache"), { recursive: true });
  await serve(
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
    await serve(model, onWeights(fault));
    const error = await resolveModel(id).catch((caught) => caught);
    expect(error).toMatchObject({ code: "MODEL_NOT_FOUND", message: expect.stringMatching(message) });
    expect(readdirSync(snapshot())).not.toContain("model.safetensors");
    checkBlobs();
    await serve();
    await resolveModel(id);
    expect(stored()).toBe(sha256(weights));
  },
  30_000,
);

test("one 500, 429 or 416 is got over", async () => {
  for (const status of [500, 429, 416]) {
    rmSync(join(folder, "cache"), { recursive: true, force: true });
    await serve(
      model,
      onWeights((count) => [{ cutAfter: 90_000 }, { status }][count]),
    );
    await resolveModel(id);
    expect(stored(), `${status}`).toBe(sha256(weights));
  }
});

test("silence is given up after HF_HUB_DOWNLOAD_TIMEOUT", async () => {
  vi.stubEnv("HF_HUB_DOWNLOAD_TIMEOUT", "0.2");
  await serve(
    model,
    onWeights(() => ({ silent: true })),
  );
  await expect(resolveModel(id)).rejects.toThrow(/ended after 0 of 200000 bytes \(no answer for too long\)/);
});

test("eight downloads at once agree", async () => {
  await serve(
    model,
    onWeights((count) => (count % 3 === 0 ? { cutAfter: 30_000 * (1 + (count % 5)) } : undefined)),
  );
  const found = await Promise.all(Array.from({ length: 8 }, () => resolveModel(id)));
  expect(new Set(found)).toEqual(new Set([snapshot()]));
  expect(stored()).toBe(sha256(weights));
  expect(readdirSync(blobs()).sort()).toEqual(
    [...model.values()].map((content) => etagOf(Buffer.from(content as string))).sort(),
  );
});

test("a damaged or dangling file in the snapshot is replaced", async () => {
  await serve();
  await resolveModel(id);
  rmSync(join(blobs(), sha256(weights)));
  await resolveModel(id);
  expect(stored()).toBe(sha256(weights));
});

test("the token goes to the hub alone, not to where it sends us", async () => {
  const store = await startHub(id, model);
  vi.stubEnv("HF_TOKEN", "a-token-of-any-form\n");
  await serve(
    model,
    onWeights((count) => (count === 0 ? { redirect: store.url } : undefined)),
  );
  await resolveModel(id);
  expect(new Set(hub?.authorization)).toEqual(new Set(["Bearer a-token-of-any-form"]));
  expect(store.requests).toEqual([`GET /${id}/resolve/${commit}/model.safetensors`]);
  expect(store.authorization).toEqual([undefined]);
  expect(stored()).toBe(sha256(weights));
  await store.close();
});

test("a redirect to the same host keeps the token, a redirect without an end is given up", async () => {
  vi.stubEnv("HF_TOKEN", "t");
  const first = await serve(
    model,
    onWeights((count) => (count === 0 ? { redirect: "" } : undefined)),
  );
  await resolveModel(id);
  expect(new Set(first.authorization)).toEqual(new Set(["Bearer t"]));
  rmSync(join(folder, "cache"), { recursive: true });
  await serve(
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
  await serve(shards);
  await resolveModel(id);
  expect(readdirSync(snapshot()).sort()).toEqual([
    "config.json",
    "model-00001-of-00002.safetensors",
    "model-00002-of-00002.safetensors",
    "model.safetensors.index.json",
    "spiece.model",
  ]);
  const asked = hub?.requests.length;
  await resolveModel(id);
  expect(hub?.requests).toHaveLength(asked as number);
  rmSync(join(snapshot(), "model-00002-of-00002.safetensors"));
  await resolveModel(id); // one that is missing is fetched
  expect(sha256(readFileSync(join(snapshot(), "model-00002-of-00002.safetensors")))).toBe(sha256(weights));
  for (const [file, message] of [
    [
      "model-00009-of-00002.safetensors",
      /has no model-00009-of-00002.safetensors, which model.safetensors.index.json names/,
    ],
    ["../../../../secret.safetensors", /no plain file name/],
  ] as const) {
    rmSync(join(folder, "cache"), { recursive: true });
    await serve(new Map<string, string | Buffer>([...shards, ["model.safetensors.index.json", index(file)]]));
    await expect(resolveModel(id)).rejects.toThrow(message);
  }
});

test("pytorch_model.bin is fetched where there is nothing better", async () => {
  await serve(
    new Map<string, string | Buffer>([
      ["config.json", "{}"],
      ["pytorch_model.bin", weights],
      ["vocab.txt", "[PAD]"],
      ["tf_model.h5", "no"],
    ]),
  );
  await resolveModel(id);
  expect(readdirSync(snapshot()).sort()).toEqual(["config.json", "pytorch_model.bin", "vocab.txt"]);
});

/** Every file and folder below the scratch folder, and the bytes of each file. */
function tree(): Map<string, string> {
  const entries = readdirSync(folder, { recursive: true, withFileTypes: true });
  return new Map(
    entries.map((entry) => {
      const path = join(entry.parentPath, entry.name);
      return [
        path,
        entry.isFile() ? readFileSync(path, "latin1") : entry.isSymbolicLink() ? readlinkSync(path) : "folder",
      ];
    }),
  );
}

/** None is a folder: one that is there would be taken as a path. */
const hostileIds = [
  "../../etc",
  "../a",
  "a/../b",
  "/etc/passwd-",
  "//server/share",
  "a//b",
  "a/b/c",
  "a/",
  "/a",
  "a--b/c",
  "a/b--c",
  "a..b/c",
  ".git/config",
  "a/.hidden",
  "-a/b",
  "a/-b",
  "a/b.",
  "a./b",
  "C:\\windows",
  "C:/none",
  "\\\\server\\share",
  "a\\b",
  "a\\..\\b",
  "a b/c",
  " a/b",
  "a/b ",
  "a/b\n",
  "a\0/b",
  "\0",
  "a/\u0000",
  "%2e%2e/a",
  "a%2fb",
  "a/b?x=1",
  "a/b#main",
  "a/b@main",
  "a:b/c",
  "a*b/c",
  'a"b/c',
  "a<b>/c",
  "a|b/c",
  "~root",
  "é/ü",
  "a/\u202eb",
  "a/\ufeffb",
  "x".repeat(97),
  `a/${"x".repeat(95)}`,
  "x".repeat(300),
  `${"../".repeat(40)}a`,
  "models--a--b",
  "a/models--b",
];
const hostileRevisions = [
  "..",
  "../..",
  "../../x",
  "a/../../../b",
  "/main",
  "refs/../../../x",
  "a\0b",
  "a\\..\\b",
  "",
  "a b",
  "x".repeat(251),
  "main/",
  "-main",
  ".git",
];

test(`${hostileIds.length} hostile ids and ${hostileRevisions.length} hostile revisions touch nothing and ask nobody`, async () => {
  expect(hostileIds.length + hostileRevisions.length).toBeGreaterThanOrEqual(60);
  const { requests } = await serve();
  vi.stubEnv("HOME", folder);
  const before = tree();
  // such an id may name a folder from where the tests were started: seen from here there is none
  const startedFrom = process.cwd();
  const deep = mkdtempSync(join(folder, "deep-"));
  mkdirSync(join(deep, "deeper", "still"), { recursive: true });
  process.chdir(join(deep, "deeper", "still"));
  try {
    for (const hostile of hostileIds) {
      await expect(resolveModel(hostile), JSON.stringify(hostile)).rejects.toMatchObject({ code: "MODEL_NOT_FOUND" });
    }
  } finally {
    process.chdir(startedFrom);
    rmSync(deep, { recursive: true });
  }
  for (const revision of hostileRevisions) {
    await expect(resolveModel("org/other", { revision }), JSON.stringify(revision)).rejects.toMatchObject({
      code: "BAD_REVISION",
    });
  }
  expect(tree()).toEqual(before);
  expect(requests).toEqual([]);
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
  await serve(model, options);
  const outside = () => [...tree()].filter(([path]) => !path.startsWith(join(folder, "cache")));
  const before = outside();
  await expect(resolveModel(id)).rejects.toMatchObject({ code: "MODEL_NOT_FOUND" });
  expect(outside()).toEqual(before);
});

function change(fields: Record<string, unknown>): HubOptions {
  return { tree: (entries) => entries.map((entry) => ({ ...entry, ...fields })) };
}

test("offline, nobody is asked, under both names of the variable", async () => {
  const { requests } = await serve();
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
    await serve(model, { revisions: ["a-tag", "v1.0", "feature/x", "refs/pr/1"], prefix });
    expect(hub?.url).toMatch(/\/some\/hub$/);
    expect(await resolveModel(id, { revision })).toBe(snapshot());
    expect(readFileSync(join(folder, "cache/models--org--name/refs", revision), "utf8")).toBe(commit);
    const asked = hub?.requests.length;
    vi.stubEnv("HF_HUB_OFFLINE", "1");
    expect(await resolveModel(id, { revision })).toBe(snapshot());
    expect(hub?.requests).toHaveLength(asked as number);
  },
);

test("a revision that the hub does not know is named", async () => {
  await serve();
  await expect(resolveModel(id, { revision: "none" })).rejects.toThrow(/revision none: .*answered 404/);
});

test("a commit as revision needs no reference, and is found again by itself", async () => {
  await serve();
  expect(await resolveModel(id, { revision: commit })).toBe(snapshot());
  expect(readdirSync(join(folder, "cache/models--org--name"))).not.toContain("refs");
  await hub?.close();
  expect(await resolveModel(id, { revision: commit })).toBe(snapshot());
});
