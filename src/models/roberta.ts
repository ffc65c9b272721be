/**
 * RoBERTa for sequence classification (Liu et al. 2019, arXiv:1907.11692): BERT's layers, positions that are counted from
 * the padding's row on, a head of two dense layers. It follows `RobertaForSequenceClassification` of transformers 5.23:
 * https://github.com/huggingface/transformers/blob/v5.23.0/src/transformers/models/roberta/modeling_roberta.py#L900-L977
 * XLM-RoBERTa and CamemBERT are the same under other vocabularies.
 */
import { denseHead, embeddingSpecs, embeddings, headSpecs, layerSpecs, postNormLayer, precisions } from "./bert.ts";
import type { HuggingFaceConfig } from "./config/config.ts";
import { decoderKeys, type FamilyKeys } from "./config/keys.ts";
import type { Family } from "./family.ts";
import { perLayer } from "./parameterSpec.ts";

const family = (modelType: string, keys: FamilyKeys): Family => ({
  modelType,
  keys,
  basePrefix: "roberta.",
  precisions,
  // the rows up to the padding's are never used
  maxTokens: (config) => config.maxPositionEmbeddings - padding(config) - 1,
  usesTokenTypes: () => true,
  parameters: (config) => [
    ...embeddingSpecs("roberta.embeddings", config, tables(config)),
    ...perLayer(config, (i) => layerSpecs(`roberta.encoder.layer.${i}`, i, config)),
    ...headSpecs(config, head),
  ],
  embeddings: (pass) => embeddings(pass, "roberta.embeddings", tables(pass.config)),
  layer: (pass, index, hidden, queryRows) => postNormLayer(pass, `roberta.encoder.layer.${index}`, hidden, queryRows),
  head: (pass, rows) => denseHead(pass, rows, head),
});

/** Returns the padding token id. The class default is 1; `transformers` always needs one. */
const padding = ({ padTokenId = 1 }: HuggingFaceConfig) => padTokenId;
const tables = (config: HuggingFaceConfig) => ({ wordPadding: padding(config), positionPadding: padding(config) });
const head = { dense: "classifier.dense", activation: "tanh", output: "classifier.out_proj", dropsInput: true };

export const roberta = family("roberta", {
  architecture: "RobertaForSequenceClassification",
  defaults: { vocab_size: 50265, pad_token_id: 1 },
  refused: decoderKeys,
});

/** XLM-RoBERTa (Conneau et al. 2019, arXiv:1911.02116). */
export const xlmRoberta = family("xlm-roberta", {
  architecture: "XLMRobertaForSequenceClassification",
  defaults: { pad_token_id: 1 },
  refused: decoderKeys,
});

/** CamemBERT (Martin et al. 2019, arXiv:1911.03894). */
export const camembert = family("camembert", {
  architecture: "CamembertForSequenceClassification",
  defaults: { pad_token_id: 1 },
  refused: decoderKeys,
});
