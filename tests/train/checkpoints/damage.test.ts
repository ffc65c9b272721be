/** A checkpoint with a damaged file is not used: the one before is, and it is said. */
import {
  cpSync,
  linkSync,
  lstatSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { basename, join } from "node:path";
import { afterEach, beforeAll, expect, test, vi } from "vitest";
import { randomWords } from "../../../src/tensor/random.ts";
import type { Trainer } from "../../../src/trainer.ts";
import { outcome } from "../outcome.ts";
import { fastFolder, found, stopAfter, threeStages, totalSteps } from "./threeStages.ts";

/** Steps after which the run is stopped, one in each stage; `checkpoint-<step>` is then the newest of several. */
const stops = [5, 8, 14] as const;
const folders = new Map<number, string>();
let fresh: Trainer;
let unbroken: ReturnType<typeof outcome>;

beforeAll(async () => {
  vi.spyOn(console, "info").mockImplementation(() => {});
  const folder = fastFolder();
  for (const step of stops) {
    const trainer = await threeStages(folder);
    await stopAfter(trainer, step, step !== stops[0]);
    const copy = fastFolder();
    copyLinked(folder, copy);
    folders.set(step, copy);
  }
  fresh = await threeStages(fastFolder());
  const whole = await threeStages(fastFolder());
  await whole.train();
  unbroken = outcome(whole);
  expect(unbroken.history.at(-1).step).toBe(totalSteps);
});
afterEach(() => vi.restoreAllMocks());

/** Copies a folder of checkpoints; the files that several of them share stay shared. */
function copyLinked(from: string, to: string): void {
  const first = new Map<number, string>();
  for (const path of readdirSync(from, { recursive: true, encoding: "utf8" }).sort()) {
    const [source, target] = [join(from, path), join(to, path)];
    const { ino } = lstatSync(source);
    const other = first.get(ino);
    if (other !== undefined) linkSync(other, target);
    else if (lstatSync(source).isDirectory())
      cpSync(source, target, { recursive: true, filter: (each) => each === source });
    else {
      cpSync(source, target);
      first.set(ino, target);
    }
  }
}

/** Random whole numbers below a bound, the same in every run of the tests. */
function dice(seed: number): (bound: number) => number {
  const words = randomWords(seed, "damage", 16);
  let i = 0;
  return (bound) => (words[i++] as number) % bound;
}

const kinds = ["flip a bit", "truncate", "zero a block", "swap with another checkpoint's", "remove", "empty"] as const;
type Kind = (typeof kinds)[number];

/** The content of a file after damage; undefined: the file is gone. */
function damaged(kind: Kind, content: Buffer, other: Buffer | undefined, roll: (bound: number) => number) {
  const copy = Buffer.from(content);
  const at = roll(content.length);
  if (kind === "flip a bit") copy[at] = (copy[at] as number) ^ (1 << roll(8));
  if (kind === "truncate") return copy.subarray(0, at);
  if (kind === "zero a block") return copy.fill(0, at, Math.min(copy.length, at + 1 + roll(512)));
  if (kind === "swap with another checkpoint's") return other ?? copy;
  if (kind === "remove") return undefined;
  return kind === "empty" ? Buffer.alloc(0) : copy;
}

interface Damage {
  readonly folder: string;
  /** Names of the checkpoints, the newest first. */
  readonly names: readonly string[];
  readonly file: string;
  /** Whether a file is written over, so that all checkpoints that share it have the damage. */
  readonly inPlace: boolean;
  readonly undo: () => void;
}

const checkpointsIn = (folder: string) =>
  readdirSync(folder)
    .filter((name) => name.startsWith("checkpoint-"))
    .sort((a, b) => Number(b.slice(11)) - Number(a.slice(11)));

/** Damages one file of the newest checkpoint; undefined where the damage would change nothing. */
function damage(seed: number, step = stops[seed % stops.length] as number): Damage | undefined {
  const roll = dice(seed);
  const folder = folders.get(step) as string;
  const names = checkpointsIn(folder);
  const newest = join(folder, names[0] as string);
  const files = readdirSync(newest).sort();
  const file = files[roll(files.length)] as string;
  const path = join(newest, file);
  const kind = kinds[roll(kinds.length)] as Kind;
  const inPlace = roll(2) === 0;
  const before = readFileSync(path);
  const others = names.slice(1).filter((name) => readdirSync(join(folder, name)).includes(file));
  const other =
    others.length === 0 ? undefined : readFileSync(join(folder, others[roll(others.length)] as string, file));
  const after = damaged(kind, before, other, roll);
  if (after?.equals(before)) return undefined;
  if (inPlace && after !== undefined) {
    truncateSync(path, 0);
    writeFileSync(path, after, { flag: "r+" });
    const undo = () => {
      truncateSync(path, 0);
      writeFileSync(path, before, { flag: "r+" });
    };
    return { folder, names, file, inPlace: true, undo };
  }
  const aside = join(fresh.args.outputDir, "aside");
  renameSync(path, aside);
  if (after !== undefined) writeFileSync(path, after);
  const undo = () => {
    rmSync(path, { force: true });
    renameSync(aside, path);
  };
  return { folder, names, file, inPlace: false, undo };
}

/** 1,000 with `THAW_DAMAGE_CASES=1000`: what the suite has time for is a part of the seeds. */
const cases = Number(process.env.THAW_DAMAGE_CASES ?? 300);

test(`${cases} times damage to any file of the newest checkpoint: each is refused, the one before is used, and it is said`, async () => {
  const refusals = new Map<string, number>();
  let [refused, shared, withoutIt, none] = [0, 0, 0, 0];
  for (let seed = 0; refused < cases; seed++) {
    const made = damage(seed);
    if (made === undefined) continue;
    const { folder, names, file, inPlace, undo } = made;
    // the name that the file has in each checkpoint: one of weights that have not trained yet is numbered anew in each stage
    const inode = lstatSync(join(folder, names[0] as string, file), { throwIfNoEntry: false })?.ino;
    const namesOfFile = names.map((name, i) =>
      i === 0
        ? file
        : readdirSync(join(folder, name)).find((each) => lstatSync(join(folder, name, each)).ino === inode),
    );
    const last = inPlace ? namesOfFile.findLastIndex((name) => name !== undefined) : 0;
    const expected = names[last + 1];
    const result = await found(folder, fresh).catch((error: Error) => error);
    undo();
    const what = `seed ${seed}: ${file} of ${folder}`;
    if (result === undefined) throw new Error(`${what}: nothing was found`);
    if (last > 0) shared++;
    if (result instanceof Error) {
      // every checkpoint has this file, and a run cannot go on without it
      expect([what, expected, result]).toEqual([
        what,
        undefined,
        expect.objectContaining({ code: "CHECKPOINT_DAMAGED" }),
      ]);
      expect(result.message, what).toContain(file);
      none++;
      continue;
    }
    const used = basename(result.checkpoint.folder);
    const said = result.notices.join("\n");
    if (expected === undefined) {
      // every checkpoint has this file, and a run can go on without it
      expect(used, what).toBe(names[0]);
      expect(result.notices, what).toEqual([
        `${join(folder, used, file)} is missing or damaged; the run goes on without it.`,
      ]);
      withoutIt++;
      continue;
    }
    expect(used, `${what}: ${said}`).toBe(expected);
    for (const [i, name] of names.slice(0, last + 1).entries()) {
      expect(result.notices[i], what).toMatch(`Passed over: ${join(folder, name)}`);
      // where the list of files is damaged, what differs from it may be named as well
      if (file !== "thaw_manifest.json") expect(result.notices[i], what).toContain(namesOfFile[i]);
      else expect(result.notices[i], what).toMatch(/\S+\.(json|safetensors|txt) (is|does|are) /);
    }
    if (last === 0) {
      refused++;
      refusals.set(file, (refusals.get(file) ?? 0) + 1);
    }
  }
  expect([...refusals.keys()]).toEqual(
    expect.arrayContaining([
      ...[
        "thaw_manifest.json",
        "thaw_state.json",
        "optimizer.safetensors",
        "best.safetensors",
        "best_of_stage.safetensors",
      ],
      ...["model.safetensors", "model-00001-of-00003.safetensors", "model.safetensors.index.json"],
      ...["config.json", "tokenizer.json", "trainer_state.json", "training_args.json"],
    ]),
  );
  for (const folder of folders.values()) expect((await found(folder, fresh))?.notices).toEqual([]);
  console.log(
    `damage: ${refused} refused and the one before used, in ${refusals.size} files; apart from these ${shared} to a file that ` +
      `several share: in ${withoutIt} all have it and the run goes on without it, in ${none} all have it and it is needed`,
  );
}, 300_000);

test("after damage a run goes on from the checkpoint before, and ends bit for bit as the unbroken one", async () => {
  let resumed = 0;
  const from: string[] = [];
  for (let seed = 5000; resumed < 10; seed++) {
    const step = stops[seed % stops.length] as number;
    const folder = fastFolder();
    copyLinked(folders.get(step) as string, folder);
    const original = folders.get(step) as string;
    folders.set(step, folder);
    const made = damage(seed, step);
    folders.set(step, original);
    if (made === undefined) continue;
    const trainer = await threeStages(folder);
    await trainer.train({ resumeFromCheckpoint: true });
    expect(outcome(trainer), `seed ${seed}: ${made.file}`).toEqual(unbroken);
    expect(trainer.run?.notices.join("\n")).toContain(made.file === "thaw_manifest.json" ? made.names[0] : made.file);
    // the damaged checkpoint was written again, and every later one is whole
    expect(await found(folder, fresh)).toMatchObject({ checkpoint: { damagedFiles: [] }, notices: [] });
    from.push(`${made.file}: ${trainer.run?.record.resumedAt}`);
    resumed++;
  }
  console.log(`resumed after damage to ${from.join(", ")}`);
}, 300_000);

test("a folder that is named is refused where a needed file is damaged; the advice to go on from another one helps", async () => {
  const folder = folders.get(8) as string;
  const [newest, before] = checkpointsIn(folder).map((name) => join(folder, name)) as [string, string];
  renameSync(join(newest, "optimizer.safetensors"), join(folder, "aside"));
  const trainer = await threeStages(fastFolder());
  await expect(trainer.train({ resumeFromCheckpoint: newest })).rejects.toMatchObject({
    code: "CHECKPOINT_DAMAGED",
    message: `${newest} is not a whole checkpoint: optimizer.safetensors is missing or damaged. Go on from another one, or train anew.`,
  });
  renameSync(join(folder, "aside"), join(newest, "optimizer.safetensors"));
  await trainer.train({ resumeFromCheckpoint: before });
  expect(outcome(trainer)).toEqual(unbroken);
});

test("a folder that is named goes on without a file that is not needed, and says so", async () => {
  const folder = fastFolder();
  copyLinked(folders.get(8) as string, folder);
  const newest = join(folder, "checkpoint-8");
  for (const name of ["config.json", "tokenizer.json", "model-00002-of-00002.safetensors"]) rmSync(join(newest, name));
  const trainer = await threeStages(folder);
  await trainer.train({ resumeFromCheckpoint: newest });
  expect(outcome(trainer)).toEqual(unbroken);
  const notice = `${join(newest, "config.json")} is missing or damaged; the run goes on without it.`;
  expect(trainer.run?.notices).toContain(notice);
  const later = await found(folder, fresh);
  expect(later).toMatchObject({ notices: [], checkpoint: { folder: join(folder, "checkpoint-14") } });
  expect(readdirSync(join(folder, "checkpoint-14"))).toEqual(expect.arrayContaining(["config.json", "tokenizer.json"]));
});

test("no checkpoint can be used: all are named, and the advice to remove them helps", async () => {
  const folder = fastFolder();
  copyLinked(folders.get(5) as string, folder);
  const names = checkpointsIn(folder);
  for (const name of names) rmSync(join(folder, name, "thaw_state.json"));
  const trainer = await threeStages(folder);
  const error: Error = await trainer.train({ resumeFromCheckpoint: true }).catch((cause) => cause);
  expect(error).toMatchObject({ code: "CHECKPOINT_DAMAGED" });
  expect(error.message).toMatch(`None of the ${names.length} checkpoints in ${folder} is whole.`);
  for (const name of names) expect(error.message).toContain(join(folder, name));
  for (const name of names) rmSync(join(folder, name), { recursive: true });
  await trainer.train({ resumeFromCheckpoint: true });
  expect(outcome(trainer)).toEqual(unbroken);
});

test.each([
  ["there is no folder of this name", () => {}, "there is no such folder"],
  ["a file has the name", (path: string) => writeFileSync(path, ""), "thaw_manifest.json is missing or damaged"],
  [
    "it is another one's under this name",
    (path: string) => cpSync(join(path, "..", "checkpoint-8"), path, { recursive: true }),
    "it is the checkpoint of step 8 under another name",
  ],
])("a checkpoint is refused with the reason where %s", async (_, make, reason) => {
  const folder = fastFolder();
  copyLinked(folders.get(8) as string, folder);
  const path = join(folder, "checkpoint-9");
  make(path);
  const trainer = await threeStages(folder);
  await expect(trainer.train({ resumeFromCheckpoint: path })).rejects.toThrow(
    `${path} is not a whole checkpoint: ${reason}.`,
  );
  const result = await found(folder, trainer);
  expect(result?.checkpoint.folder).toBe(join(folder, "checkpoint-8"));
  expect(result?.notices).toEqual(
    _ === "there is no folder of this name" ? [] : [`Passed over: ${path} is not a whole checkpoint: ${reason}.`],
  );
});
