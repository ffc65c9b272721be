import { expect, test } from "vitest";
import { pathLength, pointAlong } from "../../../src/show/figure/svgGeometry.ts";

test("lengths along arrows", () => {
  expect(pathLength("M0,0L3,4L3,10")).toBe(11);
  expect(pointAlong("M0,0L3,4L3,10", 6)).toEqual({ x: 3, y: 5 });
  expect(pointAlong("M0,0L3,4", 99)).toEqual({ x: 3, y: 4 });
});
