/** What range tests have found, as table, advice, settings and figure. */
import { expect, test } from "vitest";
import { classifierOnly, lastLayers } from "../../src/recipes/recipes.ts";
import { suggestRates } from "../../src/schedule/suggestRate.ts";
import { LearningRates } from "../../src/show/learningRates.ts";
import type { LearningRateCurve, RatePart } from "../../src/train/findLearningRate.ts";

/** A curve that falls between 1e-4 and 1e-2 times `shift`, and then explodes to `top`. */
function curveOf(
  stage: number,
  name: string,
  part: RatePart,
  { shift = 1, top = 4, steps = 90 } = {},
): LearningRateCurve {
  const rates = Array.from({ length: steps }, (_, i) => 1e-7 * 1e8 ** (i / 100));
  const smoothed = rates.map((rate, i) => {
    const at = Math.log10(rate / shift);
    return 0.7 - 0.2 / (1 + Math.exp(-3 * (at + 3))) + (i > 80 ? (top * (i - 80)) / 9 : 0);
  });
  const losses = smoothed.map((loss, i) => loss + 0.05 * Math.sin(7 * i));
  const suggestions = suggestRates({ rates, losses: smoothed }, 100);
  return {
    ...{ stage, name, part, planned: part === "head" ? 1e-3 : 5e-5, rates, losses, smoothed },
    ...{ ended: "diverged", ...(suggestions === undefined ? {} : { suggestions }) },
  };
}

const stages = [...classifierOnly(), ...lastLayers(2)];

test("table, advice and settings name the suggested rates, and the stages take them", () => {
  const found = new LearningRates(
    [
      curveOf(0, "classifier only", "head"),
      curveOf(1, "last 2 layers", "head"),
      curveOf(1, "last 2 layers", "body", { shift: 0.1 }),
    ],
    stages,
  );
  const rates = found.curves.map(({ suggestions }) => Number(suggestions?.valley.toPrecision(2)));
  expect(found.stages).toEqual([
    { ...stages[0], headLearningRate: rates[0] },
    { ...stages[1], headLearningRate: rates[1], learningRate: rates[2] },
  ]);
  const [head, layers] = [rates[0]?.toExponential(), rates[2]?.toExponential()];
  expect(found.advice).toBe(
    `Try headLearningRate: ${head} in stage 0 (classifier only); headLearningRate: ${head}, learningRate: ${layers} in ` +
      "stage 1 (last 2 layers).",
  );
  expect(String(found)).toContain(found.advice);
  expect(String(found)).toMatch(/last 2 layers +body +5\.00e-5 .* diverged, 90 steps/);
  const one = new LearningRates([curveOf(0, "classifier only", "head")], stages);
  expect(one.advice).toBe(`Try headLearningRate: ${head}.`);
  expect(one.stages[1]).toEqual(stages[1]);
});

test("a test that ended too early suggests nothing and says what to do", () => {
  const found = new LearningRates([curveOf(0, "classifier only", "head", { steps: 12 })], stages);
  expect(found.advice).toBe(
    "There is no suggestion for the head of stage 0 (classifier only): its loss exploded after 12 steps. Test again with " +
      "a lower startLr.",
  );
  expect(found.stages).toEqual(stages);
});

test("the figure is drawn in every form, with a star for each suggestion and words for who does not see it", async () => {
  const curves = [
    curveOf(0, "classifier only", "head", { top: 1e9 }), // pictures fail where points lie far outside
    curveOf(1, "last 2 layers", "head", { top: Number.MAX_VALUE / 1e10 }),
    curveOf(1, "last 2 layers", "body", { shift: 0.1 }),
  ];
  const found = new LearningRates(curves, stages);
  const { data, metadata } = await found.toBundle();
  expect(Object.keys(data)).toEqual(["application/vnd.plotly.v1+json", "image/png", "text/plain"]);
  expect(data["text/plain"]).toBe(String(found));
  const { alt } = (metadata as Record<string, { alt: string }>)["image/png"] as { alt: string };
  expect(alt).toContain(found.advice);
  expect(alt).toMatch(/last 2 layers, body: loss 0\.7\d\d at 1\.00e-7, lowest 0\.5\d\d at .*, ended by diverged at/);
  const stars = found.figure.data.filter(({ marker }) => (marker as { symbol?: string })?.symbol === "star");
  expect(stars.map(({ x }) => x)).toEqual(curves.map(({ suggestions }) => [suggestions?.valley]));
  expect((await found.figure.toSvg()).match(/<svg/g)?.length).toBeGreaterThan(0);
});
