/**
 * The families that can be trained and exported, by the `model_type` of their config. docs/adding-a-family.md explains
 * how to add one.
 */
import { ThawError } from "../errors.ts";
import { albert } from "./albert.ts";
import { bert } from "./bert.ts";
import type { HuggingFaceConfig } from "./config/config.ts";
import { deberta, debertaV2 } from "./deberta.ts";
import { distilbert } from "./distilbert.ts";
import { electra } from "./electra.ts";
import type { Family } from "./family.ts";
import { modernBert } from "./modernbert.ts";
import { mpnet } from "./mpnet.ts";
import { camembert, roberta, xlmRoberta } from "./roberta.ts";
import { xlnet } from "./xlnet.ts";

export const families: readonly Family[] = [
  bert,
  roberta,
  xlmRoberta,
  camembert,
  distilbert,
  electra,
  mpnet,
  albert,
  xlnet,
  deberta,
  debertaV2,
  modernBert,
];

/** Finds the family of a model. Errors: `UNKNOWN_FAMILY`. */
export function familyOf({ modelType }: Pick<HuggingFaceConfig, "modelType">): Family {
  const family = families.find((candidate) => candidate.modelType === modelType);
  if (family !== undefined) return family;
  throw new ThawError(
    "UNKNOWN_FAMILY",
    `The model is of type "${modelType}". Supported: ${families.map((f) => f.modelType).join(", ")}.`,
  );
}

/**
 * Returns the longest input of a model in tokens, special tokens included; undefined if its positions are unlimited.
 */
export function maxTokens(config: HuggingFaceConfig): number | undefined {
  const { maxTokens: ownLimit } = familyOf(config);
  return ownLimit === undefined ? config.maxPositionEmbeddings : ownLimit(config);
}
