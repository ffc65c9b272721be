/**
 * BERT for sequence classification (Devlin et al. 2018, arXiv:1810.04805), after Hugging Face's
 * `BertForSequenceClassification` (transformers 5.23, models/bert/modeling_bert.py): post-norm, absolute positions,
 * erf GELU, pooler over the first token.
 */
import type { Tensor } from "@tensorflow/tfjs-core";
import type { HuggingFaceConfig } from "../config/config.ts";
import { tf } from "../engine/tensorflow.ts";
import { denseResidualNorm } from "../nn/denseResidualNorm.ts";
import { dropout } from "../nn/dropout.ts";
import { embedding } from "../nn/embedding.ts";
import { feedForwardNorm } from "../nn/feedForwardNorm.ts";
import { layerNorm } from "../nn/layerNorm.ts";
import { linear } from "../nn/linear.ts";
import { selectRows } from "../nn/selectRows.ts";
import { selfAttention } from "../nn/selfAttention.ts";
import type { Family, Pass } from "./family.ts";
import type { PackedBatch } from "./packedBatch.ts";
import type { ParameterSpec } from "./parameter.ts";

export const bert: Family = {
  modelType: "bert",
  basePrefix: "bert.",
  precisions: ["float32", "bfloat16"],
  parameters,
  embeddings,
  layer,
  pooledRows,
  head,
};

function parameters(config: HuggingFaceConfig): ParameterSpec[] {
  const { hiddenSize, intermediateSize } = config;
  const table = (name: string, rows: number): ParameterSpec => ({
    name: `bert.embeddings.${name}.weight`,
    shape: [rows, hiddenSize],
    block: "embeddings",
    initial: "normal",
  });
  const dense = (name: string, rows: number, columns: number, block: number | "head"): ParameterSpec[] => [
    { name: `${name}.weight`, shape: [rows, columns], block, initial: "normal" },
    { name: `${name}.bias`, shape: [rows], block, initial: "zeros" },
  ];
  const norm = (name: string, block: number | "embeddings"): ParameterSpec[] => [
    { name: `${name}.LayerNorm.weight`, shape: [hiddenSize], block, initial: "ones" },
    { name: `${name}.LayerNorm.bias`, shape: [hiddenSize], block, initial: "zeros" },
  ];
  const layers = Array.from({ length: config.numHiddenLayers }, (_, i) => {
    const name = `bert.encoder.layer.${i}`;
    return [
      ...["query", "key", "value"].flatMap((part) =>
        dense(`${name}.attention.self.${part}`, hiddenSize, hiddenSize, i),
      ),
      ...dense(`${name}.attention.output.dense`, hiddenSize, hiddenSize, i),
      ...norm(`${name}.attention.output`, i),
      ...dense(`${name}.intermediate.dense`, intermediateSize, hiddenSize, i),
      ...dense(`${name}.output.dense`, hiddenSize, intermediateSize, i),
      ...norm(`${name}.output`, i),
    ];
  });
  return [
    table("word_embeddings", config.vocabSize),
    table("position_embeddings", config.maxPositionEmbeddings),
    table("token_type_embeddings", config.typeVocabSize),
    ...norm("bert.embeddings", "embeddings"),
    ...layers.flat(),
    ...dense("bert.pooler.dense", hiddenSize, hiddenSize, "head"),
    ...dense("classifier", config.numLabels, hiddenSize, "head"),
  ];
}

function embeddings(pass: Pass, batch: PackedBatch): Tensor {
  const { config, weight, stream } = pass;
  const words = embedding(weight("bert.embeddings.word_embeddings.weight"), batch.inputIds, config.padTokenId);
  const types = embedding(weight("bert.embeddings.token_type_embeddings.weight"), batch.tokenTypeIds);
  const positions = embedding(weight("bert.embeddings.position_embeddings.weight"), batch.positions);
  return dropout(normalize(pass, "bert.embeddings", words.add(types).add(positions)), config.hiddenDropoutProb, stream);
}

function layer(pass: Pass, index: number, hidden: Tensor, batch: PackedBatch): Tensor {
  const { config, stream, precision } = pass;
  const name = `bert.encoder.layer.${index}`;
  const part = (which: string) => weightAndBias(pass, `${name}.${which}`);
  const norm = { epsilon: config.layerNormEps, dropoutRate: config.hiddenDropoutProb, stream, precision };
  const context = selfAttention(
    hidden,
    [part("attention.self.query"), part("attention.self.key"), part("attention.self.value")],
    {
      heads: config.numAttentionHeads,
      packing: batch.packing,
      dropoutRate: config.attentionProbsDropoutProb,
      stream,
      precision,
    },
  );
  const output = part("attention.output.dense");
  const attended = denseResidualNorm(
    {
      x: context,
      projection: output.weight,
      inputBias: output.bias,
      residual: hidden,
      ...part("attention.output.LayerNorm"),
    },
    norm,
  );
  return feedForwardNorm(
    { x: attended, up: part("intermediate.dense"), down: part("output.dense"), norm: part("output.LayerNorm") },
    norm,
  );
}

const weightAndBias = ({ weight }: Pass, name: string) => ({
  weight: weight(`${name}.weight`),
  bias: weight(`${name}.bias`),
});

function dense({ weight }: Pass, name: string, x: Tensor): Tensor {
  return linear(x, weight(`${name}.weight`), weight(`${name}.bias`));
}

function normalize({ config, weight }: Pass, name: string, x: Tensor): Tensor {
  return layerNorm(x, weight(`${name}.LayerNorm.weight`), weight(`${name}.LayerNorm.bias`), config.layerNormEps);
}

function pooledRows(hidden: Tensor, batch: PackedBatch): Tensor {
  return selectRows(hidden, batch.packing.firstTokens);
}

function head(pass: Pass, rows: Tensor): Tensor {
  const { config, stream } = pass;
  const pooled = tf.tanh(dense(pass, "bert.pooler.dense", rows));
  return dense(pass, "classifier", dropout(pooled, config.classifierDropout ?? config.hiddenDropoutProb, stream));
}
