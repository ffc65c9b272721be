import { expect, test } from "vitest";
import { parseConfig } from "../../src/models/config/parseConfig.ts";
import { baseSizes } from "./baseSize.ts";
import { familyOf } from "./familyModel.ts";

const published = baseSizes();
const v3 = new Map(published).get("deberta-v3-base")?.config;

/** Sizes that are no base, by transformers 5.23 from these configs: sum of numel() by block, with two labels. */
const others: readonly (readonly [
  checkpoint: string,
  config: Record<string, unknown>,
  embeddings: number,
  layer: number,
  layers: number,
  shared: number,
  head: number,
])[] = [
  ["electra-small-discriminator", { model_type: "electra" }, 4_005_888, 789_760, 12, 0, 66_306],
  ["deberta-v3-small", { ...v3, num_hidden_layers: 6 }, 98_382_336, 7_087_872, 6, 394_752, 592_130],
  [
    "deberta-v3-xsmall",
    { ...v3, hidden_size: 384, num_attention_heads: 6, intermediate_size: 1536 },
    ...([49_191_168, 1_774_464, 12, 197_376, 148_610] as const),
  ],
  [
    "deberta-v2-xlarge",
    {
      ...{ ...v3, hidden_size: 1536, num_hidden_layers: 24, num_attention_heads: 24, intermediate_size: 6144 },
      ...{ conv_kernel_size: 3, conv_act: "gelu" },
    },
    ...([196_764_672, 28_331_520, 24, 7_872_000, 2_363_906] as const),
  ],
];

/** Parameters by block. */
function countsOf(json: Record<string, unknown>): Record<string, number> {
  const config = parseConfig(json);
  const sizes: Record<string, number> = {};
  for (const { block, shape } of familyOf(config.modelType).parameters(config)) {
    sizes[block] = (sizes[block] ?? 0) + shape.reduce((product, n) => product * n, 1);
  }
  return sizes;
}

test.each(published)("%s has as many parameters in each block as in transformers", (_, { config, parameters }) => {
  expect(countsOf(config)).toEqual(parameters);
});

test.each(others)("%s has as many parameters in each block as in transformers", (_, config, ...blocks) => {
  const [embeddings, layer, layers, shared, head] = blocks;
  const each = Object.fromEntries(Array.from({ length: layers }, (_, i) => [i, layer]));
  expect(countsOf(config)).toEqual({ embeddings, ...each, ...(shared === 0 ? {} : { shared }), head });
});
