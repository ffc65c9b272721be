import { inspect } from "node:util";
import { expect, test } from "vitest";
import { displaySymbol } from "../../shared/mimeBundle.ts";
import { compareRuns, comparisonTable } from "../../src/show/compareRuns.ts";
import { type RunLike, spread, summarize } from "../../src/show/runSummary.ts";
import type { RunRecord } from "../../src/train/runRecord.ts";
import { contrast, decodePng } from "./decodePng.ts";
import {
  classifierRun,
  lastLayersRun,
  multiLabelRun,
  patientRun,
  progressiveRun,
  regressionRun,
  stoppedRun,
} from "./sampleRun.ts";

const comparison = compareRuns(
  { "classifier only": classifierRun, "last 2 layers": [0, 1, 2].map(lastLayersRun), progressive: progressiveRun },
  { test: { progressive: { evalAccuracy: 0.838, evalMacroF1: 0.837 } } },
);

const tableOf = (runs: Parameters<typeof summarize>[0]) => comparisonTable(summarize(runs).summaries);
const marked = (runs: Parameters<typeof summarize>[0]) => {
  const table = tableOf(runs);
  return Object.keys(runs).filter((_, i) => table.isMarked(i));
};
const withoutValidation = (run: RunRecord): RunRecord => {
  const { best: _, ...rest } = run;
  return { ...rest, history: run.history.map(({ step, epoch, stage }) => ({ step, epoch, stage })) };
};

test("the table has quality, time, parameters, cost and the bytes that changed, with the spread over seeds", () => {
  expect(comparison.table.columns.map(({ title }) => title)).toEqual([
    "Strategy",
    "Epochs",
    "Trainable parameters",
    "Validation accuracy",
    "Test accuracy",
    "Test macro F1",
    "Time",
    "Cost (full epochs)",
    "Frozen bytes changed",
  ]);
  expect(comparison.table.rows).toEqual([
    ["classifier only", "5", "148,610 (0.7%)", "70.8%", undefined, undefined, "0:21", "0.40", "0"],
    ["last 2 layers", "3", "3,697,538 (16.3%)", "81.0% ± 0.4", "81.2% ± 0.4", "80.9% ± 0.4", "0:45", "1.26", "0"],
    ["progressive", "10", "22,713,986 (100.0%)", "84.1%", "83.8%", "83.7%", "4:50", "6.52", "nothing frozen"],
  ]);
  expect(comparison.table.isMarked(2)).toBe(true);
  expect(String(comparison).split("\n").at(-1)).toMatch(/^\* {2}progressive/);
  expect(inspect(comparison)).toBe(String(comparison));
  expect(comparison.notices).toEqual([]);
});

test("one bundle holds the figure and, as text and in the picture, the table", async () => {
  const bundle = await comparison[displaySymbol]();
  expect(Object.keys(bundle)).toEqual(["application/vnd.plotly.v1+json", "image/png", "text/plain"]);
  expect(bundle["text/plain"]).toContain("81.2% ± 0.4");
  const picture = decodePng(Buffer.from(String(bundle["image/png"]), "base64"));
  expect(picture.width).toBe(900); // its size on the page: with a side bar open it fits a screen of 1,366 pixels
  expect(contrast(picture)).toBeGreaterThan(15);
  const texts = (comparison.figure.layout.annotations as { text: string }[]).map(({ text }) => text);
  expect(texts).toContain("3,697,538 (16.3%)");
  expect(texts).toContain("<b>nothing frozen</b>");
});

test("runs of one name that ended at different epochs are a range of epochs and a mean of costs, of no single seed", () => {
  const early = { ...lastLayersRun(1), stages: patientRun.stages.slice(0, 1) };
  const { summaries } = summarize({ both: [lastLayersRun(0), early] });
  expect(summaries[0]?.epochs).toMatchObject({ lowest: 3, highest: 3 });
  const [patient] = summarize({ patient: [patientRun, progressiveRun] }).summaries;
  expect(patient?.epochs).toMatchObject({ mean: 7, lowest: 4, highest: 10 });
  expect(patient?.fullEpochs.mean).toBeCloseTo((3 * 0.08 + 1 + 6.52) / 2, 9);
  const [row] = tableOf({ patient: [patientRun, progressiveRun] }).rows;
  expect([row?.[1], row?.at(-2)]).toEqual(["4-10", "3.88 ± 3.73"]);
  const [turned] = tableOf({ patient: [progressiveRun, patientRun] }).rows;
  expect(turned?.slice(1, 3)).toEqual(row?.slice(1, 3)); // whichever comes first
});

