/**
 * DeBERTa v2 and v3 for sequence classification (He et al. 2021, arXiv:2111.09543), after Hugging Face's
 * `DebertaV2ForSequenceClassification` (transformers 5.23, models/deberta_v2/modeling_deberta_v2.py): distances in
 * logarithmic buckets, projected by the layers' own projections or by others; in v2's large models a convolution.
 */
import type { Tensor } from "@tensorflow/tfjs-core";
import { activate } from "../nn/activation.ts";
import { selfAttention } from "../nn/attention/selfAttention.ts";
import { tokenConvolution } from "../nn/convolution.ts";
import { dropout } from "../nn/dropout.ts";
import { layerNorm } from "../nn/layerNorm.ts";
import type { QueryRows } from "../nn/packing.ts";
import { addRows } from "../nn/rows.ts";
import { attentionOptions, dense, layerOutput, outputSpecs, selectQueryRows, weightAndBias } from "./bertShape.ts";
import type { HuggingFaceConfig } from "./config/config.ts";
import { debertaSettings, type PositionTerm } from "./config/deberta.ts";
import { debertaFamily, disentangledTerms } from "./debertaShape.ts";
import type { Pass } from "./family.ts";
import type { PackedBatch } from "./packedBatch.ts";
import type { ParameterSpec } from "./parameter.ts";
import { denseSpecs, perLayer } from "./specs.ts";

export const debertaV2 = debertaFamily("deberta-v2", { layerSpecs, layer });

function layerSpecs(config: HuggingFaceConfig): ParameterSpec[] {
  const { hiddenSize } = config;
  const { terms, relative } = debertaSettings(config);
  const projections = [
    ...["query_proj", "key_proj", "value_proj"],
    ...(relative === undefined || relative.sharesProjections ? [] : positionProjections(terms)),
  ];
  return perLayer(config, (i) => {
    const name = `deberta.encoder.layer.${i}`;
    return [
      ...projections.flatMap((part) => denseSpecs(`${name}.attention.self.${part}`, hiddenSize, hiddenSize, i)),
      ...outputSpecs(name, i, config),
    ];
  });
}

const positionProjections = (terms: readonly PositionTerm[]): string[] => [
  ...(terms.includes("c2p") ? ["pos_key_proj"] : []),
  ...(terms.includes("p2c") ? ["pos_query_proj"] : []),
];

function layer(pass: Pass, index: number, hidden: Tensor, batch: PackedBatch, queryRows?: QueryRows): Tensor {
  const name = `deberta.encoder.layer.${index}`;
  const { relative, convolution } = debertaSettings(pass.config);
  const self = (part: string) => weightAndBias(pass, `${name}.attention.self.${part}`);
  const [forKeys, forQueries] = relative?.sharesProjections
    ? ["key_proj", "query_proj"]
    : ["pos_key_proj", "pos_query_proj"];
  const terms = disentangledTerms(pass, batch, (term, rows) =>
    dense(pass, `${name}.attention.self.${term === "c2p" ? forKeys : forQueries}`, rows),
  );
  const projections = [self("query_proj"), self("key_proj"), self("value_proj")] as const;
  const context = selfAttention(hidden, projections, attentionOptions(pass, batch, queryRows, terms));
  const above = layerOutput(pass, name, context, selectQueryRows(hidden, batch, queryRows));
  if (index > 0 || convolution === undefined) return above;
  const beside = tokenConvolution({ x: hidden, ...weightAndBias(pass, "deberta.encoder.conv.conv") }, batch.packing);
  return plusActivated(pass, convolution.activation, above, selectQueryRows(beside, batch, queryRows));
}

/** `layerNorm(above + act(dropout(beside)))`, all `[rows, hidden]`; beside a layer there is a convolution. */
function plusActivated(pass: Pass, activation: string, above: Tensor, beside: Tensor): Tensor {
  const { config, dropoutRng } = pass;
  const added = activate(activation, dropout(beside, config.hiddenDropoutProb, dropoutRng));
  const norm = weightAndBias(pass, "deberta.encoder.conv.LayerNorm");
  return layerNorm(addRows(above, added), norm.weight, norm.bias, config.layerNormEps);
}
