import { expect, test } from "vitest";
import { bytesOf, type MemorySize } from "../../src/train/memorySize.ts";

test.each<[MemorySize, number]>([
  [500, 5e8],
  [0, 0],
  ["4GB", 4e9],
  ["1.5 gb", 1.5e9],
  [" 512MB ", 5.12e8],
])("%j is %d bytes", (size, bytes) => {
  expect(bytesOf(size)).toBe(bytes);
});

test.each(["4", "GB", "4TB", "-1GB", -1, Number.NaN, "4GB of it", null])("%j is no amount of memory", (size) => {
  expect(bytesOf(size as MemorySize)).toBeUndefined();
});
