/**
 * ELECTRA's discriminator for sequence classification (Clark et al. 2020, arXiv:2003.10555): BERT with embeddings that may
 * be narrower than the layers, and a head of two dense layers with a GELU in between. It follows
 * `ElectraForSequenceClassification` of transformers 5.23:
 * https://github.com/huggingface/transformers/blob/v5.23.0/src/transformers/models/electra/modeling_electra.py#L793-L857
 */
import { denseHead, embeddingSpecs, embeddings, headSpecs, layerSpecs, postNormLayer, precisions } from "./bert.ts";
import type { HuggingFaceConfig } from "./config/config.ts";
import { decoderKeys } from "./config/keys.ts";
import type { Family } from "./family.ts";
import { denseSpecs, perLayer } from "./parameterSpec.ts";

export const electra: Family = {
  modelType: "electra",
  keys: {
    architecture: "ElectraForSequenceClassification",
    hasEmbeddingSize: true,
    defaults: { embedding_size: 128, hidden_size: 256, num_attention_heads: 4, intermediate_size: 1024 },
    own: ["embedding_size"],
    refused: decoderKeys,
    harmless: ["summary_type", "summary_use_proj", "summary_activation", "summary_last_dropout"],
  },
  basePrefix: "electra.",
  precisions,
  usesTokenTypes: () => true,
  parameters: (config) => [
    ...embeddingSpecs("electra.embeddings", config, { wordPadding: config.padTokenId }),
    ...(isProjected(config)
      ? denseSpecs("electra.embeddings_project", config.hiddenSize, config.embeddingSize, "embeddings")
      : []),
    ...perLayer(config, (i) => layerSpecs(`electra.encoder.layer.${i}`, i, config)),
    ...headSpecs(config, head),
  ],
  embeddings: (pass) => {
    const sum = embeddings(pass, "electra.embeddings", { wordPadding: pass.config.padTokenId });
    return isProjected(pass.config) ? pass.dense("electra.embeddings_project", sum) : sum;
  },
  layer: (pass, index, hidden, queryRows) => postNormLayer(pass, `electra.encoder.layer.${index}`, hidden, queryRows),
  head: (pass, rows) => denseHead(pass, rows, head),
};

const isProjected = ({ embeddingSize, hiddenSize }: HuggingFaceConfig) => embeddingSize !== hiddenSize;
/** Modules of the head. Its activation is the erf GELU whatever `hidden_act` says. */
const head = { dense: "classifier.dense", activation: "gelu", output: "classifier.out_proj", dropsInput: true };