test("runs under one name whose plans, arguments or beginnings differ are told; seeds and their splits are no difference", () => {
  const one = lastLayersRun(0);
  expect(compareRuns({ a: [one, lastLayersRun(1)] }).notices).toEqual([]);
  const split = (run: RunRecord, sha256: string): RunRecord => ({
    ...run,
    data: { train: { ...run.data.train, sha256 }, evaluation: { ...run.data.train, sha256: `${sha256}, held out` } },
  });
  const splits = {
    a: [split(one, "0"), split(lastLayersRun(1), "1")],
    b: [split(classifierRun, "1"), split(classifierRun, "0")],
  };
  expect(compareRuns(splits).notices).toEqual([]); // a split per seed, the same for both
  const [stage] = one.stages as [RunRecord["stages"][0]];
  const epochs = { ...stage, plan: { ...stage.plan, resolved: { ...stage.plan.resolved, epochs: 5 } } };
  const others: [Partial<RunRecord>, RegExp][] = [
    [
      { stages: [epochs] },
      /^Runs 1 and 2 of "a" differ in more than their seeds: epochs of stage "last 2 layers" \(3, 5\)\.$/,
    ],
    [{ stages: [stage, stage] }, /the number of stages \(1, 2\)/],
    [{ args: { ...one.args, perDeviceTrainBatchSize: 8 } }, /perDeviceTrainBatchSize \(16, 8\)/],
    [{ model: { ...one.model, start: "trained" } }, /what it began from \(pretrained, trained weights\)/],
    [{ model: { ...one.model, baseSha256: "1" } }, /the model that was loaded/],
  ];
  for (const [change, words] of others) {
    const other = compareRuns({ a: [one, { ...one, ...change }], b: classifierRun });
    expect(other.notices[0]).toMatch(words);
    expect(String(other)).toContain(other.notices[0]);
    expect(JSON.stringify(other.figure.layout)).toContain("differ in more than"); // in the picture as well
  }
});

test("runs that did not finish are compared and said to have been stopped; other validation data is said too", () => {
  const { notices, table } = compareRuns({ whole: lastLayersRun(0), cut: stoppedRun });
  expect(table.rows[1]?.slice(1, 4)).toEqual(["1", "3,697,538 (16.3%)", "67.2%"]);
  expect(notices).toEqual(['"cut" was stopped at step 150 of 375, in epoch 2 of 3 (training).']);
  const evaluation = { ...stoppedRun.data.train, sha256: "other" };
  const elsewhere = { ...classifierRun, data: { ...classifierRun.data, evaluation } };
  expect(compareRuns({ a: classifierRun, b: elsewhere }).notices).toEqual([
    '"a" and "b" were evaluated on different validation data: their values are not of the same examples.',
  ]);
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
    ["time", "0:21", "0:45", "4:50"],
    ["trained share", "0.7%", "16.3%", "100.0%"],
    ["cost (epochs)", "0.40", "1.26", "6.52"],
  ]);
});

test("runs without test results are compared on validation alone", () => {
  const titles = compareRuns({ a: classifierRun, b: progressiveRun }).table.columns.map(({ title }) => title);
  expect(titles).not.toContain("Test accuracy");
});

