import { inspect } from "node:util";
import { expect, test } from "vitest";
import { displaySymbol } from "../../shared/mimeBundle.ts";
import { Run } from "../../src/run.ts";
import type { RunRecord } from "../../src/train/runRecord.ts";
import { tinyTrainer } from "./tiny.ts";

const stages = [{ train: "head" as const, epochs: 2 }];
const run = await (await tinyTrainer({ stages })).train();

test("a run is plain data that JSON keeps, and can be drawn again from it", () => {
  const record = JSON.parse(JSON.stringify(run)) as RunRecord;
  expect(record).toEqual(run.record);
  expect(Object.keys(record).sort()).toEqual([
    ...[
      "alarms",
      "args",
      "best",
      "data",
      "evidence",
      "hashChain",
      "history",
      "metric",
      "model",
      "notices",
      "seconds",
      "stages",
      "status",
    ],
    ...["totalParameters", "trainableParameters", "version", "versions", "weights"],
  ]);
  expect(new Run(record).record).toEqual(run.record);
  expect(new Run(record).toString()).toBe(run.toString());
});

test("its numbers are those of the model and the plan", () => {
  expect(run.totalParameters - run.evidence.frozenParameters).toBe(run.trainableParameters);
  expect(run.trainableParameters).toBe(32 * 32 + 32 + 2 * 32 + 2); // pooler and classifier
  expect(run.stages).toMatchObject([
    {
      plan: { epochs: 2, steps: 10, firstEpoch: 1, trains: "head", written: stages[0] },
      outcome: { ended: "all epochs", epochs: 2, steps: 10, firstEpoch: 1, best: { epoch: run.best?.epoch } },
    },
  ]);
  expect(run.seed).toBe(1);
  expect(run.status).toEqual({ state: "finished" });
});

test("where no epoch was evaluated there is no best one", () => {
  const { best: _, ...rest } = run.record;
  expect(new Run(rest).best).toBeUndefined();
  expect(JSON.parse(JSON.stringify(new Run(rest)))).not.toHaveProperty("best");
});

test("what it reached on test data can be noted, and belongs to its record then", () => {
  const noted = new Run(run.record);
  noted.test = { evalAccuracy: 0.75 };
  expect(noted.record.test).toEqual({ evalAccuracy: 0.75 });
  expect(new Run(JSON.parse(JSON.stringify(noted))).test).toEqual({ evalAccuracy: 0.75 });
  expect(run.record).not.toHaveProperty("test");
});

test("it prints as its report, and shows as curves with the report as text", async () => {
  expect(inspect(run)).toBe(run.toString());
  expect(run.toString()).toBe(String(run.report()));
  expect(run.toString()).toContain("head");
  const data = await run[displaySymbol]();
  expect(data["text/plain"]).toBe(run.toString());
  expect(Object.keys(data)).toContain("image/png");
});
