import { expect, test } from "vitest";
import { TextBuffer } from "../../../../kernel/cells/output/reporter.ts";

test.each([0, 1, 63, 64, 65, 1000])("%d pieces come out whole, in order, and once", (count) => {
  const buffer = new TextBuffer();
  const pieces = Array.from({ length: count }, (_, i) => `${i} é𝄞\n`);
  for (const piece of pieces) buffer.add(piece);
  expect(buffer.length).toBe(pieces.join("").length);
  expect([buffer.take(), buffer.take(), buffer.length]).toEqual([pieces.join(""), "", 0]);
});
