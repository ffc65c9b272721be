import { expect, test } from "vitest";
import { readArguments } from "../../../bench/training/arguments.ts";

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
