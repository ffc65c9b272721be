import { expect, test } from "vitest";
import { isDecayed } from "../../src/optim/weightDecay.ts";

test.each([
  ["classifier.weight", true],
  ["bert.embeddings.word_embeddings.weight", true],
  ["bert.encoder.layer.0.output.dense.weight", true],
  ["transformer.layer.3.ff.normalizer.weight", true], // not a normalisation by Hugging Face's patterns
  ["classifier.bias", false],
  ["bert.embeddings.LayerNorm.weight", false],
  ["bert.encoder.layer.0.output.LayerNorm.bias", false],
  ["transformer.layer.3.ff.layer_norm.weight", false],
  ["model.norm.weight", false],
  ["transformer.layer.0.rel_attn.r_w_bias", false],
])("%s decays: %s", (name, decays) => {
  expect(isDecayed(name)).toBe(decays);
});
