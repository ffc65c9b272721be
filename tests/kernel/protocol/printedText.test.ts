import { setTimeout as sleep } from "node:timers/promises";
import { expect, test } from "vitest";
import { outputLimit, StreamBuffer, TextBudget } from "../../../kernel/protocol/printedText.ts";

test("text is gathered by cell and stream, and never changes its order", () => {
  const sent: unknown[] = [];
  const buffer = new StreamBuffer((...message) => sent.push(message));
  buffer.add(1, "stdout", "a");
  buffer.add(1, "stdout", "b");
  buffer.add(1, "stderr", "c");
  buffer.add(2, "stderr", "d");
  buffer.flush();
  buffer.flush();
  expect(sent).toEqual([
    [1, "stdout", "ab"],
    [1, "stderr", "c"],
    [2, "stderr", "d"],
  ]);
});

test("a flood of text is some twenty messages a second, and the first is not kept waiting", async () => {
  const times: number[] = [];
  let length = 0;
  const buffer = new StreamBuffer((_cell, _name, text) => {
    times.push(performance.now());
    length += text.length;
  });
  const started = performance.now();
  let added = 0;
  while (performance.now() - started < 1000) {
    for (let i = 0; i < 50; i++, added++) buffer.add(1, "stdout", "x");
    await sleep(1);
  }
  buffer.flush();
  console.log(
    `streams: ${times.length} messages in a second of flood, the first after ${(times[0] as number) - started} ms`,
  );
  expect(length).toBe(added);
  expect(times.length).toBeLessThanOrEqual(21);
});

test("a lone print is sent without anybody asking for it", async () => {
  const sent: string[] = [];
  const buffer = new StreamBuffer((_cell, _name, text) => sent.push(text));
  buffer.add(1, "stdout", "alone");
  const end = performance.now() + 10_000;
  while (sent.length === 0 && performance.now() < end) await sleep(1);
  expect(sent).toEqual(["alone"]);
});

test("a great deal of text does not wait for its time", () => {
  const sent: number[] = [];
  const buffer = new StreamBuffer((_cell, _name, text) => sent.push(text.length));
  for (let i = 0; i < 25; i++) buffer.add(1, "stdout", "x".repeat(100_000));
  buffer.flush();
  expect(sent).toEqual([1_000_000, 1_000_000, 500_000]);
});

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

test("what has been shown is taken off the limit, to its last character", () => {
  const budget = new TextBudget(10);
  expect([budget.admit("12345\n"), budget.admit("123\n")]).toEqual(["12345\n", "123\n"]);
  expect([budget.exceeded, budget.admit("\n\n"), budget.exceeded]).toEqual([false, "", true]);
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
