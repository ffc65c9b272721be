import { expect, test } from "vitest";
import { initialValues } from "../../src/models/initialValues.ts";
import type { Initial } from "../../src/models/parameter.ts";

const config = { initializerRange: 0.02 };
const values = (initial: Initial, seed = 1, name = "classifier.weight") =>
  initialValues({ name, shape: [100, 50], block: "head", initial }, config, seed);
const deviation = (numbers: Float32Array) => Math.sqrt(numbers.reduce((sum, x) => sum + x * x, 0) / numbers.length);

test("normal values have the config's deviation, or their own", () => {
  expect(deviation(values("normal"))).toBeCloseTo(0.02, 3);
  expect(deviation(values({ std: 0.5 }))).toBeCloseTo(0.5, 1);
  expect(values({})).toEqual(values("normal"));
});

test("they depend on the seed and on the name alone", () => {
  expect(values("normal")).toEqual(values("normal"));
  expect(values("normal", 2)).not.toEqual(values("normal"));
  expect(values("normal", 1, "other")).not.toEqual(values("normal"));
});

test("zeros and ones are what they say", () => {
  expect(new Set(values("zeros"))).toEqual(new Set([0]));
  expect(new Set(values("ones"))).toEqual(new Set([1]));
});

test("the padding's row is zero, the others are not", () => {
  const table = values({ zeroRow: 3 });
  const rows = Array.from({ length: 100 }, (_, i) => table.subarray(50 * i, 50 * i + 50).some((x) => x !== 0));
  expect(rows.flatMap((isRandom, i) => (isRandom ? [] : [i]))).toEqual([3]);
});

// of a normal distribution cut at 2 deviations: sqrt(1 - 2 * 2 * phi(2) / (2 Phi(2) - 1)) = 0.8796
test("values beyond the cutoff are drawn again, the others stay", () => {
  const [cut, whole] = [values({ std: 1, cutoff: 2 }), values({ std: 1 })];
  expect(Math.max(...cut.map(Math.abs))).toBeLessThanOrEqual(2);
  expect(deviation(cut)).toBeCloseTo(0.88, 1);
  cut.forEach((value, i) => {
    if (Math.abs(whole[i] as number) <= 2) expect(value).toBe(whole[i]);
  });
});
