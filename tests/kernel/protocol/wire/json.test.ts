import { expect, test } from "vitest";
import { isTooDeep, readableJson } from "../../../../kernel/protocol/wire/json.ts";

test.each<[what: string, value: unknown, read: unknown]>([
  ["a first half at the end", "So happy \ud83d", "So happy \ufffd"],
  ["a second half at the beginning", "\ude00 happy", "\ufffd happy"],
  ["halves in the wrong order", "\ude00\ud83d", "\ufffd\ufffd"],
  ["two first halves before a second", "\ud83d\ud83d\ude00", "\ufffd😀"],
  ["a whole pair", "😀", "😀"],
  ["halves in keys", { "\ud800": { "a\udfff": 1 } }, { "\ufffd": { "a\ufffd": 1 } }],
  ["halves in lists", [["\udc00"], "x"], [["\ufffd"], "x"]],
  ["a backslash before letters that look like a half", "\\ud83d", "\\ud83d"],
  ["two backslashes and a half", "\\\\\ud83d", "\\\\\ufffd"],
  ["a half behind control characters and quotation marks", '\u0001"\ud83d"\n', '\u0001"\ufffd"\n'],
  ["numbers that JSON does not have", [Number.NaN, Number.POSITIVE_INFINITY, -0], [null, null, 0]],
])("%s", (_, value, read) => {
  const text = readableJson({ value });
  expect(JSON.parse(text)).toEqual({ value: read });
  expect(Buffer.from(text).toString()).toBe(text); // as UTF-8 it is the same
});

test("text that is JSON already is mended as well: escapes of both halves are a pair, in capital letters too", () => {
  expect(JSON.parse(readableJson(String.raw`{"a":"\uD83D\uDE00 \uD83D","b":"\\uD83D"}`))).toEqual({
    a: "😀 \ufffd",
    b: "\\uD83D",
  });
  const whole = '{"a":1e2,"b":"\\u00e9"}';
  expect(readableJson(whole)).toBe(whole);
});

test("keys that become one through it are one, and of their values the last stays", () => {
  expect(readableJson({ "\ud83d": 1, "\ud83e": 2 })).toBe('{"\ufffd":2}');
});

const nested = (levels: number, open = "[", close = "]") => `${open.repeat(levels)}1${close.repeat(levels)}`;

test.each([
  ["lists", "[", "]"],
  ["objects", '{"a":', "}"],
])("%s nested deeper than readers go are cut with a text, at any depth", (_, open, close) => {
  const depthOf = (value: unknown): number =>
    typeof value === "object" && value !== null ? 1 + depthOf(Object.values(value)[0]) : 0;
  expect(readableJson(nested(120, open, close))).toBe(nested(120, open, close));
  for (const levels of [121, 1000, 100_000]) {
    const cut = readableJson(nested(levels, open, close));
    expect(depthOf(JSON.parse(cut))).toBe(120);
    expect(cut).toContain("[nested more than 120 levels deep]");
    expect(JSON.parse(readableJson(`[null,7,"a",${nested(levels, open, close)}]`)).slice(0, 3)).toEqual([null, 7, "a"]);
  }
});

test("brackets in strings are no nesting, and many beside each other are not deep", () => {
  for (const value of ["[{".repeat(5000), `"${"[".repeat(5000)}`, `\\${'"['.repeat(5000)}`, Array(5000).fill([{}])]) {
    expect(JSON.parse(readableJson([value]))).toEqual([value]);
    expect(isTooDeep(JSON.stringify(value))).toBe(false);
  }
  expect([999, 1000, 1001, 1e6].map((levels) => isTooDeep(nested(levels)))).toEqual([false, false, true, true]);
});
