import { expect, test } from "vitest";
import { parseConfig } from "../../src/models/config/parseConfig.ts";
import { maxTokens } from "../../src/models/families.ts";
import { type LimitSources, tokenLimit } from "../../src/tokenizer/rows.ts";
import { goldenCases, goldenTypes } from "../models/familyModel.ts";

const none = Number.POSITIVE_INFINITY;

test.each<[string, LimitSources, number]>([
  ["nothing is said", { modelMaxLength: none }, 512],
  ["nothing is said, and positions have no end", { modelMaxLength: none, positions: undefined }, 512],
  ["the files say less than the model could", { modelMaxLength: 128, positions: 512 }, 128],
  ["the files say more than the model has", { modelMaxLength: 512, positions: 40 }, 40],
  ["only the model says it, beyond 512", { modelMaxLength: none, positions: 8192 }, 8192],
  ["only the files say it, beyond 512", { modelMaxLength: 4096 }, 4096],
  ["the user wishes less", { modelMaxLength: 512, positions: 512, maxLength: 64 }, 64],
  ["the user wishes more than the files say", { modelMaxLength: 128, positions: 512, maxLength: 256 }, 256],
  ["the user wishes more than the model has", { modelMaxLength: 128, positions: 512, maxLength: 1000 }, 512],
  ["the user wishes it, and nothing else says it", { modelMaxLength: none, maxLength: 1000 }, 1000],
])("where %s, texts are cut as said", (_, sources, limit) => {
  expect(tokenLimit(sources)).toBe(limit);
});

test.each(goldenTypes)("%s has as many positions as its table has rows for tokens", (modelType) => {
  for (const { config } of goldenCases(modelType)) {
    const rows = config.max_position_embeddings as number;
    const afterPadding = ["roberta", "xlm-roberta", "camembert"].includes(modelType)
      ? ((config.pad_token_id as number) ?? 1) + 1
      : 0;
    const isRelative =
      modelType === "xlnet" || (modelType.startsWith("deberta") && config.position_biased_input === false);
    const expected = isRelative ? undefined : rows - (modelType === "mpnet" ? 2 : afterPadding);
    expect(maxTokens(parseConfig(config))).toBe(expected);
  }
});
