/** Each call of a save fails once: the training goes on, says so, and what was saved before can be used. */
import { execFileSync, spawnSync } from "node:child_process";
import { readdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, expect, test, vi } from "vitest";
import type { TrainingArguments } from "../../../src/plan/arguments.ts";
import type { Stage } from "../../../src/plan/stage.ts";
import type { TrainerEvent } from "../../../src/train/events.ts";
import { type Fault, withFaults } from "../../platform/faults.ts";
import { outcome } from "../outcome.ts";
import { tinyTrainer } from "../tiny.ts";
import { fastFolder, found } from "./threeStages.ts";

afterEach(() => vi.restoreAllMocks());

const codes = ["ENOSPC", "EFBIG", "EIO", "EACCES", "short"] as const;

const isCheckpoint = (name: string) => name.startsWith("checkpoint-");

/** A trainer that saves a checkpoint after every step; three steps per epoch. */
function saver(
  outputDir: string,
  epochs: number,
  more: TrainingArguments = {},
  callbacks: ((event: TrainerEvent) => void)[] = [],
) {
  const stages: Stage[] = [
    { train: "head", epochs, headLearningRate: 5e-3 },
    { train: "all", epochs },
  ];
  const args: TrainingArguments = {
    ...{ outputDir, seed: 1, learningRate: 1e-3, perDeviceTrainBatchSize: 16, saveStrategy: "steps", saveSteps: 1 },
    ...{ saveTotalLimit: 2, ...more },
  };
  return tinyTrainer({ stages, args, callbacks });
}

/** What a message has to say besides the folder, where a call fails with this code. */
const said: Readonly<Record<string, RegExp>> = {
  ENOSPC: /its disk is full.*: (at least )?[\d,]+ bytes are needed, [\d,]+ are free\./,
  EFBIG: /EFBIG.*, and [\d,]+ bytes are to be written\./,
  EIO: /EIO.*The disk reports a fault/,
  EACCES: /EACCES.*Make the folder and its files writable/,
};

test("every call of a save fails once, by turns with each code: the training goes on and says so, the next save works", async () => {
  const folder = fastFolder();
  const tally = { faults: 0, failed: 0, saved: 0 };
  const byCode: Record<string, number> = {};
  /** The call of the present save that fails; undefined in the saves between. */
  let target: number | undefined;
  let [next, pass, step] = [0, 0, 0];
  let calls = 0;
  let fault: Fault | undefined;
  let isSaving = false;
  let notice: string | undefined;
  const wrong: unknown[] = [];
  const judge = async () => {
    if (step === 0) return;
    const whole = await found(folder, trainer);
    const names = readdirSync(folder).filter(isCheckpoint);
    const newest = Number(whole?.checkpoint.folder.split("-").at(-1));
    const where = `call ${target} failed with ${fault} in the save of step ${step}: ${notice}`;
    if (whole === undefined || whole.notices.length > 0) wrong.push([where, "a checkpoint is damaged", whole?.notices]);
    if (fault === undefined) {
      if (newest !== step) wrong.push([where, "not saved", newest]);
      const rests = readdirSync(folder).filter((name) => name.includes(".thaw-"));
      if (rests.length > 0) wrong.push([where, "left behind", rests]);
      if (names.length > 3) wrong.push([where, "more than the limit and the best", names]);
      return;
    }
    byCode[fault] = (byCode[fault] ?? 0) + 1;
    tally.faults++;
    tally[newest === step ? "saved" : "failed"]++;
    if (newest !== step && newest !== step - 1) wrong.push([where, "the one before is gone", newest]);
    if (newest !== step && notice === undefined) wrong.push([where, "nothing was said"]);
    if (notice === undefined) return;
    const isDeletion = notice.includes("could not be deleted");
    if (isDeletion && !notice.includes(`${folder}/checkpoint-`)) wrong.push([where, "no path"]);
    if (isDeletion) return;
    if (
      !notice.startsWith(
        `Saving a checkpoint after step ${step} failed; the training goes on. Could not write ${folder}/checkpoint-${step}: `,
      )
    )
      wrong.push([where, "no path"]);
    if (fault !== "short" && !(said[fault] as RegExp).test(notice)) wrong.push([where, "no reason"]);
  };
  const trainer = await saver(folder, 80, { loadBestModelAtEnd: true }, [
    async (event: TrainerEvent) => {
      if (event.kind === "notice") notice = event.notice;
      if (event.kind !== "step") return;
      isSaving = false;
      await judge();
      if (target !== undefined && fault === undefined) [next, pass] = [0, pass + 1]; // the save had fewer calls
      target = event.step % 2 === 0 ? next++ : undefined;
      [step, calls, fault, notice, isSaving] = [event.step, 0, undefined, undefined, true];
    },
  ]);
  const { error } = await withFaults(
    () => trainer.train(),
    ({ name }) => {
      if (!isSaving) return undefined;
      const isIt = calls++ === target;
      const code = codes[((target ?? 0) + pass) % codes.length] as Fault;
      if (!isIt) return undefined;
      fault = code === "short" && name !== "write" ? "EIO" : code;
      return fault;
    },
  );
  expect(error).toBe(undefined);
  expect(wrong).toEqual([]);
  console.log(`faults: ${JSON.stringify({ ...tally, byCode, passes: pass })}`);
  expect(pass).toBeGreaterThanOrEqual(1);
  expect(tally.faults).toBeGreaterThanOrEqual(40);
  const whole = await saver(fastFolder(), 80, { saveSteps: 1000 });
  await whole.train();
  const { args: _, hashChain: __, ...rest } = outcome(trainer);
  expect(rest).toEqual((({ args: _, hashChain: __, ...other }) => other)(outcome(whole)));
}, 240_000);

