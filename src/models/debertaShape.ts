/**
 * What both DeBERTas have around and inside their attention (He et al. 2020, arXiv:2006.03654): embeddings mostly without
 * positions, a table of distances that all layers read (the block "shared"), post-norm layers, a pooler over the first
 * token. They differ in how query, key and value are projected.
 */
import type { Tensor } from "@tensorflow/tfjs-core";
import { activate } from "../nn/activation.ts";
import type { ScoreTerms } from "../nn/attention/attention.ts";
import { distances, logBucket } from "../nn/attention/scoreTables.ts";
import { dropout } from "../nn/dropout.ts";
import { embedding } from "../nn/embedding.ts";
import { layerNorm } from "../nn/layerNorm.ts";
import { project } from "../nn/linear.ts";
import { addRows } from "../nn/rows.ts";
import { dense, tokenTypesOf, weightAndBias } from "./bertShape.ts";
import type { HuggingFaceConfig } from "./config/config.ts";
import { debertaSettings, type PositionTerm, type RelativeSettings } from "./config/deberta.ts";
import type { Family, Pass } from "./family.ts";
import type { PackedBatch } from "./packedBatch.ts";
import type { ParameterSpec } from "./parameter.ts";
import { denseSpecs, normSpecs, tableSpec, tensorSpec } from "./specs.ts";

function embeddingSpecs(config: HuggingFaceConfig): ParameterSpec[] {
  const { embeddingSize, hiddenSize, vocabSize, maxPositionEmbeddings, typeVocabSize, padTokenId } = config;
  const table = (which: string, rows: number, zeroRow?: number) =>
    tableSpec(`deberta.embeddings.${which}_embeddings`, rows, embeddingSize, "embeddings", zeroRow);
  return [
    table("word", vocabSize, padTokenId),
    ...(debertaSettings(config).positionBiasedInput ? [table("position", maxPositionEmbeddings)] : []),
    ...(typeVocabSize > 0 ? [table("token_type", typeVocabSize)] : []),
    ...(embeddingSize === hiddenSize
      ? []
      : [tensorSpec("deberta.embeddings.embed_proj.weight", [hiddenSize, embeddingSize], "embeddings")]),
    ...normSpecs("deberta.embeddings.LayerNorm", hiddenSize, "embeddings"),
  ];
}

/** -> `[tokens, hidden]` */
function embeddings(pass: Pass, batch: PackedBatch): Tensor {
  const { config, weight, dropoutRng } = pass;
  const table = (which: string) => weight(`deberta.embeddings.${which}_embeddings.weight`);
  const sum = [
    embedding(table("word"), batch.inputIds, config.padTokenId),
    ...(debertaSettings(config).positionBiasedInput ? [embedding(table("position"), batch.positions)] : []),
    ...(config.typeVocabSize > 0 ? [embedding(table("token_type"), tokenTypesOf(batch, config))] : []),
  ].reduce(addRows);
  const isNarrow = config.embeddingSize !== config.hiddenSize;
  const rows = isNarrow ? project(sum, weight("deberta.embeddings.embed_proj.weight")) : sum;
  const norm = weightAndBias(pass, "deberta.embeddings.LayerNorm");
  return dropout(layerNorm(rows, norm.weight, norm.bias, config.layerNormEps), config.hiddenDropoutProb, dropoutRng);
}

/** What the layers share, and the convolution, which is layer 0's but is called as if it were the encoder's. */
function sharedSpecs(config: HuggingFaceConfig): ParameterSpec[] {
  const { hiddenSize } = config;
  const { relative, hasTableNorm, convolution } = debertaSettings(config);
  const name = "deberta.encoder";
  return [
    ...(relative === undefined ? [] : [tableSpec(`${name}.rel_embeddings`, 2 * relative.span, hiddenSize, "shared")]),
    ...(hasTableNorm ? normSpecs(`${name}.LayerNorm`, hiddenSize, "shared") : []),
    ...(convolution === undefined
      ? []
      : [
          tensorSpec(`${name}.conv.conv.weight`, [hiddenSize, hiddenSize, convolution.kernel], "shared"),
          tensorSpec(`${name}.conv.conv.bias`, [hiddenSize], "shared", "zeros"),
          ...normSpecs(`${name}.conv.LayerNorm`, hiddenSize, "shared"),
        ]),
  ];
}

