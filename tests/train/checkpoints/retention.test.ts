/** Old checkpoints are deleted beyond `saveTotalLimit`, and nothing else is. */
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import { expect, test } from "vitest";
import { randomWords } from "../../../src/tensor/random.ts";
import { type OpenCheckpoint, openCheckpoint, type Snapshot } from "../../../src/train/checkpoint.ts";
import { CheckpointWriter } from "../../../src/train/checkpoints.ts";
import { fastFolder, found, stopAfter, threeStages } from "./threeStages.ts";

/** A checkpoint without a model: the smallest that can be opened. */
const snapshot = (step: number, bestStep: number | undefined, earlier: readonly string[]): Snapshot => ({
  ...{ step, bestStep, bytes: 10 },
  write: async (files) => {
    const state = {
      version: 1,
      recorder: { step },
      shards: [],
      best: "none",
      bestOfStage: "none",
      shared: {},
      earlier,
    };
    await files.write("optimizer.safetensors", "");
    await files.write("thaw_state.json", JSON.stringify({ ...state, weightsSha256: String(step), bestStep }));
    return String(step);
  },
  dispose: () => {},
});

const open = (folder: string): Promise<OpenCheckpoint> => openCheckpoint(folder, () => true);

const checkpointsIn = (folder: string) => readdirSync(folder).filter((name) => /^checkpoint-\d+$/.test(name));

const sequences = Number(process.env.THAW_RETENTION_SEQUENCES ?? 250);

test(`${sequences} random sequences of saves, limits, best evaluations and resumes: only what is old and the run's own goes`, async () => {
  const place = fastFolder();
  const tally = { saves: 0, deleted: 0, resumes: 0, foreign: 0 };
  for (let sequence = 0; sequence < sequences; sequence++) {
    const words = randomWords(sequence, "retention", 100);
    let rolled = 0;
    const roll = (bound: number) => (words[rolled++] as number) % bound;
    const folder = join(place, String(sequence));
    // what somebody else has there: names that are no checkpoint's, and one that the run may come to save under
    const foreign = ["checkpoint-x", "checkpoint-", "mine", `checkpoint-${3 + roll(12)}`].map((name) =>
      join(folder, name, "notes.txt"),
    );
    for (const path of foreign) {
      mkdirSync(join(path, ".."), { recursive: true });
      writeFileSync(path, path);
    }
    const theirs = basename(join(foreign[3] as string, ".."));
    let limit = roll(5) === 0 ? undefined : 1 + roll(4);
    let from: OpenCheckpoint | undefined;
    let writer = new CheckpointWriter(folder, limit, undefined);
    let step = 0;
    let bestStep: number | undefined;
    for (let turn = 0; turn < 7; turn++) {
      const own = writer.saved.filter((name) => existsSync(join(folder, name, "thaw_state.json")));
      if (own.length > 0 && roll(4) === 0) {
        from = await open(join(folder, own[roll(2) === 0 ? own.length - 1 : roll(own.length)] as string));
        limit = roll(5) === 0 ? undefined : 1 + roll(4);
        writer = new CheckpointWriter(folder, limit, from);
        step = from.state.recorder.step;
        bestStep = JSON.parse(readFileSync(join(from.folder, "thaw_state.json"), "utf8")).bestStep;
        tally.resumes++;
        continue;
      }
      step += 1 + roll(2);
      if (roll(3) === 0) bestStep = step;
      const before = checkpointsIn(folder);
      const known = new Set([...writer.saved, `checkpoint-${step}`]);
      await writer.save(snapshot(step, bestStep, writer.saved));
      tally.saves++;
      const where = `sequence ${sequence}, step ${step}, limit ${limit}, best ${bestStep}, from ${from?.folder}`;
      const now = checkpointsIn(folder);
      const gone = before.filter((name) => !now.includes(name));
      tally.deleted += gone.length;
      const stays = [
        `checkpoint-${step}`,
        `checkpoint-${bestStep}`,
        from === undefined ? "" : basename(from.folder),
        theirs,
      ];
      expect(
        gone.filter((name) => stays.includes(name) || !known.has(name)),
        where,
      ).toEqual([]);
      const listed = limit === undefined ? [] : writer.saved;
      expect(
        listed.filter((name) => !now.includes(name)),
        where,
      ).toEqual([]);
      if (limit !== undefined && writer.saved.length > limit) {
        expect(
          writer.saved.filter((name) => !stays.includes(name)),
          where,
        ).toEqual([]);
      }
      expect((await open(join(folder, `checkpoint-${step}`))).damagedFiles, where).toEqual([]);
      for (const path of foreign) expect(readFileSync(path, "utf8"), where).toBe(path);
      expect(
        readdirSync(folder).filter((name) => name.startsWith(".")),
        where,
      ).toEqual([]);
      const told = writer.takeNotices();
      if (told.length > 0) {
        tally.foreign++;
        expect(told[0], where).toMatch(
          `${join(folder, theirs)} could not be deleted (the run has not written notes.txt in it)`,
        );
      }
    }
    rmSync(folder, { recursive: true });
  }
  console.log(`retention: ${JSON.stringify(tally)}`);
  for (const count of Object.values(tally)) expect(count).toBeGreaterThan(20);
}, 240_000);

test("a run keeps its newest and its best checkpoint, and after a resume the one that it went on from", async () => {
  const folder = fastFolder();
  await stopAfter(await threeStages(folder, { args: { saveTotalLimit: 1 } }), 7);
  // the highest loss, that of the first evaluation, counts as the best; it was not at a step of a save
  expect(checkpointsIn(folder)).toEqual(["checkpoint-7"]);
  const trainer = await threeStages(folder, { args: { saveTotalLimit: 1 } });
  await trainer.train({ resumeFromCheckpoint: true });
  expect(checkpointsIn(folder).sort()).toEqual(["checkpoint-14", "checkpoint-7"]);
  expect((await found(folder, trainer))?.checkpoint.folder).toBe(join(folder, "checkpoint-14"));
  const best = fastFolder();
  const other = await threeStages(best, { args: { saveTotalLimit: 1, saveSteps: 1 } });
  await other.train();
  expect(checkpointsIn(best).sort()).toEqual(["checkpoint-15", `checkpoint-${other.run?.best?.step}`].sort());
});
