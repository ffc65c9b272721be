/**
 * XLNet for sequence classification (Yang et al. 2019, arXiv:1906.08237), after Hugging Face's
 * `XLNetForSequenceClassification` (transformers 5.23, models/xlnet/modeling_xlnet.py): post-norm, relative positions
 * and segments inside attention, no absolute ones, no limit of length. Of its two streams the content stream alone: the
 * other predicts masked tokens. A text ends with `<cls>`, whose row the head reads.
 */
import type { Tensor } from "@tensorflow/tfjs-core";
import type { HuggingFaceConfig } from "../config/config.ts";
import { xlnetSettings } from "../config/xlnet.ts";
import { ThawError } from "../errors.ts";
import { activate } from "../nn/activation.ts";
import { attend } from "../nn/attend.ts";
import { dropout } from "../nn/dropout.ts";
import { embedding } from "../nn/embedding.ts";
import { biasGelu } from "../nn/gelu.ts";
import { fromHeads, toHeads } from "../nn/headProjection.ts";
import { project } from "../nn/linear.ts";
import { residualNorm } from "../nn/residualNorm.ts";
import { addBias } from "../nn/rows.ts";
import { contentScores, distanceScores, segmentScores } from "../nn/scores.ts";
import { selectRows } from "../nn/selectRows.ts";
import { distanceSinusoids } from "../nn/sinusoids.ts";
import { zeroBias } from "../nn/zeroBias.ts";
import { dense } from "./bertShape.ts";
import type { Family, Pass } from "./family.ts";
import type { PackedBatch } from "./packedBatch.ts";
import type { ParameterSpec } from "./parameter.ts";
import { denseSpecs, normSpecs, perLayer, tableSpec, tensorSpec } from "./specs.ts";

export const xlnet: Family = {
  modelType: "xlnet",
  basePrefix: "transformer.",
  composesAttention: true,
  maxTokens: () => undefined,
  usesTokenTypes: () => true,
  checkBatch,
  parameters,
  embeddings,
  layer,
  pooledRows,
  head,
};

function parameters(config: HuggingFaceConfig): ParameterSpec[] {
  const { hiddenSize: width, numAttentionHeads: heads, intermediateSize: inner } = config;
  const headWidth = width / heads;
  xlnetSettings(config); // refuses what cannot be trained
  const layers = perLayer(config, (i) => {
    const name = `transformer.layer.${i}`;
    return [
      ...["q", "k", "v", "o", "r"].map((part) => tensorSpec(`${name}.rel_attn.${part}`, [width, heads, headWidth], i)),
      ...["r_r_bias", "r_s_bias", "r_w_bias"].map((part) =>
        tensorSpec(`${name}.rel_attn.${part}`, [heads, headWidth], i),
      ),
      tensorSpec(`${name}.rel_attn.seg_embed`, [2, heads, headWidth], i),
      ...normSpecs(`${name}.rel_attn.layer_norm`, width, i),
      ...normSpecs(`${name}.ff.layer_norm`, width, i),
      ...denseSpecs(`${name}.ff.layer_1`, inner, width, i),
      ...denseSpecs(`${name}.ff.layer_2`, width, inner, i),
    ];
  });
  return [
    // read by the other stream alone: it gets no gradient, so that no optimizer moves it
    tensorSpec("transformer.mask_emb", [1, 1, width], "embeddings"),
    tableSpec("transformer.word_embedding", config.vocabSize, width, "embeddings"),
    ...layers,
    ...denseSpecs("sequence_summary.summary", width, width, "head"),
    ...denseSpecs("logits_proj", config.numLabels, width, "head"),
  ];
}

/** transformers reads the last column, whatever is in it, and distances by column. */
function checkBatch({ packing, positions, columns }: PackedBatch): void {
  packing.lengths.forEach((length, text) => {
    const first = packing.firstTokens[text] as number;
    const last = positions[first + length - 1] as number;
    if (last === (columns[text] as number) - 1 && last - (positions[first] as number) === length - 1) return;
    throw new ThawError(
      "BAD_BATCH",
      `Text ${text} of the batch is padded on the right, or within. XLNet reads a text's last token, <cls>: pad on the ` +
        'left, with { paddingSide: "left" }, which is what its tokenizer does by itself.',
    );
  });
}

