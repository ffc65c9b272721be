/** How long the texts of a model may be. */
import type { HuggingFaceConfig } from "./config.ts";
import { debertaSettings } from "./deberta.ts";

/**
 * The longest input that a model has positions for, in tokens with special ones; undefined where positions have no end.
 * The RoBERTas and MPNet count positions from the padding's row on and leave those before unused.
 */
export function maxTokens(config: HuggingFaceConfig): number | undefined {
  const { modelType, maxPositionEmbeddings: rows, padTokenId = 1 } = config;
  switch (modelType) {
    case "roberta":
    case "xlm-roberta":
    case "camembert":
      return rows - padTokenId - 1;
    case "mpnet":
      return rows - 2; // whatever pad_token_id says
    case "deberta":
    case "deberta-v2":
      return debertaSettings(config).positionBiasedInput ? rows : undefined;
    case "xlnet":
      return undefined;
    default:
      return rows; // ModernBERT's rotary positions have no end: this is what it was made for
  }
}
