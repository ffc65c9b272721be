import { expect, test } from "vitest";
import { bytesOf, type MemorySize, refuseUnknown } from "../src/options.ts";
import { resolveArguments } from "../src/plan/arguments.ts";

const known = { numLabels: true, seed: true };
const elsewhere = { numClasses: "numLabels" };
const check = (options: unknown) => () =>
  refuseUnknown(options as object, known, { kind: "option of fromPretrained", elsewhere });

test("known names pass, whatever their values", () => {
  expect(check({ seed: undefined, numLabels: 2 })).not.toThrow();
});

test.each([
  [{ labels: 2 }, 'There is no option of fromPretrained "labels". Known are: numLabels, seed.'],
  [{ num_labels: 2 }, 'There is no option of fromPretrained "num_labels". Write numLabels.'],
  [{ sede: 2 }, 'There is no option of fromPretrained "sede". Did you mean seed?'],
  [{ numLables: 2 }, 'There is no option of fromPretrained "numLables". Did you mean numLabels?'],
  [{ num_classes: 2 }, 'There is no option of fromPretrained "num_classes". Here it is numLabels.'],
  [{ toString: 1 }, 'There is no option of fromPretrained "toString". Known are: numLabels, seed.'],
  [3, "Each option of fromPretrained is given by name, in an object such as { numLabels: ... }; found 3."],
  [null, "Each option of fromPretrained is given by name, in an object such as { numLabels: ... }; found null."],
  [[0], "Each option of fromPretrained is given by name, in an object such as { numLabels: ... }; found an array."],
])("%j is refused with the name that was meant", (options, message) => {
  expect(check(options)).toThrow(expect.objectContaining({ code: "BAD_ARGUMENT", message }));
});

test.each([
  ["earlyStoppingPatience", "Here it is patience, a setting of a stage"],
  ["bf16", 'Here it is precision: "bfloat16".'],
  ["warmup_ratio", "Here it is warmupSteps below 1"],
  ["group_by_length", 'Here it is trainSamplingStrategy: "group_by_length".'],
  ["learningRtae", "Did you mean learningRate?"],
  ["per_device_train_batch_size", "Write perDeviceTrainBatchSize."],
])("the training argument %s, which does not exist, is answered with what to write", (name, advice) => {
  expect(() => resolveArguments({ [name]: 1 })).toThrow(advice);
});

test.each<[MemorySize, number]>([
  [500, 5e8],
  [0, 0],
  ["4GB", 4e9],
  ["1.5 gb", 1.5e9],
  [" 512MB ", 5.12e8],
])("%j is %d bytes", (size, bytes) => {
  expect(bytesOf(size)).toBe(bytes);
});

test.each(["4", "GB", "4TB", "-1GB", -1, Number.NaN, "4GB of it", null])("%j is no amount of memory", (size) => {
  expect(bytesOf(size as MemorySize)).toBeUndefined();
});