function embeddings({ config, weight, stream }: Pass, batch: PackedBatch): Tensor {
  const words = embedding(weight("transformer.word_embedding.weight"), batch.inputIds);
  return dropout(words, config.hiddenDropoutProb, stream);
}

function layer(pass: Pass, index: number, hidden: Tensor, batch: PackedBatch): Tensor {
  const { config, stream } = pass;
  const name = `transformer.layer.${index}`;
  const weight = (part: string) => pass.weight(`${name}.${part}`);
  const norm = { epsilon: config.layerNormEps, dropoutRate: config.hiddenDropoutProb, stream };
  const attended = residualNorm(
    {
      x: fromHeads(attention(pass, name, hidden, batch), weight("rel_attn.o")),
      inputBias: zeroBias(config.hiddenSize),
      residual: hidden,
      weight: weight("rel_attn.layer_norm.weight"),
      bias: weight("rel_attn.layer_norm.bias"),
    },
    norm,
  );
  const inner = dropout(activated(pass, `${name}.ff.layer_1`, attended), config.hiddenDropoutProb, stream);
  return residualNorm(
    {
      x: project(inner, weight("ff.layer_2.weight")),
      inputBias: weight("ff.layer_2.bias"),
      residual: attended,
      weight: weight("ff.layer_norm.weight"),
      bias: weight("ff.layer_norm.bias"),
    },
    norm,
  );
}

/** `act(x W^T + b)`; the GELU has an op that adds the bias as well. */
function activated(pass: Pass, name: string, x: Tensor): Tensor {
  const { config, weight } = pass;
  if (config.hiddenAct !== "gelu") return activate(config.hiddenAct, dense(pass, name, x));
  return biasGelu(project(x, weight(`${name}.weight`)), weight(`${name}.bias`));
}

/**
 * `softmax((ac + bd + ef) / sqrt(width of a head)) v` -> `[tokens, hidden]`, with the three terms of `rel_attn_core`:
 * content to content, content to distance, content to segment, each with a bias of its own on the query.
 */
function attention(pass: Pass, name: string, hidden: Tensor, batch: PackedBatch): Tensor {
  const { config, stream } = pass;
  const { hiddenSize: width, numAttentionHeads: heads, hiddenDropoutProb: dropoutRate } = config;
  const weight = (part: string) => pass.weight(`${name}.rel_attn.${part}`);
  const { packing, tokenTypeIds } = batch;
  const layout = { heads, packing };
  const [query, key, value] = ["q", "k", "v"].map((part) => toHeads(hidden, weight(part))) as [Tensor, Tensor, Tensor];
  const asking = (bias: string) => addBias(query, weight(bias));
  const sinusoids = distanceSinusoids(packing.maxLength, { width, clamp: xlnetSettings(config).clampLength });
  const distances = toHeads(dropout(sinusoids, dropoutRate, stream?.shared()), weight("r"));
  const scores = [
    contentScores(asking("r_w_bias"), key, layout),
    distanceScores(asking("r_r_bias"), distances, { ...layout, by: "query" }),
    ...(hasSegments(batch) ? [segmentScores(asking("r_s_bias"), weight("seg_embed"), tokenTypeIds, layout)] : []),
  ];
  return attend(scores, value, { ...layout, factor: 1 / Math.sqrt(width / heads), dropoutRate, stream });
}

/** False where each text is all of one type, as without token types: no score depends on segments, and no gradient. */
function hasSegments({ packing, tokenTypeIds }: PackedBatch): boolean {
  return packing.lengths.some((length, text) => {
    const first = packing.firstTokens[text] as number;
    return tokenTypeIds.subarray(first, first + length).some((type) => type !== tokenTypeIds[first]);
  });
}

/** The last token of each text. */
function pooledRows(_pass: Pass, hidden: Tensor, { packing }: PackedBatch): Tensor {
  const last = packing.firstTokens.map((first, text) => first + (packing.lengths[text] as number) - 1);
  return selectRows(hidden, last);
}

function head(pass: Pass, rows: Tensor): Tensor {
  const { config, stream } = pass;
  const { summaryActivation, summaryFirstDropout, summaryLastDropout } = xlnetSettings(config);
  const output = dropout(dropout(rows, config.hiddenDropoutProb, stream), summaryFirstDropout, stream);
  const projected = dense(pass, "sequence_summary.summary", output);
  const summary = dropout(activate(summaryActivation, projected), summaryLastDropout, stream);
  return dense(pass, "logits_proj", summary);
}
