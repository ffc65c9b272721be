import { expect, test } from "vitest";
import { outputLimit, TextBudget } from "../../../../kernel/protocol/session/textBudget.ts";

test("text within the limit is shown as it is", () => {
  const budget = new TextBudget(10);
  expect([budget.admit("12345\n"), budget.admit("abc\n")]).toEqual(["12345\n", "abc\n"]);
  expect(budget.exceeded).toBe(false);
  expect(budget.summary).toBe("");
});

test("beyond it whole lines are shown as far as they fit, and the rest is counted", () => {
  const budget = new TextBudget(10);
  expect(budget.admit("1234\n5678\n90\n")).toBe("1234\n5678\n");
  expect(budget.exceeded).toBe(true);
  expect(budget.admit("more\nand more\nend")).toBe("");
  expect(budget.summary).toBe("[Thaw] Not shown: 3 lines, 20 characters.\n");
  expect(budget.warning).toContain("has printed 10 characters");
});

test("a line longer than all that is left is not torn", () => {
  const budget = new TextBudget(10);
  expect(budget.admit("x".repeat(11))).toBe("");
  expect(budget.summary).toBe("[Thaw] Not shown: 0 lines, 11 characters.\n");
});

test.each<[setting: string | undefined, limit: number]>([
  [undefined, 10_000_000],
  ["", 10_000_000],
  ["500", 500],
  ["0", Number.POSITIVE_INFINITY],
  ["many", 10_000_000],
  ["-1", 10_000_000],
])("THAW_OUTPUT_LIMIT=%s means %d", (setting, limit) => {
  expect(outputLimit(setting)).toBe(limit);
});
