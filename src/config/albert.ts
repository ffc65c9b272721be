/** The keys that only ALBERT has (transformers 5.23, models/albert/configuration_albert.py). */
import type { HuggingFaceConfig } from "./config.ts";
import { integerField } from "./fields.ts";

export interface AlbertKeys {
  /** Sets of weights that the layers take turns in, from the bottom up. */
  readonly numHiddenGroups: number;
  /** Layers of weights in each set: so many run for each layer that is counted. */
  readonly innerGroupNum: number;
}

/** Errors: `BAD_CONFIG`. */
export function albertKeys({ raw: json }: HuggingFaceConfig): AlbertKeys {
  const source = { json, file: "config.json" };
  return {
    numHiddenGroups: integerField(source, "num_hidden_groups", 1),
    innerGroupNum: integerField(source, "inner_group_num", 1),
  };
}
