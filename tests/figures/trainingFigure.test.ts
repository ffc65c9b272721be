import { expect, test } from "vitest";
import { trainingFigure } from "../../src/figures/trainingFigure.ts";
import { classifierRun, multiLabelRun, progressiveRun, regressionRun } from "../report/sampleRun.ts";
import { contrast, decodePng } from "./decodePng.ts";

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

test("the best epoch is marked", () => {
  expect([trace("best epoch").x, trace("best epoch").y]).toEqual([[8], [0.841]]);
  expect(list(figure, "annotations").at(-1)?.text).toBe("<b>84.1%</b> at epoch 8");
});

test("rates that lie far apart are drawn on a logarithmic axis, without its impossible 0", () => {
  expect(figure.layout.yaxis3).toMatchObject({ type: "log" });
  expect(trace("layers").x).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9]);
  expect(trainingFigure(classifierRun).layout.yaxis3).toMatchObject({ rangemode: "tozero" });
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
  expect(trainingFigure({ ...run, history }).data.map((each) => each.name)).toEqual(["training loss"]);
});

const named = (of: typeof figure, name: string) => of.data.find((each) => each.name === name) as unknown as Trace;
const titleOf = (of: typeof figure, key: string) => (of.layout[key] as { title: { text: string } }).title.text;

test("several labels: three shares in percent, the best epoch on the one that chose it", () => {
  const several = trainingFigure(multiLabelRun);
  const shares = ["micro F1", "macro F1", "subset accuracy"];
  expect(shares.map((name) => named(several, name).yaxis)).toEqual(["y2", "y2", "y2"]);
  expect(several.layout.yaxis2).toMatchObject({ tickformat: ".0%" });
  expect([named(several, "best epoch").y, named(several, "best epoch").yaxis]).toEqual([[0.58], "y2"]);
  expect([titleOf(several, "yaxis"), titleOf(several, "yaxis2")]).toEqual(["loss", "validation"]);
  expect(String(several)).toMatch(/best validation micro F1 58\.0% at epoch 2/);
});

test("regression: the loss is named as the MSE, correlations have their panel, no two curves look the same", () => {
  const numbers = trainingFigure(regressionRun);
  expect(titleOf(numbers, "yaxis")).toBe("loss (MSE)");
  expect(numbers.data.map(({ name }) => name)).toEqual(
    expect.arrayContaining(["training loss", "validation loss", "R2", "Pearson", "Spearman", "best epoch"]),
  );
  expect(named(numbers, "MAE")).toBeUndefined(); // in another unit than the loss
  expect((numbers.layout.yaxis2 as Item).tickformat).toBeUndefined();
  expect([named(numbers, "best epoch").y, named(numbers, "best epoch").yaxis]).toEqual([[900.5], undefined]);
  expect(list(numbers, "annotations").at(-1)?.text).toBe("<b>900.5</b> at epoch 2");
});

test("the MAE is drawn where the best epoch is chosen by it", () => {
  const { metric: _, ...run } = regressionRun;
  const numbers = trainingFigure({
    ...run,
    metric: { key: "evalMae", greaterIsBetter: false },
    best: { epoch: 2, evalMae: 20.2 },
  });
  expect([titleOf(numbers, "yaxis"), named(numbers, "MAE").yaxis]).toEqual(["loss (MSE), MAE", undefined]);
  expect(named(numbers, "best epoch").y).toEqual([20.2]);
  const looks = ["MAE", "R2", "Pearson", "Spearman"].map((name) =>
    JSON.stringify((named(numbers, name) as unknown as Item).line),
  );
  expect(new Set(looks).size).toBe(4);
});

test("names from users are text, not markup", () => {
  const stages = progressiveRun.stages.map((stage) => ({ ...stage, name: "<b>&x" }));
  const texts = list(trainingFigure({ ...progressiveRun, stages }), "annotations").map(({ text }) => String(text));
  expect(texts[0]).toContain("<b>&lt;b&gt;&amp;x</b>");
});

test("in words: the course of the loss, the best epoch and the stages", () => {
  expect(String(figure)).toBe(
    "Training over 10 epochs: training loss 0.660 to 0.150; validation loss 0.610 to 0.490; " +
      "best validation accuracy 84.1% at epoch 8; stages: head, last 4 layers from epoch 3, everything from epoch 6",
  );
});

test("the picture is sharp, not blank, and small enough for a notebook kept in git", async () => {
  const png = await figure.toPng();
  const picture = decodePng(png);
  expect([picture.width, picture.height]).toEqual([1800, 1240]);
  expect(contrast(picture)).toBeGreaterThan(15);
  expect(png.length).toBeLessThan(100_000);
});
