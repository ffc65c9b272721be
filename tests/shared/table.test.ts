import { expect, test } from "vitest";
import { type TableContent, tableHtml, tableText } from "../../shared/table.ts";

const content: TableContent = {
  columns: [
    { title: "", align: "right" },
    { title: "名", align: "left" },
  ],
  rows: [
    ["0", "<b>"],
    ["10", "😀"],
  ],
  notes: ["2 rows"],
};

test("row headers are header cells, and every text is escaped", () => {
  const html = tableHtml({ ...content, rowHeaders: true });
  expect(html).toMatch(/<tr><th scope="row" [^>]*>0<\/th><td [^>]*>&lt;b&gt;<\/td><\/tr>/);
  expect(html).toMatch(/<\/table><div [^>]*>2 rows<\/div>$/);
  expect(tableHtml(content)).not.toContain('scope="row"');
});

test("marked rows have a column of their own in text, and only there", () => {
  expect(tableText(content).split("\n")).toEqual(["    名", "--  ---", " 0  <b>", "10  😀", "2 rows"]);
  expect(tableText({ ...content, marked: new Set([1]) }).split("\n")[3]).toBe("*  10  😀");
  expect(tableHtml({ ...content, marked: new Set([1]) }).match(/<b>/g)).toHaveLength(2);
});
