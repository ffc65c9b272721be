import { expect, test } from "vitest";
import { RowUnion } from "../../src/optim/rowUnion.ts";

test("the union grows, in rising order, and is everything from the first gradient on that does not name its rows", () => {
  const union = new RowUnion();
  expect(union.add(Int32Array.of(10, 300))).toEqual(Int32Array.of(10, 300));
  expect(union.add(Int32Array.of(2, 10))).toEqual(Int32Array.of(2, 10, 300));
  const before = union.add(new Int32Array(0));
  expect(before).toEqual(Int32Array.of(2, 10, 300));
  expect(union.add(undefined)).toBeUndefined();
  expect(union.add(Int32Array.of(1))).toBeUndefined();
});
