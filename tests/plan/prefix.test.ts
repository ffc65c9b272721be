import { expect, test } from "vitest";
import { decidePrefixes } from "../../src/plan/prefix.ts";

test("one pass stores the cuts that no stage in between invalidates", () => {
  const cuts = (...list: number[]) => decidePrefixes(list)[0]?.wanted ?? [];
  expect(cuts(6, 2, -1)).toEqual([6, 2]);
  expect(cuts(2, 6)).toEqual([2]); // layers 2 to 5 have moved before the second stage
  expect(cuts(-1, 3)).toEqual([]);
  expect(cuts(4, 4)).toEqual([4]);
});

test("a stage without anything frozen below it stores nothing, and forgets what was stored", () => {
  const [head, all, again] = decidePrefixes([6, -1, 6]);
  expect(all).toBeUndefined();
  expect([head?.stored, head?.kept, head?.pass]).toEqual([[6], [], [0, 6]]);
  expect(again?.pass).toEqual([0, 6]); // the embeddings have moved
});

test("a pass runs the layers from the highest stored cut to the highest that is missing, and none where nothing is", () => {
  const passes = (...cuts: number[]) => decidePrefixes(cuts).map((prefix) => prefix?.pass);
  expect(passes(6, 6, 4, 2)).toEqual([
    [0, 6],
    [0, 0],
    [0, 0],
    [0, 0],
  ]); // the first pass stored all three
  expect(passes(2, 6)).toEqual([
    [0, 2],
    [2, 6],
  ]);
  expect(passes(4, 6, 2)).toEqual([
    [0, 4],
    [4, 6],
    [0, 0],
  ]); // not from 2, which is stored as well
});

test("what waits for a later stage is stored while another one trains", () => {
  const stored = decidePrefixes([4, 6, 2]).map((prefix) => prefix?.stored);
  expect(stored).toEqual([[4, 2], [4, 2, 6], [2]]);
});
