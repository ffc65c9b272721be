import { expect, test } from "vitest";
import { checkParity } from "../../../bench/training/parity.ts";

const losses = { before: 0.7, after: 0.6 };

test("losses that differ by rounding pass", () => {
  expect(() => checkParity("mini", losses, { before: 0.70009, after: 0.6009 })).not.toThrow();
});

test.each([
  [{ before: 0.7002, after: 0.6 }, /before the first steps the loss is 0.7 in Thaw and 0.7002 in PyTorch/],
  [{ before: 0.7, after: 0.602 }, /after the first steps/],
  [{ before: Number.NaN, after: 0.6 }, /NaN in PyTorch/],
])("%j is refused: nothing is timed that is not the same", (torch, message) => {
  const check = () => checkParity("mini", losses, torch);
  expect(check).toThrow(message);
  expect(check).toThrow(expect.objectContaining({ code: "NO_PARITY" }));
});