test.each<[string, unknown, unknown, RegExp]>([
  ["nothing", {}, {}, /no run to compare: pass/],
  ["an empty list", { a: [] }, {}, /"a" is an empty list of runs/],
  ["a run without a name", classifierRun, {}, /takes runs by their names/],
  ["a promise", { a: Promise.resolve(classifierRun) }, {}, /"a" is no run: .*await/],
  ["undefined, as after a Stop", { a: undefined }, {}, /"a" is an empty list/],
  [
    "results under another name",
    { a: classifierRun },
    { test: { b: { evalAccuracy: 1 } } },
    /results of "b", but there are only runs of a/,
  ],
  ["an unknown option", { a: classifierRun }, { tests: {} }, /no option of compareRuns "tests".*test/],
  ["a title", { a: classifierRun }, { title: "x" }, /no option of compareRuns "title"\. Known are: test/],
])("%s is refused with what to pass", (_, runs, options, message) => {
  expect(() => compareRuns(runs as Record<string, RunLike>, options as object)).toThrow(message);
});

test("the spread is the sample standard deviation", () => {
  expect(spread([1, 2, 3, 4])).toEqual({ mean: 2.5, deviation: Math.sqrt(5 / 3), count: 4, lowest: 1, highest: 4 });
  expect(spread([7])).toEqual({ mean: 7, deviation: 0, count: 1, lowest: 7, highest: 7 });
  expect(spread([])).toBeUndefined();
});

test("several labels: micro F1 first, then what else was measured on the test texts", () => {
  const test = { evalLoss: 0.3, evalMacroF1: 0.4, evalMicroF1: 0.55, evalSubsetAccuracy: 0.5 };
  const { columns, rows } = tableOf({ a: multiLabelRun, b: { ...multiLabelRun, test } });
  expect(columns.map(({ title }) => title).slice(3, -3)).toEqual([
    "Validation micro F1",
    "Test micro F1",
    "Test macro F1",
    "Test subset accuracy",
  ]);
  expect(rows.map((row) => row.slice(3, -3))).toEqual([
    ["58.0%", undefined, undefined, undefined],
    ["58.0%", "55.0%", "40.0%", "50.0%"],
  ]);
});

const withMse = (...values: number[]): RunRecord[] =>
  values.map((evalMse) => ({
    ...regressionRun,
    history: [{ step: 20, epoch: 1, stage: 0, evalLoss: evalMse, evalMse }],
    best: { epoch: 1, step: 20, evalMse },
    weights: { ...regressionRun.weights, epoch: 1 },
  }));

test("regression: the lowest error is the best, and its spread is in its own unit", () => {
  const [worse, first, second] = withMse(4284.9, 900.5, 880.5) as [RunRecord, RunRecord, RunRecord];
  expect(marked({ worse, seeds: [first, second] })).toEqual(["seeds"]);
  expect(tableOf({ worse, seeds: [first, second] }).rows.map((row) => row[3])).toEqual(["4285", "890.5 ± 14.14"]);
});

test("the best is chosen on the test texts only where every strategy has them", () => {
  const tested: RunLike = { ...classifierRun, test: { evalAccuracy: 0.9 } }; // validation 70.8 %
  expect(marked({ tested, progressiveRun })).toEqual(["progressiveRun"]);
  expect(marked({ tested, lastLayers: lastLayersRun(0) })).toEqual(["tested"]);
});

test("a single strategy is not the best of anything, and runs without validation have no best", () => {
  expect(marked({ only: progressiveRun })).toEqual([]);
  const unseen = withoutValidation(classifierRun);
  expect(marked({ a: unseen, b: unseen })).toEqual([]);
  expect(tableOf({ a: unseen, b: unseen }).columns.map(({ title }) => title)).not.toContain("Validation accuracy");
});

test("frozen bytes that changed would be named", () => {
  const changed = { ...classifierRun, evidence: { ...classifierRun.evidence, changed: ["a", "b"] } };
  expect(tableOf({ changed }).rows[0]?.at(-1)).toBe("in 2 tensors");
});

test("runs of different tasks are not compared", () => {
  expect(() => tableOf({ a: multiLabelRun, b: regressionRun })).toThrow(
    expect.objectContaining({
      code: "DIFFERENT_METRICS",
      message: expect.stringMatching(/"a" was judged by evalMicroF1, "b" by evalMse.*same metricForBestModel/),
    }),
  );
});

