import { mkdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { temporaryFolder } from "../temporary.ts";
import { tinyTrainer } from "./tiny.ts";

const trainer = (outputDir: string) =>
  tinyTrainer({ args: { outputDir, numTrainEpochs: 2, loggingSteps: 2, saveStrategy: "epoch" } });

test("the log is a file as it is made, row by row as in run.history", async () => {
  const folder = temporaryFolder();
  const training = await trainer(folder);
  const rows = () =>
    readFileSync(join(folder, "history.jsonl"), "utf8")
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line));
  let seen = 0;
  for await (const event of training.events()) {
    if (event.kind !== "epoch" && event.kind !== "log") continue;
    seen += 1;
    expect(rows()).toEqual(training.history);
  }
  expect(seen).toBe(6); // steps 2 and 4 of 5, and the end, of each epoch
});

test("rows that cannot be written are said once, and the training goes on", async () => {
  const folder = temporaryFolder();
  mkdirSync(join(folder, "history.jsonl")); // a folder under its name
  const training = await trainer(folder);
  const run = await training.train();
  expect(run.status.state).toBe("finished");
  const notices = run.record.notices.filter((notice) => notice.includes("history.jsonl"));
  expect(notices).toEqual([
    expect.stringMatching(/history\.jsonl lacks rows of the log \(EISDIR.*run\.history has them all/),
  ]);
});
