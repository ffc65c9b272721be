import { readdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { type Call, type Fault, type Outcome, withFaults } from "./faults.ts";
import {
  after,
  later,
  makeWorld,
  modelFiles,
  old,
  read,
  restsIn,
  save,
  type Tree,
  treeOf,
  users,
  whole,
} from "./world.ts";

let world: Awaited<ReturnType<typeof makeWorld>>;
beforeAll(async () => {
  vi.spyOn(console, "info").mockImplementation(() => {});
  world = await makeWorld();
});
afterAll(() => world.remove());

/** Whether every file of a folder is one of the tree's: it may be a part of it. */
const isPartOf = (part: Tree, tree: Tree) => Object.entries(part).every(([path, content]) => tree[path] === content);

/** What somebody sees who knows nothing of the saving: the old folder, the new one, or one that he refuses. */
function checkSeen(seen: Tree, where: string): void {
  if (seen["config.json"] !== undefined) expect([old, whole], where).toContainEqual(seen);
  expect(isPartOf(seen, old) || isPartOf(seen, whole), `${where}: ${JSON.stringify(seen)}`).toBe(true);
  expect(isPartOf(users, seen), where).toBe(true);
}

/** The next save works and leaves nothing behind. */
async function checkNextSave(where: string): Promise<void> {
  await withFaults(() => save(world.model, later));
  expect(treeOf(world.model), where).toEqual({ ...users, ...later });
  expect(restsIn(world.root), where).toEqual([]);
}

async function countCalls(work: () => Promise<unknown>): Promise<number> {
  world.fresh();
  const { calls, error } = await withFaults(work);
  expect(error).toBe(undefined);
  return calls.length;
}

/** Calls that need no room on the disk. */
const withoutRoom = /^(read|lstat|unlink|rmdir|freeBytes)/;
const hits = ({ index, name }: Call, at: number, fault: Fault, persistent: boolean) =>
  index === at || (persistent && index > at && !(fault === "ENOSPC" && withoutRoom.test(name)));

/** Of real models each call fails by each code, and real processes are killed: killedSaves.test.ts and the second tier. */
const faults: readonly (readonly [Fault, persistent: boolean])[] = [
  ["gone", false],
  ["short", false],
  ["EIO", false],
  ["ENOSPC", true],
  ["EACCES", true],
];

test.each(faults)(
  "a save into a folder is whole or not at all at every call, and says which: %s, persistent: %s",
  async (fault, persistent) => {
    const count = await countCalls(() => save(world.model, after));
    const tally = { unchanged: 0, saved: 0, "ended later": 0, "gone before": 0, "gone after": 0 };
    for (let at = 0; at < count; at++) {
      world.fresh();
      const { calls, error }: Outcome = await withFaults(
        () => save(world.model, after),
        (call) => (hits(call, at, fault, persistent) ? fault : undefined),
      );
      if (fault === "short" && calls[at]?.name !== "write") continue;
      const where = `${fault} at call ${at} of ${count}, ${calls[at]?.name} ${calls[at]?.path}: ${error}`;
      const seen = treeOf(world.model);
      checkSeen(seen, where);
      const message = error instanceof Error ? error.message : "";
      if (fault === "gone") {
        const found = await read(world.model);
        expect([old, whole], where).toContainEqual(found);
        expect(treeOf(world.model), where).toEqual(found);
        tally[found["config.json"] === old["config.json"] ? "gone before" : "gone after"]++;
      } else if (error === undefined) {
        expect(seen, where).toEqual(whole);
        tally.saved++;
      } else if (message.includes("What was there before is unchanged.")) {
        expect(seen, where).toEqual(old);
        expect(await read(world.model), where).toEqual(old);
        tally.unchanged++;
      } else {
        expect(message, where).toMatch(/^Could not write .*\/model: .*The new model is complete, .* fromPretrained/);
        expect(await read(world.model), where).toEqual(whole);
        expect(treeOf(world.model), where).toEqual(whole);
        tally["ended later"]++;
      }
      if (fault === "ENOSPC" && error !== undefined) {
        expect(message, where).toMatch(
          /\/model: its disk is full.*: (at least )?[\d,]+ bytes are needed, [\d,]+ are free\./,
        );
      }
      await checkNextSave(where);
    }
    console.log(`${fault}${persistent ? ", persistent" : ""} at each of ${count} calls: ${JSON.stringify(tally)}`);
  },
);

test.each(faults)(
  "a new folder appears whole or not at all at every call: %s, persistent: %s",
  async (fault, persistent) => {
    const target = join(world.root, "runs", "new");
    const count = await countCalls(() => save(target, after));
    for (let at = 0; at < count; at++) {
      world.fresh();
      const { calls, error } = await withFaults(
        () => save(target, after),
        (call) => (hits(call, at, fault, persistent) ? fault : undefined),
      );
      const where = `${fault} at call ${at} of ${count}, ${calls[at]?.name} ${calls[at]?.path}: ${error}`;
      const isThere = readdirSync(world.root).includes("runs") && readdirSync(join(world.root, "runs")).includes("new");
      if (isThere) expect(treeOf(target), where).toEqual(after);
      if (error === undefined) expect(isThere, where).toBe(true);
      const message = error instanceof Error ? error.message : "";
      if (fault !== "gone" && error !== undefined) {
        expect(message, where).toMatch(isThere ? /The new model is there/ : /Nothing was written there\./);
        if (!persistent) expect(readdirSync(world.root), where).toEqual(isThere ? ["model", "runs"] : ["model"]);
      }
      await withFaults(() => save(target, later));
      expect([treeOf(target), restsIn(world.root)], where).toEqual([later, []]);
    }
  },
);

/** Ends a save at its call `at`, as if the process were gone, and says what it was about to do. */
async function endAt(at: number): Promise<string> {
  world.fresh();
  const { calls } = await withFaults(
    () => save(world.model, after),
    ({ index }) => (index === at ? "gone" : undefined),
  );
  return `${calls[at]?.name} ${calls[at]?.path}`;
}

test("a save that fails while files move and is then cut off at any call while it takes that back", async () => {
  const isMoving = ({ name, path }: Call) => name === "rename" && path.endsWith("files/tokenizer.json");
  const run = (gone: number) => {
    let failedAt = Number.POSITIVE_INFINITY;
    world.fresh();
    return withFaults(
      () => save(world.model, after),
      (call) => {
        if (isMoving(call)) failedAt = call.index;
        return isMoving(call) ? "EIO" : call.index >= Math.max(gone, failedAt) ? "gone" : undefined;
      },
    );
  };
  const { calls } = await run(Number.POSITIVE_INFINITY);
  const first = calls.findIndex(isMoving) + 1;
  expect(calls.length - first).toBeGreaterThan(20);
  for (let at = first; at < calls.length; at++) {
    await run(at);
    const where = `gone at ${calls[at]?.name} ${calls[at]?.path}`;
    checkSeen(treeOf(world.model), where);
    expect([old, whole], where).toContainEqual(await read(world.model));
    await checkNextSave(where);
  }
});

test("all is on the disk before the save counts, and what comes before config.json before it", async () => {
  world.fresh();
  const { calls } = await withFaults(() => save(world.model, after));
  const counts = calls.findIndex(({ name, path }) => name === "rename" && path.endsWith("journal.json.part"));
  const last = calls.findIndex(({ name, path }) => name === "rename" && path.endsWith("files/config.json"));
  const ends = calls.findIndex(({ name, path }) => name === "unlink" && path.endsWith("journal.json"));
  expect([counts > 0, last > counts, ends > last]).toEqual([true, true, true]);
  const synced = (path: string, from: number, to: number) =>
    calls.some(({ index, name, path: each }) => name === "sync" && each === path && index >= from && index < to);
  const lastWrite = new Map(calls.filter(({ name }) => name === "write").map(({ path, index }) => [path, index]));
  expect([...lastWrite.keys()].length).toBeGreaterThan(Object.keys(after).length);
  for (const [path, index] of lastWrite) expect(synced(path, index, counts), path).toBe(true);
  const claim = dirname(calls[counts]?.path as string);
  const [staged] = [join(claim, "files")];
  for (const folder of [staged, join(staged, "deep"), join(staged, "deep", "er"), claim, world.model]) {
    expect(synced(folder, 0, counts), `${folder} before the journal`).toBe(true);
  }
  expect(
    synced(
      claim,
      counts,
      calls.findIndex(({ name, index }) => name === "rename" && index > counts),
    ),
  ).toBe(true);
  for (const folder of [world.model, join(world.model, "deep", "er")])
    expect(synced(folder, counts, last), folder).toBe(true);
  expect(synced(world.model, last, ends)).toBe(true);
});

test("what was cut off is ended by whoever reads, also where that is cut off or fails at any call", async () => {
  const count = await countCalls(() => save(world.model, after));
  // The moments, from the journal on, between which what a reader sees changes.
  const moments: number[] = [];
  let last = "";
  for (let at = 0; at < count; at++) {
    await endAt(at);
    const seen = JSON.stringify(treeOf(world.model));
    if (restsIn(world.model).some((path) => path.endsWith("journal.json")) && seen !== last) moments.push(at);
    last = seen;
  }
  expect(moments.length).toBeGreaterThanOrEqual(10);
  let cases = 0;
  for (const moment of moments.filter((_, i) => i % 5 === 2)) {
    await endAt(moment);
    const { calls } = await withFaults(() => read(world.model));
    for (const fault of ["gone", "EIO"] as const) {
      for (let at = fault === "gone" ? 0 : 1; at < calls.length; at += 2) {
        const start = await endAt(moment);
        let found: Tree | undefined;
        const { error } = await withFaults(
          async () => {
            found = await read(world.model);
          },
          ({ index }) => (index === at ? fault : undefined),
        );
        const where = `ended at ${start}; ${fault} at call ${at} of reading, ${calls[at]?.name} ${calls[at]?.path}: ${error}`;
        checkSeen(treeOf(world.model), where);
        if (error === undefined) expect(found, where).toEqual(whole);
        expect(await read(world.model), where).toEqual(whole);
        await checkNextSave(where);
        cases++;
      }
    }
  }
  console.log(`${moments.length} moments at which files move; ${cases} faults while reading what was cut off in them`);
});

test("files of an earlier save that do not belong to the new one go, unless somebody has made them his own", async () => {
  world.fresh();
  const mine = { "first_only.json": "edited by hand" };
  writeFileSync(join(world.model, "first_only.json"), mine["first_only.json"]);
  await save(world.model, after);
  expect(treeOf(world.model)).toEqual({ ...whole, ...mine });
});

test("an export stays beside a model of the same weights, and goes with other weights, which is said", async () => {
  world.fresh();
  await save(world.model, { ...before2(), "extra.json": "1" });
  expect(Object.keys(treeOf(world.model))).toContain("onnx/model.onnx");
  const info = vi.mocked(console.info);
  info.mockClear();
  await save(world.model, after);
  expect(Object.keys(treeOf(world.model))).not.toContain("onnx/model.onnx");
  expect(info).toHaveBeenCalledWith(expect.stringMatching(/also held the export of other weights/));
});

function before2(): Tree {
  return modelFiles("the first", []);
}
