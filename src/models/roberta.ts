/**
 * RoBERTa for sequence classification (Liu et al. 2019, arXiv:1907.11692), after `RobertaForSequenceClassification`
 * (transformers 5.23, models/roberta/modeling_roberta.py): BERT's layers, positions that are counted from the padding's
 * index on, a head of two dense layers. XLM-RoBERTa and CamemBERT are the same under other vocabularies.
 */

import { denseHead, embeddingSpecs, headSpecs, layerSpecs, postNormLayers, sumEmbeddings } from "./bertShape.ts";
import type { HuggingFaceConfig } from "./config/config.ts";
import type { Family } from "./family.ts";
import { positionsAfterPadding } from "./positions.ts";
import { perLayer } from "./specs.ts";

/** The class default is 1, and `transformers` cannot do without. */
const padding = ({ padTokenId = 1 }: HuggingFaceConfig) => padTokenId;
const tables = (config: HuggingFaceConfig) => ({
  tokenTypes: true,
  wordPadding: padding(config),
  positionPadding: padding(config),
});
const head = { dense: "classifier.dense", activation: "tanh", output: "classifier.out_proj", dropsInput: true };

const family = (modelType: string): Family => ({
  modelType,
  basePrefix: "roberta.",
  usesTokenTypes: () => true,
  parameters: (config) => [
    ...embeddingSpecs("roberta.embeddings", config, tables(config)),
    ...perLayer(config, (i) => layerSpecs(`roberta.encoder.layer.${i}`, i, config)),
    ...headSpecs(config, head),
  ],
  embeddings: (pass, batch) => {
    const positions = positionsAfterPadding(batch, padding(pass.config));
    return sumEmbeddings(pass, "roberta.embeddings", batch, tables(pass.config), positions);
  },
  ...postNormLayers((i) => `roberta.encoder.layer.${i}`),
  head: (pass, rows) => denseHead(pass, rows, head),
});

export const roberta = family("roberta");
/** Conneau et al. 2019, arXiv:1911.02116. */
export const xlmRoberta = family("xlm-roberta");
/** Martin et al. 2019, arXiv:1911.03894. */
export const camembert = family("camembert");
