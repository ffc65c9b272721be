import { expect, test } from "vitest";
import { refuseUnknown } from "../src/options.ts";

const known = { numLabels: true, seed: true };
const check = (options: object) => () => refuseUnknown(options, known, "BAD_ARGUMENT", "option of fromPretrained");

test("known names pass, whatever their values", () => {
  expect(check({ seed: undefined, numLabels: 2 })).not.toThrow();
});

test("an unknown name is refused with the known ones, or with the one that was meant", () => {
  expect(check({ labels: 2 })).toThrow('There is no option of fromPretrained "labels". Known are: numLabels, seed.');
  expect(check({ num_labels: 2 })).toThrow('There is no option of fromPretrained "num_labels". Write numLabels.');
  expect(check({ x: 1 })).toThrow(expect.objectContaining({ code: "BAD_ARGUMENT" }));
});
