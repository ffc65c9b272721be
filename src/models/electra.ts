/**
 * ELECTRA's discriminator for sequence classification (Clark et al. 2020, arXiv:2003.10555), after
 * `ElectraForSequenceClassification` (transformers 5.23, models/electra/modeling_electra.py): BERT with embeddings that
 * may be narrower than the layers, and a head of two dense layers with a GELU in between.
 */

import { dense, denseHead, embeddingSpecs, headSpecs, layerSpecs, postNormLayers, sumEmbeddings } from "./bertShape.ts";
import type { HuggingFaceConfig } from "./config/config.ts";
import type { Family } from "./family.ts";
import { denseSpecs, perLayer } from "./specs.ts";

const tables = ({ padTokenId }: HuggingFaceConfig) => ({ tokenTypes: true, wordPadding: padTokenId });
const isProjected = ({ embeddingSize, hiddenSize }: HuggingFaceConfig) => embeddingSize !== hiddenSize;
/** The erf GELU whatever `hidden_act` says. */
const head = { dense: "classifier.dense", activation: "gelu", output: "classifier.out_proj", dropsInput: true };

export const electra: Family = {
  modelType: "electra",
  basePrefix: "electra.",
  usesTokenTypes: () => true,
  parameters: (config) => [
    ...embeddingSpecs("electra.embeddings", config, tables(config)),
    ...(isProjected(config)
      ? denseSpecs("electra.embeddings_project", config.hiddenSize, config.embeddingSize, "embeddings")
      : []),
    ...perLayer(config, (i) => layerSpecs(`electra.encoder.layer.${i}`, i, config)),
    ...headSpecs(config, head),
  ],
  embeddings: (pass, batch) => {
    const sum = sumEmbeddings(pass, "electra.embeddings", batch, tables(pass.config));
    return isProjected(pass.config) ? dense(pass, "electra.embeddings_project", sum) : sum;
  },
  ...postNormLayers((i) => `electra.encoder.layer.${i}`),
  head: (pass, rows) => denseHead(pass, rows, head),
};
