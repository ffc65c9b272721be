/**
 * BERT for sequence classification (Devlin et al. 2018, arXiv:1810.04805), after Hugging Face's
 * `BertForSequenceClassification` (transformers 5.23, models/bert/modeling_bert.py): post-norm, absolute positions,
 * pooler over the first token.
 */

import { denseHead, embeddingSpecs, headSpecs, layerSpecs, postNormLayers, sumEmbeddings } from "./bertShape.ts";
import type { HuggingFaceConfig } from "./config/config.ts";
import type { Family } from "./family.ts";
import { perLayer } from "./specs.ts";

const tables = ({ padTokenId }: HuggingFaceConfig) => ({ tokenTypes: true, wordPadding: padTokenId });
const head = { dense: "bert.pooler.dense", activation: "tanh", output: "classifier", dropsInput: false };

export const bert: Family = {
  modelType: "bert",
  basePrefix: "bert.",
  usesTokenTypes: () => true,
  parameters: (config) => [
    ...embeddingSpecs("bert.embeddings", config, tables(config)),
    ...perLayer(config, (i) => layerSpecs(`bert.encoder.layer.${i}`, i, config)),
    ...headSpecs(config, head),
  ],
  embeddings: (pass, batch) => sumEmbeddings(pass, "bert.embeddings", batch, tables(pass.config)),
  ...postNormLayers((i) => `bert.encoder.layer.${i}`),
  head: (pass, rows) => denseHead(pass, rows, head),
};
