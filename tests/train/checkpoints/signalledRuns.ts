/** Runs that are asked to end by SIGINT and SIGTERM, and go on. */
import { readdirSync } from "node:fs";
import { expect } from "vitest";
import { randomWords } from "../../../src/tensor/random.ts";
import { fastFolder } from "./threeStages.ts";
import { restsIn, rowsIn, train, twoAtATime, unbrokenRun, workerSteps } from "./workers.ts";

export const exitCodes = { SIGINT: 130, SIGTERM: 143 } as const;

/**
 * Sends `count` processes SIGTERM and SIGINT by turns at random moments. Each has to save a checkpoint of the step that it is at
 * and to end with the exit code of the signal, and the run to go on from there to the end of the unbroken one.
 */
export async function signalledRuns(count: number, seed: number): Promise<readonly number[]> {
  const unbroken = await unbrokenRun();
  const words = randomWords(seed, "signals", 2 * count);
  const stoppedAt: number[] = [];
  await twoAtATime(count, async (index) => {
    const signal = index % 2 === 0 ? "SIGTERM" : "SIGINT";
    const step = 1 + ((words[2 * index] as number) % (workerSteps - 3));
    const pauseMs = (words[2 * index + 1] as number) % 25;
    const handles = index % 4 >= 2;
    const folder = fastFolder();
    const where = `run ${index}: ${signal} ${pauseMs} ms after step ${step}`;
    const ended = await train(folder, { args: { saveSteps: 1000 }, slowMs: 10, handles }, (line, child) => {
      if (line === `step ${step}`) setTimeout(() => child.kill(signal), pauseMs);
    });
    const at = ended.lastStep;
    expect(ended.came, where).toBe(undefined);
    expect(at, where).toBeGreaterThanOrEqual(step);
    expect(
      readdirSync(folder).filter((name) => name.startsWith("checkpoint-")),
      `${where}\n${ended.stderr}`,
    ).toEqual([`checkpoint-${at}`]);
    expect(restsIn(folder), where).toEqual([]);
    if (handles) {
      // the handlers of the user are called and stay, and what follows the run is theirs to decide
      expect([ended.code, ended.lines.at(-1)], where).toEqual([
        0,
        `stopped: The process received ${signal}.; 0 handlers more than before`,
      ]);
      const heard = ended.lines.indexOf(`heard ${signal}`);
      const stepsAfter = ended.lines.slice(heard).filter((line) => line.startsWith("step "));
      expect([heard > 0, stepsAfter.length <= 1], where).toEqual([true, true]);
    } else expect([ended.code, ended.signal], `${where}\n${ended.stderr}`).toEqual([exitCodes[signal], null]);
    const { came, stderr } = await train(folder, { args: { saveSteps: 1000 } });
    expect(came, `${where}\n${stderr}`).toEqual({ ...unbroken.came, resumedAt: [at] });
    expect(rowsIn(folder), where).toEqual(unbroken.rows);
    stoppedAt.push(at);
  });
  return stoppedAt;
}
