/** The keys that only ALBERT has (transformers 5.23, models/albert/configuration_albert.py). */
import type { HuggingFaceConfig } from "./config.ts";
import { badConfig, integerField } from "./fields.ts";

export interface AlbertKeys {
  /** Sets of weights that the layers take turns in, from the bottom up. */
  readonly numHiddenGroups: number;
  /** Layers of weights in each set: so many run for each layer that is counted. */
  readonly innerGroupNum: number;
}

/** Sets of weights at most. */
const maxSets = 1000;

/** Errors: `BAD_CONFIG`. */
export function albertKeys({ raw: json }: HuggingFaceConfig): AlbertKeys {
  const source = { json, file: "config.json" };
  const keys = {
    numHiddenGroups: integerField(source, "num_hidden_groups", 1),
    innerGroupNum: integerField(source, "inner_group_num", 1),
  };
  if (keys.numHiddenGroups * keys.innerGroupNum <= maxSets) return keys;
  throw badConfig(
    source.file,
    `"num_hidden_groups" ${keys.numHiddenGroups} times "inner_group_num" ${keys.innerGroupNum} are more than ${maxSets} sets of ` +
      "weights. Download the model again.",
  );
}
