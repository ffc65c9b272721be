/** Runs that are killed again and again and go on until they are done. */
import { readdirSync } from "node:fs";
import { expect } from "vitest";
import { randomWords } from "../../../src/tensor/random.ts";
import { fastFolder } from "./threeStages.ts";
import { type Came, restsIn, rowsIn, train, unbrokenRun, workerSteps } from "./workers.ts";

/** Kills at the end of a save are rare where a save has fewer calls than this. */
const callsOfASave = 75;

/** How often runs were killed: within a save, and at any moment. */
export interface Kills {
  inside: number;
  anywhere: number;
}

/**
 * Kills processes by SIGKILL until there were `count` kills, by turns at a random call of a save, and at a random moment. Each
 * run is killed five times at most, then goes on to its end, which has to be that of the unbroken run, with nothing left over.
 */
export async function killedRuns(count: number, seed: number): Promise<Kills & { readonly runs: number }> {
  const unbroken = await unbrokenRun();
  const words = randomWords(seed, "kills", 20 * count);
  let rolled = 0;
  const roll = (bound: number) => (words[rolled++] as number) % bound;
  const kills: Kills = { inside: 0, anywhere: 0 };
  let runs = 0;
  const total = () => kills.inside + kills.anywhere;
  const one = async (): Promise<void> => {
    while (total() < count) {
      runs++;
      await killedRun(unbroken, roll, kills);
    }
  };
  await Promise.all([one(), one()]);
  return { ...kills, runs };
}

async function killedRun(
  unbroken: { readonly came: Came; readonly rows: readonly unknown[] },
  roll: (bound: number) => number,
  kills: Kills,
): Promise<void> {
  const folder = fastFolder();
  const story: string[] = [];
  const resumes: number[] = [];
  for (let attempt = 0; attempt < 5; attempt++) {
    const ended = await (kills.inside <= kills.anywhere ? killInside() : killAnywhere());
    if (ended.came !== undefined) break; // done before it could be killed
    expect(ended, `${story}\n${ended.stderr}`).toMatchObject({ signal: "SIGKILL" });
    story.push(`${ended.lines.at(-1)}`);
  }
  const last = await train(folder);
  const { came } = last;
  expect(came, `${story}\n${last.stderr}`).toBeDefined();
  expect({ ...came, resumedAt: [] }, story.join()).toEqual({ ...unbroken.came, resumedAt: [] });
  resumes.push(...(came?.resumedAt ?? []));
  expect(resumes).toEqual([...resumes].sort((a, b) => a - b));
  expect(restsIn(folder), story.join()).toEqual([]);
  expect(rowsIn(folder), story.join()).toEqual(unbroken.rows);
  const left = readdirSync(folder).filter((name) => name !== "history.jsonl" && !/^checkpoint-\d+$/.test(name));
  expect(left, story.join()).toEqual([]);

  async function killInside() {
    const ended = await train(folder, { kill: { save: roll(7), call: roll(callsOfASave) } });
    if (ended.signal === "SIGKILL") kills.inside++;
    return ended;
  }

  async function killAnywhere() {
    const [steps, pauseMs] = [1 + roll(Math.ceil(workerSteps / 4)), roll(40)];
    let seen = 0;
    const ended = await train(folder, {}, (line, child) => {
      if (line.startsWith("step ") && ++seen === steps) setTimeout(() => child.kill("SIGKILL"), pauseMs);
    });
    if (ended.signal === "SIGKILL") kills.anywhere++;
    return ended;
  }
}
