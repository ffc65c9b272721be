import { expect, test } from "vitest";
import { principalComponents } from "../../src/evaluate/principalComponents.ts";
import { randomNormal } from "../../src/tensor/random.ts";
import { golden } from "../golden/read.ts";

interface ComponentCase {
  readonly matrix: number[][];
  readonly points: number[][];
  readonly components: number[][];
  readonly variance_ratio: number[];
}

const { made_with: _, ...cases } = golden<Record<string, ComponentCase>>("principal_components.json");

const worst = (mine: readonly ArrayLike<number>[], theirs: readonly number[][]) =>
  Math.max(...theirs.flatMap((row, i) => row.map((value, j) => Math.abs(value - (mine[i]?.[j] as number)))));

test.each(Object.entries(cases))("%s: points, directions and shares equal scikit-learn's", (_name, expected) => {
  const { points, components, varianceRatio } = principalComponents(expected.matrix);
  expect(worst(points, expected.points)).toBeLessThan(1e-6);
  expect(worst(components, expected.components)).toBeLessThan(1e-6);
  expect(worst([varianceRatio], [expected.variance_ratio])).toBeLessThan(1e-9);
});

test("what does not spread has no direction, and points on a line have one", () => {
  expect(
    principalComponents([
      [1, 2],
      [1, 2],
    ]),
  ).toMatchObject({
    points: [
      [0, 0],
      [0, 0],
    ],
    varianceRatio: [0, 0],
  });
  const line = principalComponents([
    [0, 0, 1],
    [3, 4, 1],
    [6, 8, 1],
  ]);
  expect(
    worst(line.points, [
      [-5, 0],
      [0, 0],
      [5, 0],
    ]),
  ).toBeLessThan(1e-12);
  expect(line.varianceRatio[0]).toBeCloseTo(1, 12);
  expect(line.varianceRatio[1]).toBe(0);
  expect(principalComponents([[1, 2, 3]]).points).toEqual([[0, 0]]);
});

test("1,000 points of a hidden size of 768 take seconds at most", () => {
  const values = randomNormal(1, "points", 1000 * 768);
  const rows = Array.from({ length: 1000 }, (_, i) => values.subarray(i * 768, (i + 1) * 768));
  for (const row of rows) row[3] = 4 * (row[3] as number);
  for (const row of rows) row[7] = 3 * (row[7] as number);
  const started = performance.now();
  const { components } = principalComponents(rows);
  expect(Math.abs(components[0]?.[3] as number)).toBeGreaterThan(0.9);
  expect(Math.abs(components[1]?.[7] as number)).toBeGreaterThan(0.9);
  expect(performance.now() - started).toBeLessThan(10_000);
});
