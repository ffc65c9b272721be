import { expect, test } from "vitest";
import { csvRecords, QuoteProblem } from "../../src/data/csvRecords.ts";
import { golden } from "../golden/read.ts";

const { cases } = golden<{ cases: [delimiter: string, content: string, records: string[][] | null][] }>(
  "csv_records.json",
);

function read(content: string, delimiter: string): string[][] | null {
  try {
    return [...csvRecords(Buffer.from(content), { delimiter, quote: true })].map(({ cells }) => cells);
  } catch (error) {
    if (error instanceof QuoteProblem) return null;
    throw error;
  }
}

test("records are those of Python's csv module, in any mixture of quotes, delimiters and line ends", () => {
  for (const [delimiter, content, records] of cases) {
    expect(read(content, delimiter), JSON.stringify([delimiter, content])).toEqual(records);
  }
  const refused = cases.filter(([, , records]) => records === null).length;
  console.log(`CSV: ${cases.length} contents as Python's csv module reads them, ${refused} of them refused by both`);
});

const linesOf = (content: string, delimiter = ",") =>
  [...csvRecords(Buffer.from(content), { delimiter, quote: true })].map(({ cells, line }) => [line, ...cells]);

test("a record knows the line it begins in, below blank lines and fields of several lines, whatever ends a line", () => {
  expect(linesOf('a,b\n\n"x\ny\r\nz",1\r\rq,2\r\n\n"",3')).toEqual([
    [1, "a", "b"],
    [3, "x\ny\r\nz", "1"],
    [7, "q", "2"],
    [9, "", "3"],
  ]);
});

test("delimiters of several characters and beyond ASCII, and marks that quote nothing", () => {
  expect(linesOf('a||b|c||"d||e"\n', "||")).toEqual([[1, "a", "b|c", "d||e"]]);
  expect(linesOf("a§é§b\n", "§")).toEqual([[1, "a", "é", "b"]]);
  const marks = [...csvRecords(Buffer.from('"a,b"\n"c'), { delimiter: ",", quote: false })];
  expect(marks.map(({ cells }) => cells)).toEqual([['"a', 'b"'], ['"c']]);
});

test("a quotation mark that is never closed, or that text follows, is told with the line where its field begins", () => {
  const problem = (content: string) => {
    try {
      linesOf(content);
    } catch (error) {
      const { kind, line } = error as QuoteProblem;
      return [kind, line];
    }
  };
  expect(problem('a,b\n"x\ny",1\n"open,\nz,2\n')).toEqual(["open", 4]);
  expect(problem('a,b\n\nc,"He said "no""\n')).toEqual(["followed", 3]);
});
