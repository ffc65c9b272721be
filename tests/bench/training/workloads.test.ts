import { expect, test } from "vitest";
import { workloads } from "../../../bench/training/workloads.ts";

test("the workloads have the names that their figures are known by, in this order", () => {
  expect(workloads.map(({ name }) => name)).toEqual([
    ...["w1-full", "w1-last2-first", "w1-last2-later", "w1-head-first", "w1-head-later"],
    ...["w2-full", "w2-last4", "w2-head-warm", "w3-plan", "w4-predict", "w1-full-bf16", "w2-full-bf16"],
  ]);
});

test("steps, epochs and predictions are measured in five pairs or more, plans with three seeds", () => {
  const few = workloads.filter(({ kind, normal }) => normal.pairs < (kind === "plan" ? 3 : 5));
  expect(few).toEqual([]);
});
