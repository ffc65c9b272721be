/** The graph of DeBERTa: see `src/models/deberta.ts`. */
import { postNormOutput } from "../bertShape.ts";
import { disentangledAttention, embeddings, head } from "../debertaShape.ts";
import type { Value } from "../graph.ts";
import type { GraphPass, OnnxFamily } from "../onnxFamily.ts";
import { dense, firstTokens } from "../parts.ts";

export const deberta: OnnxFamily = {
  modelType: "deberta",
  embeddings,
  layer,
  pooledRows: firstTokens,
  head,
};

function layer(pass: GraphPass, index: number, hidden: Value): Value {
  const { config, graph, weights } = pass;
  const name = `deberta.encoder.layer.${index}`;
  const self = `${name}.attention.self`;
  const all = weights.project(hidden, `${self}.in_proj.weight`); // each head's query, key and value side by side
  const byHead = graph.op("Reshape", [all, graph.ints([0, 0, config.numAttentionHeads, -1])]);
  const [query, key, value] = graph
    .ops("Split", [byHead], 3, { axis: -1 })
    .map((part) => graph.op("Reshape", [part, graph.ints([0, 0, config.hiddenSize])])) as [Value, Value, Value];
  const withBias = (x: Value, bias: string) => graph.op("Add", [x, weights.tensor(`${self}.${bias}`)]);
  const context = disentangledAttention(pass, {
    query: withBias(query, "q_bias"),
    key,
    value: withBias(value, "v_bias"),
    projectDistances: (term, rows) =>
      dense(pass, `${self}.${term === "c2p" ? "pos_proj" : "pos_q_proj"}`, rows, term !== "c2p"),
  });
  return postNormOutput(pass, name, context, hidden);
}
