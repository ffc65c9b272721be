import { expect, test } from "vitest";
import { batchesOf } from "../../src/data/batches.ts";

test("an epoch has every row once, the last batch what is left", () => {
  const batches = batchesOf(103, 16, 0, 0);
  expect(batches.map((batch) => batch.length)).toEqual([16, 16, 16, 16, 16, 16, 7]);
  expect(batches.flatMap((batch) => [...batch]).sort((a, b) => a - b)).toEqual(
    Array.from({ length: 103 }, (_, i) => i),
  );
  expect(batchesOf(0, 16, 0, 0)).toEqual([]);
});

test("the order belongs to the seed and the epoch", () => {
  expect(batchesOf(50, 8, 1, 2)).toEqual(batchesOf(50, 8, 1, 2));
  expect(batchesOf(50, 8, 1, 3)).not.toEqual(batchesOf(50, 8, 1, 2));
  expect(batchesOf(50, 8, 2, 2)).not.toEqual(batchesOf(50, 8, 1, 2));
});

test.each([0, -1, 2.5, Number.NaN])("a batch size of %d is refused", (size) => {
  expect(() => batchesOf(10, size, 0, 0)).toThrow(/integer from 1 on/);
});