/**
 * Attention is `softmax((q_i k_j + q_i K(i - j) + k_j Q(i - j)) / sqrt(width * (1 + terms))) v`, where K and Q are
 * projections of the row of the distance. `project` makes them: `[rows, hidden]` -> `[rows, hidden]`.
 */
export function disentangledTerms(
  pass: Pass,
  { packing }: PackedBatch,
  project: (term: PositionTerm, rows: Tensor) => Tensor,
): ScoreTerms {
  const { hiddenSize, numAttentionHeads } = pass.config;
  const { terms, relative } = debertaSettings(pass.config);
  const factor = 1 / Math.sqrt((hiddenSize / numAttentionHeads) * (1 + terms.length));
  if (relative === undefined || terms.length === 0) return { factor };
  const { table, rowOf } = distanceTable(pass, relative, packing.maxLength);
  const rowsOf = (term: PositionTerm, sign: number) => {
    const rows = Int32Array.from(distances(packing.maxLength), (distance) => rowOf(sign * distance));
    return embedding(project(term, table), rows);
  };
  return {
    factor,
    ...(terms.includes("c2p") ? { byQuery: rowsOf("c2p", 1) } : {}),
    ...(terms.includes("p2c") ? { byKey: rowsOf("p2c", -1) } : {}),
  };
}

/** The rows of the table that texts of this length need, which lie together; `rowOf` says which is a distance's. */
function distanceTable(pass: Pass, relative: RelativeSettings, length: number) {
  const { config, dropoutRng, weight } = pass;
  const { span } = relative;
  const inTable = (distance: number) => Math.max(0, Math.min(2 * span - 1, logBucket(distance, relative) + span));
  const first = inTable(-length);
  const indices = Int32Array.from({ length: inTable(length) - first + 1 }, (_, i) => first + i);
  const rows = embedding(weight("deberta.encoder.rel_embeddings.weight"), indices);
  const { hasTableNorm } = debertaSettings(config);
  const norm = hasTableNorm ? weightAndBias(pass, "deberta.encoder.LayerNorm") : undefined;
  const table = norm === undefined ? rows : layerNorm(rows, norm.weight, norm.bias, config.layerNormEps);
  return {
    table: dropout(table, config.hiddenDropoutProb, dropoutRng),
    rowOf: (distance: number) => inTable(distance) - first,
  };
}

function headSpecs({ hiddenSize, numLabels }: HuggingFaceConfig): ParameterSpec[] {
  return [
    ...denseSpecs("pooler.dense", hiddenSize, hiddenSize, "head"),
    ...denseSpecs("classifier", numLabels, hiddenSize, "head"),
  ];
}

/** `[batch, hidden]` -> logits `[batch, labels]` */
function head(pass: Pass, rows: Tensor): Tensor {
  const { config, dropoutRng } = pass;
  const { poolerDropout, poolerActivation } = debertaSettings(config);
  const pooled = activate(poolerActivation, dense(pass, "pooler.dense", dropout(rows, poolerDropout, dropoutRng)));
  const dropped = dropout(pooled, config.classifierDropout ?? config.hiddenDropoutProb, dropoutRng);
  return dense(pass, "classifier", dropped);
}

/** What the two versions have in common. */
export const debertaFamily = (
  modelType: string,
  layers: Pick<Family, "layer"> & { readonly layerSpecs: (config: HuggingFaceConfig) => ParameterSpec[] },
): Family => ({
  modelType,
  basePrefix: "deberta.",
  usesTokenTypes: ({ typeVocabSize }) => typeVocabSize > 0,
  parameters: (config) => [
    ...embeddingSpecs(config),
    ...sharedSpecs(config),
    ...layers.layerSpecs(config),
    ...headSpecs(config),
  ],
  embeddings,
  layer: layers.layer,
  head,
});
