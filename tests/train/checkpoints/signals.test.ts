import { readdirSync } from "node:fs";
import { expect, test } from "vitest";
import { exitCodes, signalledRuns } from "./signalledRuns.ts";
import { fastFolder } from "./threeStages.ts";
import { train, unbrokenRun } from "./workers.ts";

/** 50 in the second tier. */
test("SIGTERM and SIGINT at 5 random moments: a checkpoint within one step, the signal's exit code, and the same end after a resume", async () => {
  const stoppedAt = await signalledRuns(5, 0);
  console.log(
    `signals: saved at steps ${[...stoppedAt].sort((a, b) => a - b).join(", ")}; each went on to the same end`,
  );
  expect(stoppedAt).toHaveLength(5);
}, 600_000);

test.each(["SIGTERM", "SIGINT"] as const)(
  "a second %s ends the process at once, while the first one's checkpoint is still written; the run goes on all the same",
  async (signal) => {
    const folder = fastFolder();
    const settings = { args: { saveSteps: 4 }, slowMs: 20 };
    const first = await train(folder, settings, (line, child) => {
      if (line === "step 6") child.kill(signal);
    });
    expect(first.code).toBe(exitCodes[signal]);
    let sent = 0;
    const second = await train(folder, { ...settings, holdMs: 30_000 }, (line, child) => {
      if (!line.startsWith("step ") && !line.startsWith("saving ")) return;
      if (line.startsWith("step ")) child.kill(signal);
      else
        setTimeout(() => {
          sent = performance.now();
          child.kill(signal);
        }, 200);
    });
    const tookMs = performance.now() - sent;
    expect(second.code).toBe(exitCodes[signal]);
    expect(sent).toBeGreaterThan(0);
    expect(tookMs).toBeLessThan(20_000); // the save itself would have been held for longer
    expect(readdirSync(folder).filter((name) => name.startsWith("checkpoint-")).length).toBeGreaterThan(0);
    const { came } = await train(folder);
    const whole = await unbrokenRun();
    expect({ ...came, resumedAt: [] }).toEqual({ ...whole.came, resumedAt: [] });
    expect(readdirSync(folder).filter((name) => name.startsWith("."))).toEqual([]);
  },
  120_000,
);
