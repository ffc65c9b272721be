/** The graph of DeBERTa v2 and v3: see `src/models/debertaV2.ts`. */
import { debertaSettings } from "../../config/deberta.ts";
import { activate } from "../activation.ts";
import { postNormOutput } from "../bertShape.ts";
import { disentangledAttention, embeddings, head } from "../debertaShape.ts";
import type { Value } from "../graph.ts";
import type { GraphPass, OnnxFamily } from "../onnxFamily.ts";
import { dense, firstTokens, layerNorm } from "../parts.ts";

export const debertaV2: OnnxFamily = {
  modelType: "deberta-v2",
  embeddings,
  layer,
  pooledRows: firstTokens,
  head,
};

function layer(pass: GraphPass, index: number, hidden: Value): Value {
  const name = `deberta.encoder.layer.${index}`;
  const { relative, convolution } = debertaSettings(pass.config);
  const self = (part: string, x: Value) => dense(pass, `${name}.attention.self.${part}`, x);
  const [forKeys, forQueries] = relative?.sharesProjections
    ? ["key_proj", "query_proj"]
    : ["pos_key_proj", "pos_query_proj"];
  const context = disentangledAttention(pass, {
    query: self("query_proj", hidden),
    key: self("key_proj", hidden),
    value: self("value_proj", hidden),
    projectDistances: (term, rows) => self(term === "c2p" ? forKeys : forQueries, rows),
  });
  const above = postNormOutput(pass, name, context, hidden);
  return index > 0 || convolution === undefined ? above : convolved(pass, convolution, hidden, above);
}

/** `layerNorm(above + act(conv(below)))`, all `[batch, tokens, hidden]`; `below` are the embeddings, beyond whose ends there are zeros. */
function convolved(
  pass: GraphPass,
  { kernel, activation }: { readonly kernel: number; readonly activation: string },
  below: Value,
  above: Value,
): Value {
  const { graph, weights, attentionMask } = pass;
  const turned = (x: Value) => graph.op("Transpose", [x], { perm: [0, 2, 1] });
  const isToken = graph.op("Unsqueeze", [graph.op("Cast", [attentionMask], { to: 1 }), graph.ints([2])]);
  const parameters = ["weight", "bias"].map((which) => weights.tensor(`deberta.encoder.conv.conv.${which}`));
  const reach = (kernel - 1) / 2;
  const rows = turned(graph.op("Mul", [below, isToken]));
  const convolution = turned(graph.op("Conv", [rows, ...parameters], { pads: [reach, reach] }));
  const sum = graph.op("Add", [above, activate(graph, activation, convolution)]);
  return layerNorm(pass, "deberta.encoder.conv.LayerNorm", sum);
}
