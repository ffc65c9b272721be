/** How the config files of the families differ: what their keys are called, and the defaults of their classes (transformers 5.23). */
import type { ConfigSource } from "./fields.ts";

export interface FamilyKeys extends Pick<ConfigSource, "names" | "defaults" | "fixed"> {
  /** The class that `transformers` opens the family's classifiers with. */
  readonly architecture: string;
}

/** By `model_type`: the families that can be trained. */
export const families: ReadonlyMap<string, FamilyKeys> = new Map<string, FamilyKeys>([
  ["bert", { architecture: "BertForSequenceClassification" }],
]);
