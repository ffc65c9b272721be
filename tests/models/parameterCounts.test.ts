import { expect, test } from "vitest";
import { parseConfig } from "../../src/config/translate.ts";
import type { Block } from "../../src/freezing/selection.ts";
import { familyOf } from "./familyModel.ts";

const roberta = { vocab_size: 50265, max_position_embeddings: 514, type_vocab_size: 1 };
const albert = { hidden_size: 768, num_attention_heads: 12, intermediate_size: 3072 };

/** With two labels; made by transformers 5.23 from these configs: sum of numel() by block. */
const counts: readonly (readonly [
  checkpoint: string,
  config: Record<string, unknown>,
  total: number,
  embeddings: number,
  layer: number,
  layers: number,
  shared: number,
  head: number,
])[] = [
  ["bert-base-uncased", { model_type: "bert" }, 109_483_778, 23_837_184, 7_087_872, 12, 0, 592_130],
  ["roberta-base", { model_type: "roberta", ...roberta }, 124_647_170, 39_000_576, 7_087_872, 12, 0, 592_130],
  [
    "xlm-roberta-base",
    { model_type: "xlm-roberta", ...roberta, vocab_size: 250002 },
    278_045_186,
    192_398_592,
    7_087_872,
    12,
    0,
    592_130,
  ],
  [
    "camembert-base",
    { model_type: "camembert", ...roberta, vocab_size: 32005 },
    110_623_490,
    24_976_896,
    7_087_872,
    12,
    0,
    592_130,
  ],
  ["distilbert-base-uncased", { model_type: "distilbert" }, 66_955_010, 23_835_648, 7_087_872, 6, 0, 592_130],
  ["electra-small-discriminator", { model_type: "electra" }, 13_549_314, 4_005_888, 789_760, 12, 0, 66_306],
  [
    "electra-base-discriminator",
    {
      model_type: "electra",
      embedding_size: 768,
      hidden_size: 768,
      num_attention_heads: 12,
      intermediate_size: 3072,
    },
    109_483_778,
    23_837_184,
    7_087_872,
    12,
    0,
    592_130,
  ],
  ["albert-base-v2", { model_type: "albert", ...albert }, 11_685_122, 4_005_120, 0, 0, 7_087_872, 592_130],
  [
    "mpnet-base",
    { model_type: "mpnet", max_position_embeddings: 514 },
    109_488_002,
    23_841_024,
    7_087_872,
    12,
    384,
    592_130,
  ],
];

test.each(counts)("%s has as many parameters in each block as in transformers", (_, json, total, ...blocks) => {
  const [embeddings, layer, layers, shared, head] = blocks;
  const config = parseConfig(json);
  const sizes = new Map<Block, number>();
  for (const { block, shape } of familyOf(config.modelType).parameters(config)) {
    sizes.set(block, (sizes.get(block) ?? 0) + shape.reduce((product, n) => product * n, 1));
  }
  expect(sizes.get("embeddings")).toBe(embeddings);
  expect(Array.from({ length: layers }, (_, i) => sizes.get(i))).toEqual(new Array(layers).fill(layer));
  expect(sizes.get("shared") ?? 0).toBe(shared);
  expect(sizes.get("head")).toBe(head);
  expect([...sizes.values()].reduce((sum, size) => sum + size, 0)).toBe(total);
});
