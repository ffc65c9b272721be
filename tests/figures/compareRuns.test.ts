import { inspect } from "node:util";
import { expect, test } from "vitest";
import { displaySymbol } from "../../src/display/bundle.ts";
import { compareRuns } from "../../src/figures/compareRuns.ts";
import { spread } from "../../src/figures/runSummary.ts";
import { classifierRun, lastLayersRun, progressiveRun } from "../report/sampleRun.ts";
import { contrast, decodePng } from "./decodePng.ts";

const comparison = compareRuns(
  { "classifier only": classifierRun, "last 2 layers": [0, 1, 2].map(lastLayersRun), progressive: progressiveRun },
  { test: { progressive: { evalAccuracy: 0.838, evalMacroF1: 0.837 } } },
);

test("the table has quality, time, parameters, cost and the bytes that changed, with the spread over seeds", () => {
  expect(comparison.table.columns.map(({ title }) => title)).toEqual([
    "Strategy",
    "Epochs",
    "Trainable parameters",
    "Validation accuracy",
    "Test accuracy",
    "Test macro F1",
    "Time",
    "Cost",
    "Frozen bytes changed",
  ]);
  expect(comparison.table.rows).toEqual([
    ["classifier only", 5, "148,610 (0.7%)", "70.8%", undefined, undefined, "0:21", "0.40", "0"],
    ["last 2 layers", 3, "3,697,538 (16.3%)", "81.0% ± 0.4", "81.2% ± 0.4", "80.9% ± 0.4", "0:45", "1.26", "0"],
    ["progressive", 10, "22,713,986 (100.0%)", "84.1%", "83.8%", "83.7%", "4:52", "6.52", "nothing frozen"],
  ]);
  expect(comparison.table.isMarked(2)).toBe(true);
  expect(String(comparison).split("\n").at(-1)).toMatch(/^\* {2}progressive/);
  expect(inspect(comparison)).toBe(String(comparison));
});

test("one bundle holds the figure and, as text and in the picture, the table", async () => {
  const bundle = await comparison[displaySymbol]();
  expect(Object.keys(bundle)).toEqual(["application/vnd.plotly.v1+json", "image/png", "text/plain"]);
  expect(bundle["text/plain"]).toContain("81.2% ± 0.4");
  const picture = decodePng(Buffer.from(String(bundle["image/png"]), "base64"));
  expect(picture.width).toBe(1000); // its size on the page
  expect(contrast(picture)).toBeGreaterThan(15);
  const texts = (comparison.figure.layout.annotations as { text: string }[]).map(({ text }) => text);
  expect(texts).toContain("3,697,538 (16.3%)");
  expect(texts).toContain("<b>nothing frozen</b>");
});

test("the figure has a mean with error bars where there are several seeds, and none at a single run", () => {
  const named = comparison.figure.data.filter((trace) => trace.name === "validation accuracy");
  const [seeds, single] = named as unknown as { x: number[]; error_x?: { array: number[] } }[];
  expect(seeds?.x[0]).toBeCloseTo(0.81, 9);
  expect(seeds?.error_x?.array[0]).toBeCloseTo(0.004, 9);
  expect(single?.x).toEqual([0.708, 0.841]);
  expect(single?.error_x).toBeUndefined();
  const bars = comparison.figure.data.filter((trace) => trace.type === "bar") as unknown as {
    name: string;
    text: string[];
  }[];
  expect(bars.map(({ name, text }) => [name, ...text])).toEqual([
    ["time", "0:21", "0:45", "4:52"],
    ["trained parameters", "0.7%", "16.3%", "100.0%"],
    ["cost (full epochs)", "0.40", "1.26", "6.52"],
  ]);
});

test("runs without test results are compared on validation alone", () => {
  const titles = compareRuns({ a: classifierRun, b: progressiveRun }).table.columns.map(({ title }) => title);
  expect(titles).not.toContain("Test accuracy");
});

test("nothing to compare is refused with what to pass", () => {
  expect(() => compareRuns({})).toThrow(/no run to compare: pass/);
  expect(() => compareRuns({ a: [] })).toThrow(/"a" is an empty list of runs/);
});

test("the spread is the sample standard deviation", () => {
  expect(spread([1, 2, 3, 4])).toEqual({ mean: 2.5, deviation: Math.sqrt(5 / 3), count: 4 });
  expect(spread([7])).toEqual({ mean: 7, deviation: 0, count: 1 });
  expect(spread([])).toBeUndefined();
});