test("a call of the save after a Stop fails: a warning says so, and the run goes on from the checkpoint before", async () => {
  const warned: string[] = [];
  vi.spyOn(console, "warn").mockImplementation((text) => warned.push(String(text)));
  vi.spyOn(console, "info").mockImplementation(() => {});
  const whole = await saver(fastFolder(), 1);
  await whole.train();
  const tally = { faults: 0, failed: 0, saved: 0 };
  const stopped = async (folder: string, at: number | undefined, code: Fault) => {
    const stop = new AbortController();
    let isSaving = false;
    let calls = 0;
    const trainer = await saver(folder, 1, { saveSteps: 3 }, [
      (event) => {
        if (event.kind !== "step" || event.step !== 4) return;
        isSaving = true;
        stop.abort(new Error("stopped by the test"));
      },
    ]);
    const { error } = await withFaults(
      () => trainer.train({ signal: stop.signal }),
      () => (isSaving && calls++ === at ? code : undefined),
    );
    expect(error).toMatchObject({ message: "stopped by the test" });
    return calls;
  };
  const total = await stopped(fastFolder(), undefined, "EIO");
  expect(warned).toEqual([]);
  for (let at = 0; at < total; at += 5) {
    const folder = fastFolder();
    const code = codes[at % 4] as Fault;
    await stopped(folder, at, code);
    const names = readdirSync(folder).filter(isCheckpoint);
    const isSaved = names.includes("checkpoint-4");
    tally.faults++;
    tally[isSaved ? "saved" : "failed"]++;
    const warning = warned.splice(0).join("\n");
    if (!isSaved) {
      expect(warning, `call ${at}`).toMatch(
        `Stopped, but saving a checkpoint failed. Could not write ${join(folder, "checkpoint-4")}`,
      );
      expect(warning).toMatch(said[code] as RegExp);
    }
    const second = await saver(folder, 1);
    await second.train({ resumeFromCheckpoint: true });
    expect(second.run?.record.resumedAt).toEqual([isSaved ? 4 : 3]);
    expect(outcome(second).hashes).toEqual(outcome(whole).hashes);
    expect(readdirSync(folder).filter((name) => name.startsWith("."))).toEqual([]);
    rmSync(folder, { recursive: true });
  }
  console.log(`faults of a save after a Stop: ${JSON.stringify(tally)}, of ${total} calls`);
  expect(tally.failed).toBeGreaterThan(3);
}, 300_000);

const canMount =
  process.getuid?.() === 0 &&
  spawnSync("sh", ["-c", "d=$(mktemp -d) && mount -t tmpfs none $d && umount $d && rmdir $d"]).status === 0;

test.skipIf(!canMount)(
  "a disk that is full while a run trains (skipped where this user may mount none): the bytes are named, and room that is made is used",
  async () => {
    const disk = fastFolder();
    execFileSync("mount", ["-t", "tmpfs", "-o", "size=3m", "none", disk]);
    try {
      const filler = join(disk, "filler");
      const folder = join(disk, "run");
      const saves: number[] = [];
      const notices: string[] = [];
      const free = () => Number(execFileSync("stat", ["-f", "-c", "%a", disk], { encoding: "utf8" })) * 4096;
      const trainer = await saver(folder, 2, {}, [
        (event) => {
          if (event.kind === "save") saves.push(event.step);
          if (event.kind === "notice") notices.push(event.notice);
          // first room for the tensors alone, then not even for these
          if (event.kind === "step" && event.step === 5) writeFileSync(filler, Buffer.alloc(free() - 20_000));
          if (event.kind === "step" && event.step === 7) {
            rmSync(filler);
            writeFileSync(filler, Buffer.alloc(free() - 20_000));
          }
          if (event.kind === "step" && event.step === 9) rmSync(filler);
        },
      ]);
      await trainer.train();
      expect(trainer.run?.status.state).toBe("finished");
      const failed = notices.filter((notice) => notice.startsWith("Saving a checkpoint after step"));
      expect(saves).toEqual([1, 2, 3, 4, 9, 10, 11, 12]);
      expect(failed[0]).toMatch(
        /^Saving a checkpoint after step 5 failed; the training goes on\. Could not write .*\/run\/checkpoint-5: its disk is full, or a quota is used up: at least [\d,]+ bytes are needed, [\d,]+ are free\./,
      );
      expect(failed.at(-1)).toMatch(
        /checkpoint-8: its disk is full.*: \d{3},\d{3} bytes are needed, \d{2},\d{3} are free\./,
      );
      expect(readdirSync(folder).filter((name) => name.startsWith("."))).toEqual([]);
      expect((await found(folder, trainer))?.notices).toEqual([]);
    } finally {
      spawnSync("umount", ["-l", disk]);
    }
  },
);

test("a save that failed is tried again at the same step: a Stop right after it saves the checkpoint", async () => {
  const folder = fastFolder();
  const stop = new AbortController();
  const trainer = await saver(folder, 1, { saveSteps: 2 }, [
    (event) => {
      if (event.kind === "notice" && /Saving a checkpoint after step 2 failed/.test(event.notice))
        stop.abort(new Error("enough"));
    },
  ]);
  let failed = 0;
  const { error } = await withFaults(
    () => trainer.train({ signal: stop.signal }),
    ({ name }) => (name === "rename" && failed++ === 0 ? "EIO" : undefined),
  );
  expect(String(error)).toContain("enough");
  expect(readdirSync(folder).filter(isCheckpoint)).toEqual(["checkpoint-2"]);
  expect((await found(folder, trainer))?.notices).toEqual([]);
});
