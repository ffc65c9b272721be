import { expect, test } from "vitest";
import { Gathered } from "../../../../kernel/cells/display/gathered.ts";

test.each([0, 1, 63, 64, 65, 1000])("%d pieces come out whole, in order, and once", (count) => {
  const gathered = new Gathered();
  const pieces = Array.from({ length: count }, (_, i) => `${i} é𝄞\n`);
  for (const piece of pieces) gathered.add(piece);
  expect(gathered.length).toBe(pieces.join("").length);
  expect([gathered.take(), gathered.take(), gathered.length]).toEqual([pieces.join(""), "", 0]);
});