type Plain = Record<string, unknown>;
type Drawn = ReturnType<typeof compareRuns>["figure"];
const axisOf = (figure: Drawn) => figure.layout.xaxis as { range: number[]; tickformat?: string };
const panel = (figure: Drawn) => (figure.layout.annotations as Plain[])[0]?.text;
const figureOf = (runs: Record<string, RunLike | RunLike[]>) => compareRuns(runs).figure;

test("the axis of the metric holds every value with its error bars, and little else", () => {
  const [low, high] = axisOf(figureOf({ one: classifierRun, seeds: [0, 1, 2].map(lastLayersRun), all: progressiveRun }))
    .range as [number, number];
  expect(low).toBeCloseTo(0.708 - 0.0133, 9);
  expect(high).toBeCloseTo(0.841 + 0.0133, 9);
});

test("where all values are the same, the axis is a few points wide around them", () => {
  const none = {
    ...multiLabelRun,
    history: [{ step: 1, epoch: 1, stage: 0, evalMicroF1: 0 }],
    weights: { ...multiLabelRun.weights, epoch: 1 },
  };
  expect(axisOf(figureOf({ a: none, b: none })).range).toEqual([-0.02, 0.02]);
  expect(axisOf(figureOf({ a: regressionRun, b: regressionRun })).range).toEqual([900.5 * 0.98, 900.5 * 1.02]);
});

test("shares are in percent, with digits where they lie close together; of errors the lower are better", () => {
  const [shares, errors] = [figureOf({ a: multiLabelRun, b: classifierLike(0.3) }), figureOf({ a: regressionRun })];
  expect([panel(shares), axisOf(shares).tickformat]).toEqual(["<b>micro F1</b>", ".0%"]);
  expect([panel(errors), axisOf(errors).tickformat]).toEqual(["<b>MSE, lower is better</b>", undefined]);
  expect(axisOf(figureOf({ a: multiLabelRun, b: classifierLike(0.585) })).tickformat).toBe(".1%");
});

function classifierLike(evalMicroF1: number): RunRecord {
  const history = [{ step: 1, epoch: 1, stage: 0, evalMicroF1 }];
  return { ...multiLabelRun, history, weights: { ...multiLabelRun.weights, epoch: 1 } };
}

test("runs without validation have an empty panel, not a figure that fails", async () => {
  const unseen = withoutValidation(classifierRun);
  const figure = figureOf({ "a rather long name of a strategy that goes on and on": unseen, b: unseen });
  expect(axisOf(figure).range).toEqual([0, 1]);
  expect(contrast(decodePng(await figure.toPng(1)))).toBeGreaterThan(10);
});

test.each([
  [
    "their ends",
    (i: number) =>
      `all-MiniLM-L6-v2 fine-tuned on movie reviews of many years with a learning rate of 5e-5 and warm-up, ${i}`,
  ],
  [
    "their middles",
    (i: number) =>
      `all-MiniLM-L6-v2 fine-tuned on movie reviews of ${1990 + i} and many more years with a learning rate of 5e-5 and warm-up`,
  ],
  ["one word without a space", (i: number) => `${"x".repeat(60)}-${i}-${"y".repeat(60)}`],
])("nine long names that differ in %s stay apart, and nothing is wider than the figure", (_, nameOf) => {
  const figure = figureOf(Object.fromEntries([...Array(9).keys()].map((i) => [nameOf(i), lastLayersRun(i % 3)])));
  const labels = (figure.layout.yaxis as { ticktext: string[] }).ticktext;
  expect(new Set(labels).size).toBe(9);
  const cells = (figure.layout.annotations as { text: string; xanchor: string; x: number }[]).slice(5);
  expect(new Set(cells.map(({ text }) => text.replace(/<\/?b>/g, ""))).size).toBeGreaterThanOrEqual(9);
  const { margin, width } = figure.layout as { margin: { l: number; r: number }; width: number };
  const plot = width - margin.l - margin.r;
  for (const { x } of cells) expect(margin.l + x * plot).toBeLessThanOrEqual(width);
});
