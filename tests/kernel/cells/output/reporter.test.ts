import { expect, test } from "vitest";
import { TextBuffer } from "../../../../kernel/cells/output/reporter.ts";

test.each([0, 1, 63, 64, 65, 1000])("%d pieces come out whole, in order, and once", (count) => {
  const gathered = new TextBuffer();
  const pieces = Array.from({ length: count }, (_, i) => `${i} é𝄞\n`);
  for (const piece of pieces) gathered.add(piece);
  expect(gathered.length).toBe(pieces.join("").length);
  expect([gathered.take(), gathered.take(), gathered.length]).toEqual([pieces.join(""), "", 0]);
});
