import { expect, test } from "vitest";
import { parseConfig } from "../../src/config/translate.ts";
import type { Block } from "../../src/freezing/selection.ts";
import { familyOf } from "./familyModel.ts";

const roberta = { vocab_size: 50265, max_position_embeddings: 514, type_vocab_size: 1 };
const debertaV3 = {
  ...{
    model_type: "deberta-v2",
    hidden_size: 768,
    num_hidden_layers: 12,
    num_attention_heads: 12,
    intermediate_size: 3072,
  },
  ...{ relative_attention: true, position_buckets: 256, norm_rel_ebd: "layer_norm", share_att_key: true },
  ...{ pos_att_type: "p2c|c2p", max_relative_positions: -1, position_biased_input: false },
};
const xsmall = { ...debertaV3, hidden_size: 384, num_attention_heads: 6, intermediate_size: 1536 };
const deberta = {
  ...{ model_type: "deberta", relative_attention: true, pos_att_type: "c2p|p2c", max_relative_positions: -1 },
  ...{ position_biased_input: false },
};
const xlarge = {
  ...{ ...debertaV3, hidden_size: 1536, num_hidden_layers: 24, num_attention_heads: 24, intermediate_size: 6144 },
  ...{ conv_kernel_size: 3, conv_act: "gelu" },
};
const xlnet = { model_type: "xlnet", d_model: 768, n_layer: 12, n_head: 12, d_inner: 3072 };
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
  ["deberta-base", deberta, 139_193_858, 38_605_056, 8_267_520, 12, 786_432, 592_130],
  ["deberta-v3-base", debertaV3, 184_423_682, 98_382_336, 7_087_872, 12, 394_752, 592_130],
  ["deberta-v3-small", { ...debertaV3, num_hidden_layers: 6 }, 141_896_450, 98_382_336, 7_087_872, 6, 394_752, 592_130],
  ["deberta-v3-xsmall", xsmall, 70_830_722, 49_191_168, 1_774_464, 12, 197_376, 148_610],
  ["deberta-v2-xlarge", xlarge, 886_957_058, 196_764_672, 28_331_520, 24, 7_872_000, 2_363_906],
  ["xlnet-base-cased", xlnet, 117_310_466, 24_576_768, 7_678_464, 12, 0, 592_130],
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

test("modernbert-base has as many parameters in each block as in transformers; its layer 0 has one norm less", () => {
  const config = parseConfig({ model_type: "modernbert" });
  const sizes = new Map<Block, number>();
  for (const { block, shape } of familyOf("modernbert").parameters(config)) {
    sizes.set(block, (sizes.get(block) ?? 0) + shape.reduce((product, n) => product * n, 1));
  }
  expect(sizes.get("embeddings")).toBe(38_683_392);
  expect(sizes.get(0)).toBe(5_014_272);
  expect(Array.from({ length: 21 }, (_, i) => sizes.get(i + 1))).toEqual(new Array(21).fill(5_015_040));
  expect(sizes.get("shared")).toBe(768);
  expect([...sizes.values()].reduce((sum, size) => sum + size, 0)).toBe(149_606_402);
});
