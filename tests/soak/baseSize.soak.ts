/** Goal 20 at the size that people use: logits of every family's base model equal those of transformers. */
import { expect, test } from "vitest";
import { families } from "../../src/models/families.ts";
import { baseModel, baseSizes } from "../models/baseSize.ts";
import { paddedBatch } from "../models/familyModel.ts";

test("every family has a base size", () => {
  const types = baseSizes().map(([, { config }]) => config.model_type);
  expect(types.sort()).toEqual(families.map(({ modelType }) => modelType).sort());
});

test.each(baseSizes())("logits of %s equal those of transformers", (checkpoint, expected) => {
  const started = performance.now();
  const model = baseModel(expected);
  const made = performance.now();
  const { logits } = model.forward(paddedBatch(expected));
  const mine = logits.arraySync();
  const ended = performance.now();
  logits.dispose();
  model.dispose();
  const worst = Math.max(
    ...expected.logits.flatMap((row, i) => row.map((value, j) => Math.abs(value - (mine[i]?.[j] as number)))),
  );
  const seconds = (ms: number) => `${(ms / 1000).toFixed(1)} s`;
  const peak = `${(process.resourceUsage().maxRSS / 1e6).toFixed(1)} GB at most so far`;
  console.log(
    `${checkpoint}: ${worst.toExponential(1)} apart; ${seconds(made - started)} to make, ${seconds(ended - made)} to run, ${peak}`,
  );
  expect(worst).toBeLessThanOrEqual(1e-4);
});
