import { expect, test } from "vitest";
import { matchesGlob } from "../../../../kernel/protocol/session/glob.ts";

test.each<[pattern: string, text: string, matches: boolean]>([
  ["*", "", true],
  ["", "", true],
  ["", "a", false],
  ["a", "a", true],
  ["a", "ab", false],
  ["*b*", "abc\nd", true],
  ["a?c", "abc", true],
  ["a?c", "ac", false],
  ["*.ts", "a.b.ts", true],
  ["*.ts", "a.tsx", false],
  ["a*b*c", "a__b__b_c", true],
  ["a*b*c", "a__c__b", false],
  ["[x]", "x", false],
  ["**a**", "bab", true],
])("%j on %j: %j", (pattern, text, matches) => {
  expect(matchesGlob(pattern, text)).toBe(matches);
});

test("a pattern of many stars does not take for ever", () => {
  const started = performance.now();
  expect(matchesGlob(`${"*a".repeat(40)}*b`, "a".repeat(20_000))).toBe(false);
  console.log(`glob: 40 stars on 20,000 letters: ${(performance.now() - started).toFixed(1)} ms`);
});
