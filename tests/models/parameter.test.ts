import { expect, test } from "vitest";
import { parseConfig } from "../../src/models/config/parseConfig.ts";
import { initialValues } from "../../src/models/parameter.ts";
import type { Initial } from "../../src/models/parameterSpec.ts";
import { familyOf } from "./familyModel.ts";

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

// transformers 5.23: DistilBertForSequenceClassification(DistilBertConfig(dim=6, n_heads=2, sinusoidal_pos_embds=True,
// max_position_embeddings=40)).distilbert.embeddings.position_embeddings.weight[[0, 1, 39]]
test("DistilBERT's sinusoidal positions begin as those of transformers, and the others do not", () => {
  const expected = new Map([
    [0, [0, 1, 0, 1, 0, 1]],
    [1, [0.8414709568, 0.5403022766, 0.04639922455, 0.9989230037, 0.002154432936, 0.9999976754]],
    [39, [0.963795364, 0.2666429281, 0.9714748859, -0.237142429, 0.08392412215, 0.99647212]],
  ]);
  const positions = (sinusoidal: boolean) => {
    const json = { dim: 6, n_heads: 2, max_position_embeddings: 40, sinusoidal_pos_embds: sinusoidal };
    const parsed = parseConfig({ model_type: "distilbert", vocab_size: 20, ...json });
    const name = "distilbert.embeddings.position_embeddings.weight";
    const spec = familyOf("distilbert")
      .parameters(parsed)
      .find((one) => one.name === name);
    return initialValues(spec as NonNullable<typeof spec>, parsed, 1);
  };
  const table = positions(true);
  for (const [position, row] of expected) {
    row.forEach((value, column) => {
      expect(table[6 * position + column]).toBeCloseTo(value, 7);
    });
  }
  expect(Math.max(...positions(false))).toBeLessThan(0.2); // 240 normal values of deviation 0.02
});
