/** The line of the growth benchmark. */
import { expect, test } from "vitest";
import { fitLine } from "../../../bench/growth/fit.ts";

test("points on a line give that line", () => {
  const line = fitLine([
    [1, 5],
    [2, 7],
    [4, 11],
  ]);
  expect(line.slope).toBeCloseTo(2, 12);
  expect(line.intercept).toBeCloseTo(3, 12);
  expect(line.r2).toBeCloseTo(1, 12);
  expect(line.worst).toBeCloseTo(0, 12);
});

test("growth with the square is seen to be off the line", () => {
  const { r2, worst } = fitLine([1, 2, 4, 8, 16].map((x) => [x, x * x] as const));
  expect(r2).toBeLessThan(0.95);
  expect(worst).toBeGreaterThan(0.5);
});
