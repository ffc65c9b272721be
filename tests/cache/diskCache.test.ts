import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { readdirSync, readlinkSync } from "node:fs";
import { join } from "node:path";
import { afterEach, expect, test } from "vitest";
import { PrefixCache } from "../../src/cache/prefixCache.ts";
import { CacheBudget, DiskRows } from "../../src/cache/rowStore.ts";
import { TextDataset } from "../../src/data/textDataset.ts";
import { PackedBatch } from "../../src/models/packedBatch.ts";
import type { TrainingArguments } from "../../src/plan/arguments.ts";
import type { Stage } from "../../src/plan/stage.ts";
import type { Trainer } from "../../src/trainer.ts";
import { temporaryFolder } from "../temporary.ts";
import { letters, tinyModel, tinyTokenizer, tinyTrainer, weightsOf } from "../train/tiny.ts";

const folder = temporaryFolder();
const texts = tinyTokenizer.encodeBatch(letters(70).texts);
const model = await tinyModel();
const onDisk = (options = {}) => new PrefixCache(model, texts, new CacheBudget({ memory: 0, folder, ...options }));

/** Cache files that this process has open; Linux only, elsewhere always none. */
function openFiles(): number {
  if (process.platform !== "linux") return 0;
  const target = (fd: string): string => {
    try {
      return readlinkSync(`/proc/self/fd/${fd}`);
    } catch {
      return ""; // closed since
    }
  };
  return readdirSync("/proc/self/fd").filter((fd) => target(fd).includes("thaw-cache-")).length;
}

afterEach(() => {
  expect([readdirSync(folder), openFiles()]).toEqual([[], 0]); // whatever happened, no file is left
});

test("rows from the disk are those from memory, byte for byte", async () => {
  const [memory, disk] = [new PrefixCache(model, texts), onDisk()];
  for (const cache of [memory, disk]) for await (const _ of cache.fill([1, 3]));
  expect([1, 3].flatMap((cut) => [memory.placeOf(cut), disk.placeOf(cut)])).toEqual([
    "memory",
    "disk",
    "memory",
    "disk",
  ]);
  expect(disk.bytes).toBe(memory.bytes);
  const indices = [68, 0, 31, 0];
  const batch = PackedBatch.fromTexts(indices.map((index) => texts[index] as (typeof texts)[number]));
  for (const cut of [1, 3]) {
    const [a, b] = [memory, disk].map((cache) => cache.rows(cut, indices, batch));
    expect(b?.shape).toEqual(a?.shape);
    expect(b?.dataSync()).toEqual(a?.dataSync());
  }
  if (process.platform === "linux") expect(openFiles()).toBe(2);
  disk.dispose();
  disk.dispose(); // a second time does nothing
});

/** Texts of one length, so that every batch of 16 has the same shape, and so has the only one of the pass. */
const sixteen = async (args: TrainingArguments, stages: readonly Stage[]): Promise<Trainer> => {
  const all = letters(200);
  const rows = all.texts.flatMap((text, i) => (text.length === 9 ? [i] : [])).slice(0, 16);
  expect(rows.length).toBe(16);
  const data = new TextDataset({
    name: "sixteen",
    texts: rows.map((row) => all.texts[row] as string),
    labels: rows.map((row) => all.labels[row] as number),
    labelNames: all.labelNames,
  });
  const options = {
    model: await tinyModel({ hidden_dropout_prob: 0.1 }),
    trainDataset: data,
    evalDataset: data,
    stages,
  };
  return tinyTrainer({ ...options, args: { perDeviceTrainBatchSize: 16, ...args } });
};

const hashOf = (trainer: Trainer): string => {
  const hash = createHash("sha256");
  for (const [name, values] of weightsOf(trainer)) hash.update(name).update(new Uint8Array(values.buffer));
  return hash.digest("hex");
};

const head: Stage = { train: "head", epochs: 2 };
const last = (layers: number): Stage => ({ train: ["head", { lastLayers: layers }], epochs: 2 });

