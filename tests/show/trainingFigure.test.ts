import { expect, test } from "vitest";
import { trainingFigure } from "../../src/show/trainingFigure.ts";
import type { RunRecord } from "../../src/train/runRecord.ts";
import { contrast, decodePng } from "./decodePng.ts";
import { classifierRun, multiLabelRun, patientRun, progressiveRun, regressionRun, stoppedRun } from "./sampleRun.ts";

type Trace = { name: string; x: number[]; y: number[]; yaxis?: string };
type Item = Record<string, unknown>;
const figure = trainingFigure(progressiveRun);
const trace = (name: string) => (figure.data as readonly Item[]).find((each) => each.name === name) as unknown as Trace;
const list = (of: typeof figure, key: string) => of.layout[key] as Item[];

test("loss and accuracy of every epoch are in the curves", () => {
  expect(trace("training loss").x).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
  expect(trace("training loss").y).toEqual(progressiveRun.history.map((row) => row.loss));
  expect(trace("validation loss").y.at(-1)).toBe(0.49);
  expect(trace("accuracy").y).toEqual(progressiveRun.history.map((row) => row.evalAccuracy));
  expect(trace("accuracy").yaxis).toBe("y2");
});

test("the borders of the stages are marked where they lie, each stage with its name", () => {
  const borders = list(figure, "shapes").filter((shape) => shape.type === "line");
  expect(borders.map(({ x0, x1, y0, y1 }) => [x0, x1, y0, y1])).toEqual([
    [3, 3, 0, 1],
    [6, 6, 0, 1],
  ]);
  const labels = list(figure, "annotations").map(({ x, text }) => [x, String(text).replace(/<[^>]*>/g, "|")]);
  expect(labels.slice(0, 3)).toEqual([
    [1.5, "|head|"],
    [4.5, "|last 4 layers|||head, layers 2-5|"],
    [8, "|everything|"],
  ]);
});

const best = (of: typeof figure) =>
  of.data.find(({ name }) => String(name).includes("best: epoch")) as unknown as Trace | undefined;

test("the best epoch is marked, and its value stands in the legend, where it covers no point", () => {
  expect(best(figure)).toMatchObject({ x: [8], y: [0.841], name: "<b>84.1%</b>, best: epoch 8" });
  expect(list(figure, "annotations").every(({ showarrow }) => showarrow === false)).toBe(true);
});

test("rates are drawn step by step, warm-up included, and none where layers are frozen", () => {
  expect(figure.layout.yaxis3).toMatchObject({ type: "log" }); // 1e-3 of the head beside 5e-5
  const [layers, head] = [trace("layers"), trace("head")];
  const within = ({ x, y }: Trace, from: number, to: number) =>
    y.filter((value, i) => value !== null && (x[i] as number) >= from && (x[i] as number) < to);
  expect(within(layers, 0, 3)).toEqual([]); // the head alone trains
  const [rising, all] = [within(head, 0, 38 / 125), within(head, 0, 3)];
  expect(rising.length).toBeGreaterThan(5);
  expect(rising).toEqual([...rising].sort((a, b) => a - b));
  expect(Math.max(...all)).toBeCloseTo(1e-3, 12);
  expect(Math.min(...all)).toBeCloseTo(1e-3 / 337, 12); // step 374 of 375; the 0 of step 0 has no place on this axis
  expect(Math.max(...within(layers, 3, 6))).toBeCloseTo(5e-5, 12);
  const single = trainingFigure(classifierRun);
  expect(single.layout.yaxis3).toMatchObject({ rangemode: "tozero" });
  expect(single.data.map(({ name }) => name)).not.toContain("layers");
});

test("a stage that patience ended early ends there: borders, names and rates follow what happened", () => {
  const patient = trainingFigure(patientRun);
  expect(
    list(patient, "shapes")
      .filter(({ type }) => type === "line")
      .map(({ x0 }) => x0),
  ).toEqual([3]);
  expect(
    list(patient, "annotations")
      .map(({ text }) => String(text))
      .join(),
  ).toContain("patience: 3 of 10 epochs");
  const head = patient.data.find(({ name }) => name === "head") as unknown as Trace;
  const first = head.y[0] as number;
  expect(first).toBe(1e-3);
  const last = head.x.findLastIndex((x, i) => x < 3 && head.y[i] !== null);
  expect(head.y[last]).toBeCloseTo(1e-3 * (1 - 374 / 1250), 12); // of the schedule as it was planned
  expect(String(patient)).toContain("head ended by patience after 3 of 10 epochs");
  const alone = { ...patientRun, stages: patientRun.stages.slice(0, 1), history: patientRun.history.slice(0, 3) };
  expect(JSON.stringify(trainingFigure(alone).layout.title)).toContain("ended by patience after 3 of 10 epochs");
});

test("a run that was stopped is drawn up to where it was, and says so", async () => {
  const stopped = trainingFigure(stoppedRun);
  expect((stopped.layout.xaxis as { range: number[] }).range[1]).toBeGreaterThan(2); // within epoch 2
  expect(JSON.stringify(stopped.layout.title)).toContain("stopped at step 150 of 375");
  expect(String(stopped)).toContain("stopped at step 150 of 375");
  const { best: _, ...run } = stoppedRun;
  const nothing = { ...run, history: [], status: { ...run.status, step: 3, epoch: 0.024 } as RunRecord["status"] };
  expect(contrast(decodePng(await trainingFigure(nothing).toPng(1)))).toBeGreaterThan(10);
});

