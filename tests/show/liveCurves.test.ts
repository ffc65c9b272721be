import { JSDOM } from "jsdom";
import { describe, expect, test } from "vitest";
import { type LiveCurvesInput, LossCourse, liveCurves } from "../../src/show/liveCurves.ts";
import { roundTicks } from "../../src/show/livePanel.ts";
import { accuracyMetric, type MetricKey } from "../../src/task/metrics.ts";
import { hostileTexts } from "../kernel/cells/display/hostileTexts.ts";
import { progressiveRun, regressionRun } from "./sampleRun.ts";

/** The state of the sample run after some of its epochs. */
function stateAfter(epochs: number, run = progressiveRun): LiveCurvesInput {
  const rows = run.history.slice(0, epochs);
  let firstEpoch = 0;
  const stages = run.stages.map(({ plan }) => {
    const done = rows.filter(({ epoch }) => epoch > firstEpoch && epoch <= firstEpoch + plan.epochs).length;
    const stage = { plan, firstEpoch, steps: (plan.steps / plan.epochs) * done };
    firstEpoch += plan.epochs;
    return stage;
  });
  const losses = rows.map(({ epoch, loss }) => ({ epoch, value: loss ?? 0 }));
  return { losses, rows, stages, metric: run.metric, totalEpochs: firstEpoch };
}

const parse = (html: string) => new JSDOM(html).window.document;
const panelsOf = (html: string) => [...parse(html).querySelectorAll("svg")];

describe("the curves of a run that goes on", () => {
  test("say in words what they show", () => {
    const labels = panelsOf(liveCurves(stateAfter(9))).map((svg) => svg.getAttribute("aria-label"));
    const { loss, evalLoss } = progressiveRun.history[8] ?? {};
    expect(labels[0]).toBe(`Loss: training ${loss?.toPrecision(4)}, validation ${evalLoss?.toPrecision(4)}`);
    expect(labels[1]).toMatch(/^Validation accuracy: accuracy 8\d\.\d%, best 84\.1% at epoch 8$/);
    expect(labels[2]).toMatch(/^Learning rate: layers \d(\.\d)?e-\d, head \d(\.\d)?e-\d$/);
  });

  test("have the same size before the first step, in between and at the end, with numbers of any size", () => {
    const sizes = [0, 1, 5, 10].flatMap((epochs) =>
      panelsOf(liveCurves(stateAfter(epochs))).map((svg) => svg.getAttribute("viewBox")),
    );
    sizes.push(...panelsOf(liveCurves(stateAfter(3, regressionRun))).map((svg) => svg.getAttribute("viewBox")));
    expect(new Set(sizes)).toEqual(new Set(["0 0 320 176"]));
    expect(sizes).toHaveLength(15);
  });

  test("draw a single value as a dot, and no number that is none", () => {
    for (const epochs of [0, 1, 4]) {
      const html = liveCurves(stateAfter(epochs));
      expect(html).not.toMatch(/NaN|Infinity|undefined/);
    }
    const [row] = progressiveRun.history;
    const odd = { ...stateAfter(1), rows: [{ ...row, evalLoss: Number.NaN, evalAccuracy: Number.POSITIVE_INFINITY }] };
    expect(liveCurves(odd as LiveCurvesInput)).not.toMatch(/NaN|Infinity/);
    expect(panelsOf(liveCurves(stateAfter(1)))[1]?.querySelectorAll("circle")).toHaveLength(1);
  });

  test("mark the best epoch where it is drawn, and every border between stages", () => {
    const [, metric] = panelsOf(liveCurves(stateAfter(10)));
    expect(metric?.querySelectorAll("polygon")).toHaveLength(1);
    expect(metric?.innerHTML.match(/stroke-dasharray:2 3/g)).toHaveLength(progressiveRun.stages.length - 1);
  });

  test("show planned learning rates faintly, and those that have been as they were", () => {
    const [, , before] = panelsOf(liveCurves(stateAfter(0)));
    expect(before?.querySelectorAll("polyline").length).toBeGreaterThan(0);
    expect(before?.innerHTML.match(/opacity:0\.4/g)?.length).toBe(before?.querySelectorAll("polyline").length);
    const [, , after] = panelsOf(liveCurves(stateAfter(4)));
    expect(after?.querySelectorAll("polyline").length).toBeGreaterThan(
      before?.querySelectorAll("polyline").length ?? 0,
    );
  });

  test("run nothing that a name from a user contains", () => {
    const html = hostileTexts.map((text) => {
      const metric = { ...accuracyMetric, key: `eval${text}` as MetricKey };
      return liveCurves({ ...stateAfter(2), metric });
    });
    const document = parse(html.join(""));
    expect(document.querySelectorAll("svg")).toHaveLength(3 * hostileTexts.length);
    const allowed = new Set(["div", "svg", "text", "line", "polyline", "circle", "polygon"]);
    const elements = [...document.body.querySelectorAll("*")];
    expect(elements.filter(({ localName }) => !allowed.has(localName))).toEqual([]);
    const attributes = elements.flatMap((element) => element.getAttributeNames());
    expect([...new Set(attributes)].filter((name) => /^on|href|src/.test(name))).toEqual([]);
  });
});

test("a hundred thousand losses are a few hundred points, each the mean over equally many steps", () => {
  const course = new LossCourse();
  for (let step = 1; step <= 100_000; step++) course.add(step / 1000, step);
  course.add(100.1, Number.NaN);
  const { points } = course;
  expect(points.length).toBeGreaterThan(140);
  expect(points.length).toBeLessThanOrEqual(300);
  const [first, second] = points;
  const width = (second?.epoch as number) - (first?.epoch as number);
  for (const { epoch, value } of points) expect(value).toBeCloseTo(1000 * epoch - (1000 * width - 1) / 2, 6);
  const html = liveCurves({ ...stateAfter(10), losses: points });
  expect(html.length).toBeLessThan(40_000);
});

test.each([
  [[0, 1], 4, [0, 0.2, 0.4, 0.6, 0.8, 1]],
  [[0, 0.7], 4, [0, 0.2, 0.4, 0.6]],
  [[0.62, 0.84], 4, [0.65, 0.7, 0.75, 0.8]],
  [[0, 10], 6, [0, 2, 4, 6, 8, 10]],
  [[0, 1], 6, [0, 0.2, 0.4, 0.6, 0.8, 1]],
  [[-5000, 42_000], 4, [0, 10_000, 20_000, 30_000, 40_000]],
] as const)("ticks of %j, about %i, are round", (range, count, ticks) => {
  expect(roundTicks(range, count)).toEqual(ticks);
});
