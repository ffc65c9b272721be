/**
 * ModernBERT for sequence classification (Warner et al. 2024, arXiv:2412.13663), after Hugging Face's
 * `ModernBertForSequenceClassification` (transformers 5.23, models/modernbert/modeling_modernbert.py): pre-norm, rotary
 * positions, layers that see the whole text or a window of it, gated feed-forward parts, hardly any biases. What
 * normalises the topmost rows, `final_norm`, is the block "shared".
 */
import type { Tensor } from "@tensorflow/tfjs-core";
import { ThawError } from "../errors.ts";
import type { Block } from "../freezing/selection.ts";
import { activate } from "../nn/activation.ts";
import { attention } from "../nn/attention/attention.ts";
import { rotate, rotation } from "../nn/attention/rotary.ts";
import { dropout } from "../nn/dropout.ts";
import { embedding } from "../nn/embedding.ts";
import { layerNorm } from "../nn/layerNorm.ts";
import { linear, project, zeroBias } from "../nn/linear.ts";
import type { QueryRows } from "../nn/packing.ts";
import { addRows, meanRows, multiplyRows, part } from "../nn/rows.ts";
import { attentionOptions, dense, selectQueryRows } from "./bertShape.ts";
import type { HuggingFaceConfig } from "./config/config.ts";
import { modernBertSettings } from "./config/modernbert.ts";
import type { Family, Pass } from "./family.ts";
import type { PackedBatch } from "./packedBatch.ts";
import type { ParameterSpec } from "./parameter.ts";
import { denseSpecs, normSpecs, perLayer, tensorSpec } from "./specs.ts";

export const modernBert: Family = {
  modelType: "modernbert",
  basePrefix: "model.",
  usesTokenTypes: () => false,
  checkBatch,
  parameters,
  embeddings,
  layer,
  queryRows: (config) => (modernBertSettings(config).pooling === "mean" ? "all" : "first"),
  pool,
  head,
};

/** Standard deviations of `_init_weights`, all cut off. */
function parameters(config: HuggingFaceConfig): ParameterSpec[] {
  const { hiddenSize: width, intermediateSize: inner, numHiddenLayers, initializerRange } = config;
  const settings = modernBertSettings(config);
  const normal = (std: number) => ({ std, cutoff: settings.initializerCutoff });
  const [into, out] = [normal(initializerRange), normal(initializerRange / Math.sqrt(2 * numHiddenLayers))];
  const norm = (name: string, block: Block) => normSpecs(name, width, block, { bias: settings.normBias });
  const layers = perLayer(config, (i) => {
    const name = `model.layers.${i}`;
    const [attention, mlp] = [{ bias: settings.attentionBias }, { bias: settings.mlpBias }];
    return [
      ...(i === 0 ? [] : norm(`${name}.attn_norm`, i)), // the embeddings are normalised already
      ...denseSpecs(`${name}.attn.Wqkv`, 3 * width, width, i, { ...attention, initial: into }),
      ...denseSpecs(`${name}.attn.Wo`, width, width, i, { ...attention, initial: out }),
      ...norm(`${name}.mlp_norm`, i),
      ...denseSpecs(`${name}.mlp.Wi`, 2 * inner, width, i, { ...mlp, initial: into }),
      ...denseSpecs(`${name}.mlp.Wo`, width, inner, i, { ...mlp, initial: out }),
    ];
  });
  return [
    tensorSpec("model.embeddings.tok_embeddings.weight", [config.vocabSize, width], "embeddings", into),
    ...norm("model.embeddings.norm", "embeddings"),
    ...norm("model.final_norm", "shared"),
    ...layers,
    ...denseSpecs("head.dense", width, width, "head", { bias: settings.classifierBias, initial: out }),
    ...norm("head.norm", "head"),
    ...denseSpecs("classifier", config.numLabels, width, "head", { initial: normal(width ** -0.5) }),
  ];
}

/** transformers reads the first column, whatever is in it. */
function checkBatch({ packing, positions }: PackedBatch, config: HuggingFaceConfig): void {
  const late = modernBertSettings(config).pooling === "cls" ? packing.firstTokens : [];
  for (const [text, first] of late.entries()) {
    if (positions[first] === 0) continue;
    throw new ThawError(
      "BAD_BATCH",
      `Text ${text} of the batch is padded on the left, but this model reads a text's first token: pad on the right, ` +
        'with { paddingSide: "right" }.',
    );
  }
}