test.each<[string, Stage[]]>([
  ["head > last 2 > head", [head, last(2), head]],
  ["last 1 > last 2 > all", [last(1), last(2), { train: "all", epochs: 1 }]],
])(
  "%s: cached in memory, on the disk, and computed anew, the weights are the same to the last bit",
  async (_, stages) => {
    const train = async (args: TrainingArguments) => {
      const trainer = await sixteen(args, stages);
      const run = await trainer.train();
      return { hash: hashOf(trainer), notices: run.notices };
    };
    const memory = await train({});
    const disk = await train({ cacheMemory: 0 });
    const anew = await train({ cacheMemory: 0, cacheDisk: 0 });
    expect([memory.notices, disk.notices]).toEqual([[], []]);
    expect(anew.notices.length).toBeGreaterThan(0); // never silently
    expect([disk.hash, anew.hash]).toEqual([memory.hash, memory.hash]);
    expect((await train({ seed: 2 })).hash).not.toBe(memory.hash);
  },
);

test("a run that is stopped or fails closes its files", async () => {
  const trainer = await sixteen({ cacheMemory: 0 }, [{ ...head, epochs: 9 }]);
  const open: number[] = [];
  const run = async (fail: boolean, kind: "prefix" | "step") => {
    const controller = new AbortController();
    for await (const event of trainer.events({ signal: controller.signal })) {
      if (event.kind !== kind) continue;
      open.push(openFiles());
      if (fail) throw new Error("the view failed");
      controller.abort(new Error("stopped by hand"));
    }
  };
  await expect(run(false, "step")).rejects.toThrow("stopped by hand");
  expect(openFiles()).toBe(0);
  await expect(run(false, "prefix")).rejects.toThrow("stopped by hand");
  expect(openFiles()).toBe(0);
  await expect(run(true, "step")).rejects.toThrow("the view failed");
  if (process.platform === "linux") expect(Math.min(...open)).toBeGreaterThan(0);
});

test("where no file can be made, the rows are computed anew, and why is said", async () => {
  const cache = onDisk({ disk: 1e9, folder: join(folder, "missing") });
  for await (const _ of cache.fill([3]));
  expect(cache.has(3)).toBe(false);
  expect(cache.notices).toEqual([
    expect.stringMatching(
      /layers 0 to 2 give for 70 texts .*could not be kept.*ENOENT.*computed again in every epoch\.$/,
    ),
  ]);
});

test.runIf(process.platform === "linux")(
  "a disk that fills up in the middle ends nothing but that cut's file",
  async () => {
    const limit = (bytes: number | "unlimited") =>
      execFileSync("prlimit", ["--pid", String(process.pid), `--fsize=${bytes}:`]);
    const cache = onDisk({ disk: 1e9 });
    limit(20_000); // bytes in a file: enough for the cut before the head, not for the one with all tokens
    try {
      for await (const _ of cache.fill([1, 3]));
    } finally {
      limit("unlimited");
    }
    expect([cache.placeOf(1), cache.placeOf(3)]).toEqual([undefined, "disk"]);
    expect(cache.notices).toEqual([expect.stringMatching(/layers 0 to 0 .*the disk took no more \(EFBIG/)]);
    cache.dispose();
  },
);

test("a file that somebody has cut is an error with what to do, never wrong rows", () => {
  const rows = new DiskRows(folder);
  rows.write(0, Float32Array.of(1, 2, 3));
  const target = new Float32Array(3);
  expect([rows.read(0, target), [...target]]).toEqual([3, [1, 2, 3]]);
  if (process.platform === "linux") {
    const fd = readdirSync("/proc/self/fd").find((each) => {
      try {
        return readlinkSync(`/proc/self/fd/${each}`).includes("thaw-cache-");
      } catch {
        return false;
      }
    });
    execFileSync("truncate", ["-s", "4", `/proc/${process.pid}/fd/${fd}`]);
    expect(() => rows.read(0, target)).toThrow(expect.objectContaining({ code: "CACHE_LOST" }));
  }
  rows.dispose();
});
