import { expect, test } from "vitest";
import { comparisonFigure } from "../../src/figures/comparisonFigure.ts";
import { classifierRun, lastLayersRun, multiLabelRun, progressiveRun, regressionRun } from "../report/sampleRun.ts";
import { contrast, decodePng } from "./decodePng.ts";

type Plain = Record<string, unknown>;
const axisOf = (figure: ReturnType<typeof comparisonFigure>) =>
  figure.layout.xaxis as { range: number[]; tickformat?: string };
const panel = (figure: ReturnType<typeof comparisonFigure>) => (figure.layout.annotations as Plain[])[0]?.text;

test("the axis of the metric holds every value with its error bars, and little else", () => {
  const figure = comparisonFigure({ one: classifierRun, seeds: [0, 1, 2].map(lastLayersRun), all: progressiveRun });
  const [low, high] = axisOf(figure).range as [number, number];
  expect(low).toBeCloseTo(0.708 - 0.0133, 9);
  expect(high).toBeCloseTo(0.841 + 0.0133, 9);
});

test("where all values are the same, the axis is a few points wide around them", () => {
  const none = { ...multiLabelRun, best: { epoch: 1, evalMicroF1: 0 } };
  expect(axisOf(comparisonFigure({ a: none, b: none })).range).toEqual([-0.02, 0.02]);
  expect(axisOf(comparisonFigure({ a: regressionRun, b: regressionRun })).range).toEqual([900.5 * 0.98, 900.5 * 1.02]);
});

test("shares are in percent; errors are numbers, of which the lower are better", () => {
  const [shares, errors] = [comparisonFigure({ a: multiLabelRun }), comparisonFigure({ a: regressionRun })];
  expect([panel(shares), axisOf(shares).tickformat]).toEqual(["<b>micro F1</b>", ".0%"]);
  expect([panel(errors), axisOf(errors).tickformat]).toEqual(["<b>MSE, lower is better</b>", undefined]);
});

test("runs without validation have an empty panel, not a figure that fails", async () => {
  const { best: _, ...unseen } = classifierRun;
  const figure = comparisonFigure({ "a rather long name of a strategy that goes on and on": unseen, b: unseen });
  expect(axisOf(figure).range).toEqual([0, 1]);
  expect(contrast(decodePng(await figure.toPng(1)))).toBeGreaterThan(10);
});
