import { expect, test } from "vitest";
import { type BatchOptions, batchesOf, samplingStrategies } from "../../src/data/batches.ts";

/** 103 rows of 1 to 40 tokens. */
const lengths = Array.from({ length: 103 }, (_, i) => 1 + ((i * 37) % 40));
const batches = (options: Partial<BatchOptions> = {}, rows: readonly number[] = lengths) =>
  batchesOf(rows, { batchSize: 8, seed: 0, epoch: 0, ...options });
const rowsOf = (list: readonly Uint32Array[]) => list.flatMap((batch) => [...batch]);

test.each(samplingStrategies)("%s: an epoch has every row once, the last batch what is left", (strategy) => {
  const list = batches({ strategy, batchSize: 16 });
  expect(list.map((batch) => batch.length)).toEqual([16, 16, 16, 16, 16, 16, 7]);
  expect(rowsOf(list).sort((a, b) => a - b)).toEqual(lengths.map((_, i) => i));
  expect(batches({ strategy }, [])).toEqual([]);
  expect(rowsOf(batches({ strategy }, [5]))).toEqual([0]);
});

test.each(["random", "group_by_length"] as const)("%s: the order belongs to the seed and the epoch", (strategy) => {
  const of = (seed: number, epoch: number) => batches({ strategy, seed, epoch });
  expect(of(1, 2)).toEqual(of(1, 2));
  expect(of(1, 3)).not.toEqual(of(1, 2));
  expect(of(2, 2)).not.toEqual(of(1, 2));
});

test("sequential is the order of the data", () => {
  expect(rowsOf(batches({ strategy: "sequential", seed: 7, epoch: 3 }))).toEqual(lengths.map((_, i) => i));
});

test("by length, the rows of a batch are closer to each other than in a random order", () => {
  const many = Array.from({ length: 2000 }, (_, i) => 1 + ((i * 37) % 60));
  const spread = (options: Partial<BatchOptions>) => {
    const spreads = batches({ batchSize: 16, ...options }, many).map((batch) => {
      const each = [...batch].map((row) => many[row] as number);
      return Math.max(...each) - Math.min(...each);
    });
    return spreads.reduce((sum, value) => sum + value, 0) / spreads.length;
  };
  const [random, grouped] = [spread({}), spread({ strategy: "group_by_length" })];
  console.log(
    `Tokens between the longest and the shortest text of 16: ${random.toFixed(1)}, by length ${grouped.toFixed(1)}`,
  );
  expect(random).toBeGreaterThan(40);
  expect(grouped).toBeLessThan(random / 8);
  // the batches of an accumulated step come from one run of lengths
  expect(spread({ strategy: "group_by_length", batchesPerStep: 4 })).toBeLessThan(random / 8);
});

test("by length, each group of batches goes from long to short, and the longest row of all comes first", () => {
  const order = rowsOf(batches({ strategy: "group_by_length" })).map((row) => lengths[row] as number);
  expect(order[0]).toBe(40);
  const groups = [order.slice(1, 24), order.slice(25, 48), order.slice(49, 72), order.slice(73, 96)];
  for (const group of groups) expect(group).toEqual([...group].sort((a, b) => b - a));
});

test.each([0, -1, 2.5, Number.NaN])("a batch size of %d is refused", (batchSize) => {
  expect(() => batches({ batchSize })).toThrow(/integer from 1 on/);
});
