/** The graph of ModernBERT: see `src/models/modernbert.ts`. */

import { rotaryFrequencies } from "../../../nn/attention/rotary.ts";
import { modernBertSettings } from "../../config/modernbert.ts";
import { activate } from "../activation.ts";
import type { Value } from "../graph.ts";
import type { GraphPass, OnnxFamily } from "../onnxFamily.ts";
import { attend, dense, distances, firstTokens, hideUnless, layerNorm, scoresOf, splitHeads } from "../parts.ts";

export const modernBert: OnnxFamily = { modelType: "modernbert", embeddings, layer, pooledRows, head };

function embeddings(pass: GraphPass): Value {
  const words = pass.weights.words("model.embeddings.tok_embeddings.weight", pass.inputIds);
  return normalize(pass, "model.embeddings.norm", words);
}

function layer(pass: GraphPass, index: number, hidden: Value): Value {
  const { config, graph } = pass;
  const { attentionBias, mlpBias } = modernBertSettings(config);
  const name = `model.layers.${index}`;
  const normal = index === 0 ? hidden : normalize(pass, `${name}.attn_norm`, hidden);
  const all = dense(pass, `${name}.attn.Wqkv`, normal, attentionBias); // [batch, tokens, 3 * hidden]
  const context = dense(pass, `${name}.attn.Wo`, attended(pass, index, all), attentionBias);
  const middle = graph.op("Add", [hidden, context]);
  const wide = dense(pass, `${name}.mlp.Wi`, normalize(pass, `${name}.mlp_norm`, middle), mlpBias);
  const [input, gate] = graph.ops("Split", [wide], 2, { axis: -1 }) as [Value, Value];
  const inner = graph.op("Mul", [activate(graph, config.hiddenAct, input), gate]);
  return graph.op("Add", [middle, dense(pass, `${name}.mlp.Wo`, inner, mlpBias)]);
}

/** Query, key and value side by side, `[batch, tokens, 3 * hidden]` -> `[batch, tokens, hidden]`. */
function attended(pass: GraphPass, index: number, all: Value): Value {
  const { config, graph } = pass;
  const { hiddenSize, numAttentionHeads: heads } = config;
  const { layerTypes, theta } = modernBertSettings(config);
  const type = layerTypes[index] as (typeof layerTypes)[number];
  const [query, key, value] = graph.ops("Split", [all], 3, { axis: -1 }).map((x) => splitHeads(pass, x)) as [
    Value,
    Value,
    Value,
  ];
  const scores = scoresOf(pass, rotate(pass, query, theta[type]), rotate(pass, key, theta[type]));
  return attend(pass, [scores], value, {
    factor: 1 / Math.sqrt(hiddenSize / heads),
    added: type === "full_attention" ? [] : [slidingWindow(pass)],
  });
}

/** `[tokens, tokens]`: hides what is farther away than the window reaches. */
function slidingWindow(pass: GraphPass): Value {
  const { graph } = pass;
  const { window } = modernBertSettings(pass.config);
  const far = graph.op("Greater", [graph.op("Abs", [distances(pass)]), graph.ints([window], [])]);
  return hideUnless(pass, graph.op("Not", [far]));
}

/** Rotary positions: `(a, b)` of `x [batch, heads, tokens, width]` becomes `(a cos - b sin, b cos + a sin)`. */
function rotate({ config, graph, columns }: GraphPass, x: Value, theta: number): Value {
  const frequencies = rotaryFrequencies(theta, config.hiddenSize / config.numAttentionHeads);
  const column = graph.op("Unsqueeze", [graph.op("Cast", [columns], { to: 1 }), graph.ints([1])]);
  const angles = graph.op("Mul", [column, graph.floats(frequencies, [1, frequencies.length])]); // [tokens, width / 2]
  const [cos, sin] = [graph.op("Cos", [angles]), graph.op("Sin", [angles])];
  const [a, b] = graph.ops("Split", [x], 2, { axis: -1 }) as [Value, Value];
  const times = (half: Value, wave: Value) => graph.op("Mul", [half, wave]);
  const first = graph.op("Sub", [times(a, cos), times(b, sin)]);
  return graph.op("Concat", [first, graph.op("Add", [times(b, cos), times(a, sin)])], { axis: -1 });
}

/** The rows that the head reads, normalised: those of the first tokens, or the means over the tokens. */
function pooledRows(pass: GraphPass, hidden: Value): Value {
  const { config, graph, attentionMask } = pass;
  const normal = (x: Value) => normalize(pass, "model.final_norm", x);
  if (modernBertSettings(config).pooling === "cls") return normal(firstTokens(pass, hidden));
  const isToken = graph.op("Unsqueeze", [graph.op("Cast", [attentionMask], { to: 1 }), graph.ints([2])]);
  const sum = (x: Value) => graph.op("ReduceSum", [x, graph.ints([1])], { keepdims: 0 });
  return graph.op("Div", [sum(graph.op("Mul", [normal(hidden), isToken])), sum(isToken)]);
}

function head(pass: GraphPass, rows: Value): Value {
  const { classifierActivation, classifierBias } = modernBertSettings(pass.config);
  const inner = activate(pass.graph, classifierActivation, dense(pass, "head.dense", rows, classifierBias));
  return dense(pass, "classifier", normalize(pass, "head.norm", inner));
}

function normalize(pass: GraphPass, name: string, x: Value): Value {
  return layerNorm(pass, name, x, modernBertSettings(pass.config).normBias);
}