function embeddings(pass: Pass, batch: PackedBatch): Tensor {
  const { config, weight, dropoutRng } = pass;
  const words = embedding(weight("model.embeddings.tok_embeddings.weight"), batch.inputIds, config.padTokenId);
  return dropout(normalize(pass, "model.embeddings.norm", words), config.hiddenDropoutProb, dropoutRng);
}

function layer(pass: Pass, index: number, hidden: Tensor, batch: PackedBatch, queryRows?: QueryRows): Tensor {
  const { config, dropoutRng } = pass;
  const { attentionBias, mlpBias, mlpDropout } = modernBertSettings(config);
  const name = `model.layers.${index}`;
  const normal = index === 0 ? hidden : normalize(pass, `${name}.attn_norm`, hidden);
  const all = affine(pass, `${name}.attn.Wqkv`, normal, attentionBias); // [tokens, 3 * hidden]
  const context = affine(pass, `${name}.attn.Wo`, attended(pass, index, all, batch, queryRows), attentionBias);
  const residual = selectQueryRows(hidden, batch, queryRows);
  const middle = addRows(residual, dropout(context, config.attentionProbsDropoutProb, dropoutRng));
  const wide = affine(pass, `${name}.mlp.Wi`, normalize(pass, `${name}.mlp_norm`, middle), mlpBias);
  const [input, gate] = [0, 1].map((half) => part(wide, { index: half, of: 2 })) as [Tensor, Tensor];
  const inner = dropout(multiplyRows(activate(config.hiddenAct, input), gate), mlpDropout, dropoutRng);
  return addRows(middle, affine(pass, `${name}.mlp.Wo`, inner, mlpBias));
}

/** Query, key and value side by side, `[tokens, 3 * hidden]` -> the rows of those that ask. */
function attended(
  pass: Pass,
  index: number,
  all: Tensor,
  batch: PackedBatch,
  queryRows: QueryRows | undefined,
): Tensor {
  const { hiddenSize, numAttentionHeads: heads } = pass.config;
  const { layerTypes, theta, window } = modernBertSettings(pass.config);
  const type = layerTypes[index] as (typeof layerTypes)[number];
  const turn = rotation(batch.positions, theta[type], hiddenSize / heads);
  const [query, key, value] = [0, 1, 2].map((which) => {
    const rows = part(all, { index: which, of: 3 });
    return which === 2 ? rows : rotate(rows, heads, turn);
  }) as [Tensor, Tensor, Tensor];
  const terms = type === "full_attention" ? {} : { window };
  return attention(
    selectQueryRows(query, batch, queryRows),
    key,
    value,
    attentionOptions(pass, batch, queryRows, terms),
  );
}

/** The topmost rows normalised: those of the first tokens, or the means over all. */
function pool(pass: Pass, rows: Tensor, { packing }: PackedBatch): Tensor {
  const normal = normalize(pass, "model.final_norm", rows);
  return modernBertSettings(pass.config).pooling === "mean" ? meanRows(normal, packing) : normal;
}

function head(pass: Pass, rows: Tensor): Tensor {
  const { config, dropoutRng } = pass;
  const { classifierActivation, classifierBias } = modernBertSettings(config);
  const inner = activate(classifierActivation, affine(pass, "head.dense", rows, classifierBias));
  const pooled = normalize(pass, "head.norm", inner);
  return dense(pass, "classifier", dropout(pooled, config.classifierDropout ?? 0, dropoutRng));
}

/** `nn.Linear` with or without a bias. */
function affine({ weight }: Pass, name: string, x: Tensor, bias: boolean): Tensor {
  return bias ? linear(x, weight(`${name}.weight`), weight(`${name}.bias`)) : project(x, weight(`${name}.weight`));
}

function normalize({ config, weight }: Pass, name: string, x: Tensor): Tensor {
  const { normBias } = modernBertSettings(config);
  const bias = normBias ? weight(`${name}.bias`) : zeroBias(config.hiddenSize);
  return layerNorm(x, weight(`${name}.weight`), bias, config.layerNormEps);
}
