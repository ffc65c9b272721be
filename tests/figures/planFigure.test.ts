import { expect, test } from "vitest";
import { planFigure } from "../../src/figures/planFigure.ts";
import { progressiveRun } from "../report/sampleRun.ts";

const rates = Array.from({ length: 126 }, (_, i) => {
  const factor = 1 - i / 125;
  return { step: 10 * i, head: 1e-3 * factor, ...(10 * i < 375 ? {} : { layers: 5e-5 * factor }) };
});
const figure = planFigure(progressiveRun.stages, rates);

test("rates are drawn over the epochs of the plan, those of the layers from the stage in which they thaw", () => {
  const [head, layers] = figure.data as unknown as { name: string; x: number[]; y: number[] }[];
  expect([head?.name, head?.x[0], head?.y[0]]).toEqual(["head", 0, 1e-3]);
  expect(head?.y).toHaveLength(125); // the rate of 0 at the end has no place on a logarithmic axis
  expect(layers?.x[0]).toBeCloseTo(3.04, 9);
});

test("each stage says what trains and how much that is", () => {
  const labels = (figure.layout.annotations as { text: string }[]).map(({ text }) => text.replace(/<[^>]*>/g, " "));
  expect(labels[1]).toMatch(/last 4 layers.*head, layers 2-5: 7,246,082.*parameters/);
  expect(String(figure)).toBe(
    "Plan of 10 epochs, 1,250 steps: head from epoch 0, last 4 layers from epoch 3, everything from epoch 6",
  );
});

test("the picture is drawn", async () => {
  expect((await figure.toPng()).length).toBeGreaterThan(10_000);
});
