/**
 * ALBERT for sequence classification (Lan et al. 2019, arXiv:1909.11942): BERT with narrow embeddings and layers that run
 * on the same weights. These make up the block "shared": a layer has none of its own that could be trained or frozen. It
 * follows `AlbertForSequenceClassification` of transformers 5.23:
 * https://github.com/huggingface/transformers/blob/v5.23.0/src/transformers/models/albert/modeling_albert.py#L646-L714
 */
import {
  denseHead,
  embeddingSpecs,
  embeddings,
  headSpecs,
  type LayerNames,
  layerSpecs,
  postNormLayer,
} from "./bert.ts";
import { badConfig, type HuggingFaceConfig, integerField } from "./config/config.ts";
import type { Family } from "./family.ts";
import { denseSpecs } from "./parameterSpec.ts";

export const albert: Family = {
  modelType: "albert",
  keys: {
    architecture: "AlbertForSequenceClassification",
    hasEmbeddingSize: true,
    names: { classifier_dropout: "classifier_dropout_prob" },
    defaults: {
      vocab_size: 30000,
      embedding_size: 128,
      hidden_size: 4096,
      num_attention_heads: 64,
      intermediate_size: 16384,
      hidden_act: "gelu_new",
      hidden_dropout_prob: 0,
      attention_probs_dropout_prob: 0,
      classifier_dropout: 0.1,
    },
    own: ["embedding_size", "num_hidden_groups", "inner_group_num"],
  },
  basePrefix: "albert.",
  usesTokenTypes: () => true,
  parameters: (config) => [
    ...embeddingSpecs("albert.embeddings", config, { wordPadding: config.padTokenId }),
    ...denseSpecs(mapping, config.hiddenSize, config.embeddingSize, "embeddings"),
    ...Array.from({ length: groupsOf(config).numHiddenGroups }, (_, group) => layersInGroup(group, config))
      .flat()
      .flatMap((name) => layerSpecs(name, "shared", config, names)),
    ...headSpecs(config, head),
  ],
  embeddings: (pass) =>
    pass.dense(mapping, embeddings(pass, "albert.embeddings", { wordPadding: pass.config.padTokenId })),
  layer: (pass, index, hidden, queryRows) => {
    const group = weightsOfLayer(index, pass.config);
    // the dropout of its feed-forward part exists in transformers, and is never called
    const options = { names, feedForwardDropout: 0 };
    return group.reduce((x, name, i) => {
      const isLast = i === group.length - 1;
      return postNormLayer(pass, name, x, isLast ? queryRows : "all", options);
    }, hidden);
  },
  head: (pass, rows) => denseHead(pass, rows, head),
};

const mapping = "albert.encoder.embedding_hidden_mapping_in";
const names: LayerNames = {
  query: "attention.query",
  key: "attention.key",
  value: "attention.value",
  attentionOutput: "attention.dense",
  attentionNorm: "attention.LayerNorm",
  up: "ffn",
  down: "ffn_output",
  outputNorm: "full_layer_layer_norm",
};
const head = { dense: "albert.pooler", activation: "tanh", output: "classifier", dropsInput: false };

/** The largest number of weight sets (layers with weights of their own) that a model may have. */
const maxSets = 1000;

/**
 * Reads the number of layer groups, which the layers are spread over from the bottom up, and the number of weight sets
 * in each group. Errors: `BAD_CONFIG`.
 */
function groupsOf({ raw: json }: HuggingFaceConfig) {
  const source = { json, file: "config.json" };
  const groups = {
    numHiddenGroups: integerField(source, "num_hidden_groups", 1),
    innerGroupNum: integerField(source, "inner_group_num", 1),
  };
  if (groups.numHiddenGroups * groups.innerGroupNum <= maxSets) return groups;
  throw badConfig(
    source.file,
    `"num_hidden_groups" ${groups.numHiddenGroups} times "inner_group_num" ${groups.innerGroupNum} are more than ${maxSets} sets of ` +
      "weights. Download the model again.",
  );
}

/** Lists the names of a group's weight sets, which run one after the other. */
const layersInGroup = (group: number, config: HuggingFaceConfig) =>
  Array.from(
    { length: groupsOf(config).innerGroupNum },
    (_, i) => `albert.encoder.albert_layer_groups.${group}.albert_layers.${i}`,
  );

/** Lists the names of the weight sets that layer `index` runs, one after the other. */
const weightsOfLayer = (index: number, config: HuggingFaceConfig) =>
  layersInGroup(Math.trunc(index / (config.numHiddenLayers / groupsOf(config).numHiddenGroups)), config);
