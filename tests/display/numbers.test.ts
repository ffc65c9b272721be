import { expect, test } from "vitest";
import {
  formatByteRate,
  formatBytes,
  formatBytesOf,
  formatCount,
  formatEpoch,
  formatNumber,
  formatPercent,
  formatRate,
  formatSeconds,
} from "../../src/display/numbers.ts";

test.each([
  [3, "0:03"],
  [65, "1:05"],
  [59.6, "1:00"],
  [3729, "1:02:09"],
  [-1, "0:00"],
  [Number.NaN, "?"],
])("%d seconds are %s", (seconds, text) => {
  expect(formatSeconds(seconds)).toBe(text);
});

test("counts, percentages and rates are written for people", () => {
  expect([0, 999, 1000, 22_713_602].map(formatCount)).toEqual(["0", "999", "1,000", "22,713,602"]);
  expect([formatPercent(0.8123), formatPercent(1, 0)]).toEqual(["81.2%", "100%"]);
  expect([0.0123456, -3, 9999.4, -42_183.3].map(formatNumber)).toEqual(["0.01235", "-3.000", "9999", "-42,183"]);
  expect([5e-5, 1e-3, 0].map(formatRate)).toEqual(["5.00e-5", "1.00e-3", "0"]);
});

test("bytes are written in MB and GB, two of them in the unit of the whole", () => {
  expect([0, 1_234_567, 4.4e8, 2.5e9].map(formatBytes)).toEqual(["0.0 MB", "1.2 MB", "440 MB", "2.50 GB"]);
  expect([formatBytesOf(4.09e7, 9.09e7), formatBytesOf(4e6, 1.34e9)]).toEqual(["40.9/90.9 MB", "0.00/1.34 GB"]);
  expect([0, 40_000, 3.14e6, 2e9].map(formatByteRate)).toEqual(["0 kB/s", "40 kB/s", "3.1 MB/s", "2.00 GB/s"]);
});

test.each([
  [2, "2"],
  [2 + 1 / 3, "2.333"],
  [0.6000000000000001, "0.6"],
  [0, "0"],
])("%f epochs are written as %s", (epoch, text) => expect(formatEpoch(epoch)).toBe(text));
