import { expect, test } from "vitest";
import { textWidth, wrapApart, wrapText } from "../../../src/show/figure/theme.ts";

test("names that would be cut to the same lines keep what tells them apart", () => {
  const lines = (names: readonly string[]) => wrapApart(names, 120, 13, 2).map((parts) => parts.join("|"));
  const ends = lines(["a rather long name of a strategy, seed 1", "a rather long name of a strategy, seed 2"]);
  expect(new Set(ends).size).toBe(2);
  for (const [i, name] of ends.entries()) expect(name).toMatch(new RegExp(`^a.*….*${i + 1}$`));
  expect(lines(["short", "another"])).toEqual(["short", "another"]);
  const same = "a rather long name of a strategy that is the same";
  expect(new Set(lines([same, same])).size).toBe(1); // nothing tells them apart
  const middles = [1, 2].map((i) => `all of this is the very same beginning ${i} and so is the whole of this ending`);
  expect(new Set(lines(middles)).size).toBe(2);
  for (const name of lines(middles))
    for (const part of name.split("|")) expect(textWidth(part, 13)).toBeLessThanOrEqual(120);
});

test("long names are wrapped, and cut with an ellipsis", () => {
  expect(wrapText("last four layers and head", 70, 13, 3)).toEqual(["last four", "layers and", "head"]);
  expect(wrapText("an-unbroken-and-very-long-name", 60, 13, 9).join("")).toBe("an-unbroken-and-very-long-name");
  expect(wrapText("an-unbroken-and-very-long-name", 60, 13, 2)).toEqual(["an-unbr", expect.stringMatching(/…$/)]);
  expect(wrapText("one two three four", 30, 13, 2).at(-1)).toMatch(/…$/);
});
