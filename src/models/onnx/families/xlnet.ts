/** The graph of XLNet: see `src/models/xlnet.ts`. It reads a text's last token, on whichever side the padding is. */

import { sinusoidFrequencies } from "../../../nn/attention/scoreTables.ts";
import { xlnetSettings } from "../../config/xlnet.ts";
import { activate } from "../activation.ts";
import type { Value } from "../graph.ts";
import type { GraphPass, OnnxFamily } from "../onnxFamily.ts";
import { attend, dense, distances, lastTokens, layerNorm, scoresOf, splitHeads } from "../parts.ts";
import { pickRows } from "../relative.ts";

export const xlnet: OnnxFamily = {
  modelType: "xlnet",
  embeddings: ({ weights, inputIds }) => weights.words("transformer.word_embedding.weight", inputIds),
  layer,
  pooledRows: lastTokens,
  head,
};

function layer(pass: GraphPass, index: number, hidden: Value): Value {
  const { config, graph, weights } = pass;
  const name = `transformer.layer.${index}`;
  const normalized = (which: string, x: Value, residual: Value) =>
    layerNorm(pass, `${name}.${which}.layer_norm`, graph.op("Add", [x, residual]));
  const projected = weights.project(attention(pass, `${name}.rel_attn`, hidden), `${name}.rel_attn.o`);
  const attended = normalized("rel_attn", projected, hidden);
  const inner = activate(graph, config.hiddenAct, dense(pass, `${name}.ff.layer_1`, attended));
  return normalized("ff", dense(pass, `${name}.ff.layer_2`, inner), attended);
}

/** `softmax((ac + bd + ef) / sqrt(width of a head)) v` -> `[batch, tokens, hidden]` */
function attention(pass: GraphPass, name: string, hidden: Value): Value {
  const { config, graph, weights, tokenTypeIds } = pass;
  const { hiddenSize: width, numAttentionHeads: heads } = config;
  const headsOf = (x: Value, part: string) => splitHeads(pass, weights.project(x, `${name}.${part}`, "[in, out]"));
  const [query, key, value] = ["q", "k", "v"].map((part) => headsOf(hidden, part)) as [Value, Value, Value];
  const queryRows = (bias: string) =>
    graph.op("Add", [query, weights.tensor(`${name}.${bias}`, [heads, 1, width / heads])]);
  const toDistances = scoresOf(pass, queryRows("r_r_bias"), headsOf(sinusoids(pass), "r"));
  const terms = [
    scoresOf(pass, queryRows("r_w_bias"), key),
    pickRows(pass, toDistances, rowsOfDistances(pass)),
    ...(tokenTypeIds === undefined
      ? []
      : [segmentScores(pass, queryRows("r_s_bias"), `${name}.seg_embed`, tokenTypeIds)]),
  ];
  return attend(pass, terms, value, { factor: 1 / Math.sqrt(width / heads) });
}

/** int64 `[tokens, tokens]`: of the rows of `sinusoids`, which begin with the shortest distance, `-tokens + 1`. */
function rowsOfDistances(pass: GraphPass): Value {
  const { graph, columns } = pass;
  const last = graph.op("ReduceMax", [columns], { keepdims: 0 }); // tokens - 1
  return graph.op("Add", [distances(pass), last]);
}

/** `[1, 2 * tokens - 1, hidden]`: a row a distance, from `-tokens + 1` up: all the sines, then all the cosines. */
function sinusoids({ config, graph, columns }: GraphPass): Value {
  const { clampLength } = xlnetSettings(config);
  const one = graph.ints([1], []);
  const end = graph.op("Add", [graph.op("ReduceMax", [columns], { keepdims: 0 }), one]); // tokens
  const all = graph.op("Range", [graph.op("Sub", [one, end]), end, one]);
  const limits = clampLength === undefined ? [] : [-clampLength, clampLength].map((limit) => graph.ints([limit], []));
  const clamped = limits.length === 0 ? all : graph.op("Clip", [all, ...limits]);
  const column = graph.op("Unsqueeze", [graph.op("Cast", [clamped], { to: 1 }), graph.ints([1])]);
  const frequencies = sinusoidFrequencies(config.hiddenSize);
  const angles = graph.op("Mul", [column, graph.floats(frequencies, [1, frequencies.length])]);
  const rows = graph.op("Concat", [graph.op("Sin", [angles]), graph.op("Cos", [angles])], { axis: 1 });
  return graph.op("Unsqueeze", [rows, graph.ints([0])]);
}

/** `q_i . (t_1 - t_0)` where the segments of i and j differ, else 0: what of `ef` a softmax over j sees. */
function segmentScores({ config, graph, weights }: GraphPass, query: Value, table: string, types: Value): Value {
  const { hiddenSize: width, numAttentionHeads: heads } = config;
  const rows = weights.tensor(table, [2, heads, width / heads, 1]);
  const [same, other] = graph.ops("Split", [rows], 2, { axis: 0 }) as [Value, Value]; // [1, heads, width, 1]
  const factors = graph.op("MatMul", [query, graph.op("Sub", [other, same])]); // [batch, heads, tokens, 1]
  const [column, row] = [
    [1, 3],
    [1, 2],
  ].map((axes) => graph.op("Unsqueeze", [types, graph.ints(axes)]));
  const differ = graph.op("Not", [graph.op("Equal", [column as Value, row as Value])]); // [batch, 1, tokens, tokens]
  return graph.op("Mul", [factors, graph.op("Cast", [differ], { to: 1 })]);
}

function head(pass: GraphPass, rows: Value): Value {
  const { summaryActivation } = xlnetSettings(pass.config);
  const summary = dense(pass, "sequence_summary.summary", rows);
  return dense(pass, "logits_proj", activate(pass.graph, summaryActivation, summary));
}
