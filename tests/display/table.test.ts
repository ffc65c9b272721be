import { inspect } from "node:util";
import { expect, test } from "vitest";
import { displaySymbol } from "../../shared/mimeBundle.ts";
import { Table } from "../../src/display/table.ts";

const table = new Table({
  columns: ["Name", { title: "Count", align: "right" }, "Share"],
  rows: [
    ["head", "1,538", "0.1%"],
    ["<script>alert(1)</script>", 7, undefined],
  ],
  caption: 'Parameters of "a & b"',
  marked: [1],
});

test("text is aligned, numbers to the right, and the marked row has a star", () => {
  expect(String(table).split("\n")).toEqual([
    'Parameters of "a & b"',
    "   Name                       Count  Share",
    "-  -------------------------  -----  -----",
    "   head                       1,538   0.1%",
    "*  <script>alert(1)</script>      7",
  ]);
  expect(inspect(table)).toBe(String(table));
});

test("HTML escapes every cell and carries no script", () => {
  const html = String(table[displaySymbol]()["text/html"]);
  expect(html).toContain("&lt;script&gt;alert(1)&lt;/script&gt;");
  expect(html).not.toMatch(/<script/);
  expect(html).toContain("Parameters of &quot;a &amp; b&quot;");
  expect(html).toMatch(/^<div [^>]*>[^<]*<\/div><table border="1" class="dataframe"/);
  expect(html).toContain("var(--jp-content-font-color1");
  expect(html).toContain("<b>7</b>");
});

test("both forms are in the bundle, so that a log has the text", () => {
  expect(Object.keys(table[displaySymbol]())).toEqual(["text/html", "text/plain"]);
});

test("a row with a cell too many is refused", () => {
  expect(() => new Table({ columns: ["a"], rows: [["1"], ["1", "2"]] })).toThrow(
    /Row 1 of the table has 2 cells for 1 columns/,
  );
});