test("a long line under the title is broken, not cut", () => {
  const stopped = trainingFigure(stoppedRun);
  const text = String((stopped.layout.title as { text: string }).text);
  expect(text.split("<br>").length).toBeGreaterThan(2);
  expect(text).not.toContain("…");
  expect((stopped.layout.margin as { t: number }).t).toBeGreaterThan(62);
});

test("where the metric is not defined the star stands on the loss that chose", () => {
  const metric = { key: "evalPearson", greaterIsBetter: true } as const;
  const history = regressionRun.history.map(({ evalPearson: _, ...row }) => row);
  const chosen = trainingFigure({ ...regressionRun, history, metric, best: { epoch: 2, step: 40, evalLoss: 900.5 } });
  expect(best(chosen)).toMatchObject({ x: [2], y: [900.5], name: "<b>900.5</b>, best: epoch 2" });
});

test("a single stage needs no borders, and a run without evaluation no accuracy", () => {
  const single = trainingFigure(classifierRun);
  expect(list(single, "shapes")).toEqual([]);
  const { best: _, ...run } = classifierRun;
  const history = run.history.map(({ step, epoch, stage, loss }) => ({
    step,
    epoch,
    stage,
    ...(loss === undefined ? {} : { loss }),
  }));
  expect(trainingFigure({ ...run, history }).data.map((each) => each.name)).toEqual(["training loss", "head"]);
});

const named = (of: typeof figure, name: string) => of.data.find((each) => each.name === name) as unknown as Trace;
const titleOf = (of: typeof figure, key: string) => (of.layout[key] as { title: { text: string } }).title.text;

test("several labels: three shares in percent, the best epoch on the one that chose it", () => {
  const several = trainingFigure(multiLabelRun);
  const shares = ["micro F1", "macro F1", "subset accuracy"];
  expect(shares.map((name) => named(several, name).yaxis)).toEqual(["y2", "y2", "y2"]);
  expect(several.layout.yaxis2).toMatchObject({ tickformat: ".0%" });
  expect([best(several)?.y, best(several)?.yaxis]).toEqual([[0.58], "y2"]);
  expect([titleOf(several, "yaxis"), titleOf(several, "yaxis2")]).toEqual(["loss", "validation"]);
  expect(String(several)).toMatch(/best validation micro F1 58\.0% at epoch 2/);
});

test("regression: the loss is named as the MSE, correlations have their panel, no two curves look the same", () => {
  const numbers = trainingFigure(regressionRun);
  expect(titleOf(numbers, "yaxis")).toBe("loss (MSE)");
  expect(numbers.data.map(({ name }) => name)).toEqual(
    expect.arrayContaining([
      "training loss",
      "validation loss",
      "R2",
      "Pearson",
      "Spearman",
      "<b>900.5</b>, best: epoch 2",
    ]),
  );
  expect(named(numbers, "MAE")).toBeUndefined(); // in another unit than the loss
  expect((numbers.layout.yaxis2 as Item).tickformat).toBeUndefined();
  expect([best(numbers)?.y, best(numbers)?.yaxis]).toEqual([[900.5], undefined]);
});

test("the MAE is drawn where the best epoch is chosen by it", () => {
  const numbers = trainingFigure({
    ...regressionRun,
    metric: { key: "evalMae", greaterIsBetter: false },
    best: { epoch: 2, step: 40, evalMae: 20.2 },
  });
  expect([titleOf(numbers, "yaxis"), named(numbers, "MAE").yaxis]).toEqual(["loss (MSE), MAE", undefined]);
  expect(best(numbers)?.y).toEqual([20.2]);
  const looks = ["MAE", "R2", "Pearson", "Spearman"].map((name) =>
    JSON.stringify((named(numbers, name) as unknown as Item).line),
  );
  expect(new Set(looks).size).toBe(4);
});

test("names from users are text, not markup", () => {
  const stages = progressiveRun.stages.map((stage) => ({ ...stage, plan: { ...stage.plan, name: "<b>&x" } }));
  const texts = list(trainingFigure({ ...progressiveRun, stages }), "annotations").map(({ text }) => String(text));
  expect(texts[0]).toContain("<b>&lt;b&gt;&amp;x</b>");
});

test("in words: the course of the loss, the best epoch and the stages", () => {
  expect(String(figure)).toBe(
    "Training over 10 epochs: training loss 0.660 to 0.150; validation loss 0.610 to 0.490; " +
      "best validation accuracy 84.1% at epoch 8; stages: head, last 4 layers from epoch 4, everything from epoch 7",
  );
});

test("the picture is sharp, not blank, and small enough for a notebook kept in git", async () => {
  const png = await figure.toPng();
  const picture = decodePng(png);
  expect([picture.width, picture.height]).toEqual([1800, 1364]);
  expect(contrast(picture)).toBeGreaterThan(15);
  expect(png.length).toBeLessThan(100_000);
});
