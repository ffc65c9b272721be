/** Parts that the graphs of all families are made of. */
import type { GraphBuilder, Value } from "./graph.ts";
import type { GraphPass } from "./onnxFamily.ts";

/** `nn.Linear`: `x [..., in]` -> `[..., out]`. Default: with a bias. */
export function dense({ graph, weights }: GraphPass, name: string, x: Value, hasBias = true): Value {
  const product = weights.project(x, `${name}.weight`);
  return hasBias ? graph.op("Add", [product, weights.tensor(`${name}.bias`)]) : product;
}

/** `nn.LayerNorm` over the last axis. Default: with a bias. */
export function layerNorm({ config, graph, weights }: GraphPass, name: string, x: Value, hasBias = true): Value {
  // onnxruntime 1.14 ends the process on one without a bias
  const bias = hasBias ? weights.tensor(`${name}.bias`) : zeros(graph, config.hiddenSize);
  return graph.op("LayerNormalization", [x, weights.tensor(`${name}.weight`), bias], {
    axis: -1,
    epsilon: { float: config.layerNormEps },
  });
}

const zeros = (graph: GraphBuilder, width: number) => graph.floats(new Float32Array(width), [width]);

/** `[batch, tokens, hidden]` -> `[batch, heads, tokens, width]` */
export function splitHeads({ config, graph }: GraphPass, x: Value): Value {
  const parts = graph.op("Reshape", [x, graph.ints([0, 0, config.numAttentionHeads, -1])]);
  return graph.op("Transpose", [parts], { perm: [0, 2, 1, 3] });
}

/** `[batch, heads, tokens, width]` -> `[batch, tokens, hidden]` */
export function mergeHeads({ config, graph }: GraphPass, x: Value): Value {
  const rows = graph.op("Transpose", [x], { perm: [0, 2, 1, 3] });
  return graph.op("Reshape", [rows, graph.ints([0, 0, config.hiddenSize])]);
}

/** `x y^T` over the last two axes. */
export function scoresOf({ graph }: GraphPass, x: Value, y: Value): Value {
  return graph.op("MatMul", [x, graph.op("Transpose", [y], { perm: [0, 1, 3, 2] })]);
}

export interface AttendOptions {
  /** What the sum of the terms is multiplied with. */
  readonly factor: number;
  /** Added to the scores after that: a bias, a window. Default: nothing. */
  readonly added?: readonly Value[];
}

/**
 * `softmax(factor * (s_1 + s_2 + ...) + added) V`; padding gets probability 0. Each term is
 * `[batch, heads, tokens, tokens]`, `value` is `[batch, heads, tokens, width]` -> `[batch, tokens, hidden]`.
 */
export function attend(
  pass: GraphPass,
  terms: readonly Value[],
  value: Value,
  { factor, added = [] }: AttendOptions,
): Value {
  const { graph, paddingMask } = pass;
  const add = (a: Value, b: Value) => graph.op("Add", [a, b]);
  const scaled = graph.op("Mul", [terms.reduce(add), graph.floats(factor)]);
  const scores = [...added, paddingMask].reduce(add, scaled);
  return mergeHeads(pass, graph.op("MatMul", [graph.op("Softmax", [scores], { axis: -1 }), value]));
}

/** The first token of each text, whichever side its padding is on: `[batch, tokens, hidden]` -> `[batch, hidden]`. */
export function firstTokens(pass: GraphPass, hidden: Value): Value {
  return atLargest(pass, hidden, pass.attentionMask); // the first of the ones
}

/** The last token of each text: `[batch, tokens, hidden]` -> `[batch, hidden]`. */
export function lastTokens(pass: GraphPass, hidden: Value): Value {
  return atLargest(pass, hidden, pass.graph.op("Mul", [pass.attentionMask, pass.columns]));
}

/** The row where `values [batch, tokens]` is largest, and the first such. Runtimes have no `ArgMax` of int64. */
function atLargest({ graph }: GraphPass, hidden: Value, values: Value): Value {
  const column = graph.op("ArgMax", [graph.op("Cast", [values], { to: 1 })], { axis: 1, keepdims: 1 });
  return graph.op("GatherND", [hidden, column], { batch_dims: 1 });
}

/** int64 `[tokens, tokens]`: by query and key, the query's column less the key's. */
export function distances({ graph, columns }: GraphPass): Value {
  const of = (axis: number) => graph.op("Unsqueeze", [columns, graph.ints([axis])]);
  return graph.op("Sub", [of(1), of(0)]);
}

/** float32 0 where `condition` holds, else -1e30: what hides a token from others. */
export function hideUnless({ graph }: GraphPass, condition: Value): Value {
  return graph.op("Where", [condition, graph.floats(0), graph.floats(-1e30)]);
}
