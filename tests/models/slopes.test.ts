/** The gradients of every family's models against central differences of transformers' loss in float64. */
import { describe, expect, test } from "vitest";
import { PackedBatch } from "../../src/models/packedBatch.ts";
import { crossEntropy } from "../../src/task/singleLabel.ts";
import { lossAndGradients } from "../../src/tensor/gradients.ts";
import { golden } from "../golden/read.ts";
import { type Slopes, worstOf } from "../nn/slopes.ts";
import { formulaModel, type GoldenCase, goldenCases, goldenTypes, paddedBatch } from "./familyModel.ts";

/** The gradient of each parameter by its name. */
function gradientsOf(expected: GoldenCase): Map<string, Float32Array | undefined> {
  const model = formulaModel(expected.config);
  const batch = PackedBatch.fromPadded(paddedBatch(expected));
  const parameters = [...model.parameters.values()];
  const { gradients } = lossAndGradients(
    () => crossEntropy(model.run(undefined, -1, batch), Int32Array.from(expected.labels)),
    parameters.map(({ tensor }) => tensor),
  );
  const values = parameters.map(({ name }, i) => [name, gradients[i]?.dataSync() as Float32Array | undefined] as const);
  batch.dispose();
  model.dispose();
  return new Map(values);
}

describe.each(goldenTypes)("%s", (modelType) => {
  const slopes = golden<Record<string, Record<string, Slopes>>>(`slopes/${modelType}.json`);

  test("gradients are the slopes of the loss at 20 points of each parameter, and wrong ones are found", () => {
    let [worst, points, parameters, controls] = [0, 0, 0, 0];
    goldenCases(modelType).forEach((expected, i) => {
      const ofCase = slopes[`case_${i}`] as Record<string, Slopes>;
      const gradients = gradientsOf(expected);
      expect([...gradients.keys()].sort()).toEqual(Object.keys(ofCase).sort());
      for (const [name, gradient] of gradients) {
        const known = ofCase[name] as Slopes;
        expect(known.length, name).toBe(Math.min(20, sizeOf(expected, name)));
        const distance = worstOf(gradient, known);
        expect(distance, `case ${i}: ${name}`).toBeLessThanOrEqual(1);
        worst = Math.max(worst, distance);
        points += known.length;
        parameters += 1;
        // the control: nothing at all, twice as much, and the other way, wherever the slope is not zero anyway
        if (!known.some(([, slope]) => Math.abs(slope) > 2e-5)) continue;
        controls += 1;
        for (const factor of [0, 2, -1]) {
          expect(
            worstOf(
              gradient?.map((value) => factor * value),
              known,
            ),
            `${name} x ${factor}`,
          ).toBeGreaterThan(1);
        }
      }
    });
    console.log(
      `${modelType}: ${parameters} parameters, ${points} points; farthest from its slope by ${worst.toFixed(3)} of what ` +
        `is allowed (1e-5 + 1e-3 of the slope); ${controls} controls found`,
    );
    expect(controls).toBeGreaterThan(0.7 * parameters);
  });
});

function sizeOf({ parameters }: GoldenCase, name: string): number {
  const [, shape] = parameters[name] as [unknown, readonly number[]];
  return shape.reduce((product, size) => product * size, 1);
}
