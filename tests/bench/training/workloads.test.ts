import { expect, test } from "vitest";
import { readArguments, workloads } from "../../../bench/training/workloads.ts";

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

const known = ["w1-full", "w4-predict"];

test("without arguments everything is measured, at length, and printed as tables", () => {
  expect(readArguments([], known)).toEqual({ names: known, quick: false, json: false });
});

test("workloads are chosen by name", () => {
  const chosen = { names: ["w4-predict", "w1-full"], quick: true, json: true };
  expect(readArguments(["--quick", "--json", "--only", "w4-predict,w1-full"], known)).toEqual(chosen);
});

test.each([
  [["--only", "w1-full,w9"], /no workload "w9": use w1-full, w4-predict\./],
  [["--only", ""], /no workload "": use/],
  [["--only"], /Known are --only NAME,NAME, --quick and --json\./],
  [["--fast"], /'--fast'.*Known are --only/],
  [["w1-full"], /'w1-full'.*Known are --only/],
])("%j is refused with what there is", (argv, message) => {
  const read = () => readArguments(argv, known);
  expect(read).toThrow(message);
  expect(read).toThrow(expect.objectContaining({ code: "BAD_ARGUMENT" }));
});
