/**
 * XLNet for sequence classification (Yang et al. 2019, arXiv:1906.08237), after Hugging Face's
 * `XLNetForSequenceClassification` (transformers 5.23, models/xlnet/modeling_xlnet.py): post-norm, relative positions
 * and segments inside attention, no absolute ones, no limit of length. Of its two streams the content stream alone: the
 * other predicts masked tokens. A text ends with `<cls>`, whose row the head reads.
 */
import type { Tensor } from "@tensorflow/tfjs-core";
import { ThawError } from "../errors.ts";
import { activate, biasGelu } from "../nn/activation.ts";
import { attention } from "../nn/attention/attention.ts";
import { biasProducts, distanceSinusoids, segmentDifference } from "../nn/attention/scoreTables.ts";
import { dropout } from "../nn/dropout.ts";
import { embedding } from "../nn/embedding.ts";
import { fromHeads, project, toHeads, zeroBias } from "../nn/linear.ts";
import type { QueryRows } from "../nn/packing.ts";
import { residualNorm } from "../nn/postNorm.ts";
import { addBias } from "../nn/rows.ts";
import { attentionOptions, dense, selectQueryRows } from "./bertShape.ts";
import type { HuggingFaceConfig } from "./config/config.ts";
import { xlnetSettings } from "./config/xlnet.ts";
import type { Family, Pass } from "./family.ts";
import type { PackedBatch } from "./packedBatch.ts";
import type { ParameterSpec } from "./parameter.ts";
import { denseSpecs, normSpecs, perLayer, tableSpec, tensorSpec } from "./specs.ts";

export const xlnet: Family = {
  modelType: "xlnet",
  basePrefix: "transformer.",
  usesTokenTypes: () => true,
  checkBatch,
  parameters,
  embeddings,
  layer,
  queryRows: () => "last",
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

function embeddings({ config, weight, dropoutRng }: Pass, batch: PackedBatch): Tensor {
  const words = embedding(weight("transformer.word_embedding.weight"), batch.inputIds);
  return dropout(words, config.hiddenDropoutProb, dropoutRng);
}

function layer(pass: Pass, index: number, hidden: Tensor, batch: PackedBatch, queryRows?: QueryRows): Tensor {
  const { config, dropoutRng } = pass;
  const name = `transformer.layer.${index}`;
  const weight = (part: string) => pass.weight(`${name}.${part}`);
  const norm = { epsilon: config.layerNormEps, dropoutRate: config.hiddenDropoutProb, dropoutRng };
  const attended = residualNorm(
    {
      x: fromHeads(context(pass, name, hidden, batch, queryRows), weight("rel_attn.o")),
      inputBias: zeroBias(config.hiddenSize),
      residual: selectQueryRows(hidden, batch, queryRows),
      weight: weight("rel_attn.layer_norm.weight"),
      bias: weight("rel_attn.layer_norm.bias"),
    },
    norm,
  );
  const inner = dropout(activated(pass, `${name}.ff.layer_1`, attended), config.hiddenDropoutProb, dropoutRng);
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
 * `softmax((ac + bd + ef) / sqrt(width of a head)) v` -> the rows of those that ask, with the three terms of
 * `rel_attn_core`: content to content, content to distance, content to segment, each with a bias of its own on the query.
 * Here the query has the first of these biases; the others less that one do with tables what they do with the query.
 */
function context(
  pass: Pass,
  name: string,
  hidden: Tensor,
  batch: PackedBatch,
  queryRows: QueryRows | undefined,
): Tensor {
  const { config, dropoutRng } = pass;
  const { hiddenSize: width, numAttentionHeads: heads, hiddenDropoutProb: dropoutRate } = config;
  const weight = (part: string) => pass.weight(`${name}.rel_attn.${part}`);
  const factor = 1 / Math.sqrt(width / heads);
  const ofBias = (rows: Tensor, bias: string) => biasProducts(rows, weight(bias), weight("r_w_bias"), factor);
  const [query, key, value] = ["q", "k", "v"].map((part) =>
    toHeads(part === "q" ? selectQueryRows(hidden, batch, queryRows) : hidden, weight(part)),
  ) as [Tensor, Tensor, Tensor];
  const sinusoids = distanceSinusoids(batch.packing.maxLength, { width, clamp: xlnetSettings(config).clampLength });
  const distances = toHeads(dropout(sinusoids, dropoutRate, dropoutRng?.shared()), weight("r"));
  const terms = { factor, byQuery: distances, byDistance: ofBias(distances, "r_r_bias") };
  const options = { ...attentionOptions(pass, batch, queryRows), dropoutRate };
  const asked = addBias(query, weight("r_w_bias"));
  if (!hasSegments(batch)) return attention(asked, key, value, { ...options, terms });
  const otherSegment = segmentDifference(weight("seg_embed"));
  const segmentBias = ofBias(otherSegment, "r_s_bias");
  const ofSegments = { otherSegment, segmentBias, segments: batch.tokenTypeIds };
  return attention(asked, key, value, { ...options, terms: { ...terms, ...ofSegments } });
}

/** False where each text is all of one type, as without token types: no score depends on segments, and no gradient. */
function hasSegments({ packing, tokenTypeIds }: PackedBatch): boolean {
  return packing.lengths.some((length, text) => {
    const first = packing.firstTokens[text] as number;
    return tokenTypeIds.subarray(first, first + length).some((type) => type !== tokenTypeIds[first]);
  });
}

function head(pass: Pass, rows: Tensor): Tensor {
  const { config, dropoutRng } = pass;
  const { summaryActivation, summaryFirstDropout, summaryLastDropout } = xlnetSettings(config);
  const output = dropout(dropout(rows, config.hiddenDropoutProb, dropoutRng), summaryFirstDropout, dropoutRng);
  const projected = dense(pass, "sequence_summary.summary", output);
  const summary = dropout(activate(summaryActivation, projected), summaryLastDropout, dropoutRng);
  return dense(pass, "logits_proj", summary);
}
