import { expect, test } from "vitest";
import { report } from "../../../bench/training/report.ts";
import { plan, step } from "./exampleFigures.ts";

const machine = {
  processor: "Some processor",
  cores: 2,
  threads: 2,
  memoryGb: 24,
  loadBefore: 0.1,
  gemm: { thaw: 40, torch: 50 },
  versions: { thaw: { thaw: "0.1.0" }, torch: { PyTorch: "2.15.0" } },
};
const lineOf = (text: string, start: string): string[] =>
  text
    .split("\n")
    .filter((line) => line.startsWith(start))
    .map((line) => line.replaceAll(/\s{2,}/g, " | "));

test("a row has medians, spreads, the ratio and what is asked of it", () => {
  expect(lineOf(report(machine, [step, plan], []), "w1-full")).toEqual([
    "w1-full | MiniLM, full step | 25.0 | 25.0 - 25.0 | 110 | 100 - 120 | 0.23 | 0.21 - 0.25 | 0.28",
    "w1-full | 800 | 1000 | 0.80 | 20 | 50.0% | 5 | 9.2%", // 3 GFLOP in 150 and in 650 ms, of 40 and 50 GFLOP/s
  ]);
});

test("accuracies stand beside a plan by seed, with their mean", () => {
  const text = report(machine, [plan], []);
  expect(text).toContain("w3-plan, right labels at the end: Thaw 81.0% (80.0%, 82.0%), PyTorch 80.0% (79.0%, 81.0%)");
});

test("what was not measured is named with the reason", () => {
  const text = report(machine, [], [["w1-full-bf16", "this processor has no bfloat16."]]);
  expect(text).toContain("w1-full-bf16 was not measured: this processor has no bfloat16.");
  expect(text).not.toContain("Thaw ms");
});

test("the conditions are part of it, and a busy machine is named as such", () => {
  const text = report(machine, [step], []);
  for (const part of ["Some processor", "PyTorch 2.15.0", "2 threads a side", "Thaw 40, PyTorch 50 GFLOP/s"]) {
    expect(text).toContain(part);
  }
  expect(text).not.toContain("busy");
  expect(report({ ...machine, loadBefore: 3 }, [step], [])).toContain("The machine was busy before the run (load 3.0)");
});
