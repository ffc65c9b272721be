import { expect, test } from "vitest";
import { toCodePoints, toUnits } from "../../../kernel/protocol/completion.ts";

test.each<[text: string, codePoints: number, units: number]>([
  ["", 0, 0],
  ["abc", 2, 2],
  ["𝄞b", 1, 2],
  ["a𝄞𝄞b", 3, 5],
  ["\ud834x", 1, 1], // a lone surrogate is one code point, in Python's strings too
  ["x\udd1ey", 2, 2],
])("%j: code point %d is unit %d, and back", (text, codePoints, units) => {
  expect(toUnits(text, codePoints)).toBe(units);
  expect(toCodePoints(text, units)).toBe(codePoints);
});

test.each<[codePoints: number, units: number]>([
  [-5, 0],
  [99, 3],
  [1.5, 2],
])("position %d is taken as unit %d of a text of 3", (codePoints, units) => {
  expect(toUnits("abc", codePoints)).toBe(units);
});
