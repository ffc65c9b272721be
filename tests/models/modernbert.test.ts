import { expect, test } from "vitest";
import { parseConfig } from "../../src/models/config/parseConfig.ts";
import { initialValues } from "../../src/models/parameter.ts";
import { familyOf, formulaModel, goldenCases } from "./familyModel.ts";

const { config } = goldenCases("modernbert")[0] as ReturnType<typeof goldenCases>[number];
const left = { inputIds: [[1, 1, 9, 8, 7]], attentionMask: [[0, 0, 1, 1, 1]] };
const right = { inputIds: [[9, 8, 7, 1, 1]], attentionMask: [[1, 1, 1, 0, 0]] };

test("a model that reads the first token refuses padding on the left, one that reads the mean does not", () => {
  const first = formulaModel(config, { classifier_pooling: "cls" });
  expect(() => first.forward(left)).toThrow(/Text 0 of the batch is padded on the left.*paddingSide: "right"/);
  expect(() => first.forward(right).logits.dispose()).not.toThrow();
  first.dispose();
  const mean = formulaModel(config, { classifier_pooling: "mean" });
  const [a, b] = [left, right].map((batch) => mean.forward(batch).logits.arraySync()[0] as number[]);
  a?.forEach((value, i) => {
    expect(value).toBeCloseTo(b?.[i] as number, 5); // rotary positions are relative, to the last bits
  });
  mean.dispose();
});

/** For new values of a matrix: their standard deviation by `_init_weights` of transformers, before they are cut off. */
test.each([
  ["model.embeddings.tok_embeddings.weight", 0.02],
  ["model.layers.0.attn.Wqkv.weight", 0.02],
  ["model.layers.0.mlp.Wi.weight", 0.02],
  ["model.layers.0.attn.Wo.weight", 0.02 / Math.sqrt(8)],
  ["model.layers.0.mlp.Wo.weight", 0.02 / Math.sqrt(8)],
  ["head.dense.weight", 0.02 / Math.sqrt(8)],
  ["classifier.weight", 96 ** -0.5],
])("%s begins with a normal distribution of %f, cut off at twice that", (name, std) => {
  const parsed = parseConfig({ ...config, hidden_size: 96, vocab_size: 400, num_labels: 40 });
  const spec = familyOf("modernbert")
    .parameters(parsed)
    .find((one) => one.name === name);
  const values = initialValues(spec as NonNullable<typeof spec>, parsed, 1);
  expect(Math.max(...values.map(Math.abs))).toBeLessThanOrEqual(Math.fround(2 * std));
  const deviation = Math.hypot(...values) / Math.sqrt(values.length);
  expect(deviation / std / 0.8796).toBeGreaterThan(0.96); // 0.8796: of a unit normal distribution cut off at 2
  expect(deviation / std / 0.8796).toBeLessThan(1.04);
});
