/**
 * DeBERTa for sequence classification (He et al. 2020, arXiv:2006.03654), after Hugging Face's
 * `DebertaForSequenceClassification` (transformers 5.23, models/deberta/modeling_deberta.py): query, key and value out of
 * one projection, head by head, every distance its own, projections for distances of their own.
 */
import type { Tensor } from "@tensorflow/tfjs-core";
import { attention } from "../nn/attention/attention.ts";
import { project } from "../nn/linear.ts";
import type { QueryRows } from "../nn/packing.ts";
import { addBias, part } from "../nn/rows.ts";
import { attentionOptions, dense, layerOutput, outputSpecs, selectQueryRows } from "./bertShape.ts";
import type { HuggingFaceConfig } from "./config/config.ts";
import { debertaSettings } from "./config/deberta.ts";
import { debertaFamily, disentangledTerms } from "./debertaShape.ts";
import type { Pass } from "./family.ts";
import type { PackedBatch } from "./packedBatch.ts";
import type { ParameterSpec } from "./parameter.ts";
import { denseSpecs, perLayer, tensorSpec } from "./specs.ts";

export const deberta = debertaFamily("deberta", { layerSpecs, layer });

function layerSpecs(config: HuggingFaceConfig): ParameterSpec[] {
  const { hiddenSize: width } = config;
  const { terms, relative } = debertaSettings(config);
  return perLayer(config, (i) => {
    const name = `deberta.encoder.layer.${i}`;
    const self = `${name}.attention.self`;
    return [
      tensorSpec(`${self}.q_bias`, [width], i, "zeros"),
      tensorSpec(`${self}.v_bias`, [width], i, "zeros"),
      tensorSpec(`${self}.in_proj.weight`, [3 * width, width], i),
      ...(relative && terms.includes("c2p") ? [tensorSpec(`${self}.pos_proj.weight`, [width, width], i)] : []),
      ...(relative && terms.includes("p2c") ? denseSpecs(`${self}.pos_q_proj`, width, width, i) : []),
      ...outputSpecs(name, i, config),
    ];
  });
}

function layer(pass: Pass, index: number, hidden: Tensor, batch: PackedBatch, queryRows?: QueryRows): Tensor {
  const name = `deberta.encoder.layer.${index}`;
  const weight = (which: string) => pass.weight(`${name}.attention.self.${which}`);
  const all = project(hidden, weight("in_proj.weight")); // [tokens, heads * 3 * width of a head]
  const [query, key, value] = [0, 1, 2].map((which) =>
    part(all, { index: which, of: 3, groups: pass.config.numAttentionHeads }),
  ) as [Tensor, Tensor, Tensor];
  const terms = disentangledTerms(pass, batch, (term, rows) =>
    term === "c2p" ? project(rows, weight("pos_proj.weight")) : dense(pass, `${name}.attention.self.pos_q_proj`, rows),
  );
  const context = attention(
    addBias(selectQueryRows(query, batch, queryRows), weight("q_bias")),
    key,
    addBias(value, weight("v_bias")),
    attentionOptions(pass, batch, queryRows, terms),
  );
  return layerOutput(pass, name, context, selectQueryRows(hidden, batch, queryRows));
}
