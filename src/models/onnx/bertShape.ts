/** The parts that BERT and its relatives are made of, as in `src/models/bertShape.ts`. */

import { bertLayer, type HeadOptions, type LayerNames } from "../bertShape.ts";
import type { HuggingFaceConfig } from "../config/config.ts";
import { activate } from "./activation.ts";
import type { Value } from "./graph.ts";
import type { GraphPass } from "./onnxFamily.ts";
import { attend, dense, layerNorm, scoresOf, splitHeads } from "./parts.ts";

/** `layerNorm(words + types + positions)` -> `[batch, tokens, embeddingSize]`. Default of `positions`: the columns. */
export function sumEmbeddings(
  pass: GraphPass,
  name: string,
  hasTokenTypes: boolean,
  positions: Value = pass.columns,
): Value {
  const { graph, weights, inputIds } = pass;
  const table = (which: string) => `${name}.${which}_embeddings.weight`;
  const words = weights.words(table("word"), inputIds);
  const typed = hasTokenTypes ? graph.op("Add", [words, tokenTypes(pass, table("token_type"))]) : words;
  return layerNorm(pass, `${name}.LayerNorm`, graph.op("Add", [typed, weights.rows(table("position"), positions)]));
}

/** Where there is but one type, there is no input for it. */
export function tokenTypes({ graph, weights, tokenTypeIds }: GraphPass, table: string): Value {
  return weights.rows(table, tokenTypeIds ?? graph.ints([0]));
}

/**
 * `padding + 1` for the first token of a text and on from there, over tokens that are not the padding's id; those are all
 * at `padding` (`create_position_ids_from_input_ids` of transformers). -> int64 `[batch, tokens]`
 */
export function positionsAfterPadding({ graph, inputIds }: GraphPass, padding: number): Value {
  const id = graph.ints([padding], []);
  const isToken = graph.op("Cast", [graph.op("Not", [graph.op("Equal", [inputIds, id])])], { to: 7 });
  const counted = graph.op("CumSum", [isToken, graph.ints([1], [])]);
  return graph.op("Add", [graph.op("Mul", [counted, isToken]), id]);
}

/** How the layers of a family differ. */
export interface LayerOptions {
  /** Default: BERT's. */
  readonly names?: LayerNames;
  /** Added to the scores, `[heads, tokens, tokens]`. Default: nothing. */
  readonly bias?: Value;
}

/** The post-norm layer called `name`: `[batch, tokens, hidden]` -> `[batch, tokens, hidden]`. */
export function postNormLayer(pass: GraphPass, name: string, hidden: Value, options: LayerOptions = {}): Value {
  const { names = bertLayer, bias } = options;
  const { hiddenSize, numAttentionHeads } = pass.config;
  const [query, key, value] = [names.query, names.key, names.value].map((part) =>
    splitHeads(pass, dense(pass, `${name}.${part}`, hidden)),
  ) as [Value, Value, Value];
  const context = attend(pass, [scoresOf(pass, query, key)], value, {
    factor: 1 / Math.sqrt(hiddenSize / numAttentionHeads),
    ...(bias === undefined ? {} : { added: [bias] }),
  });
  return postNormOutput(pass, name, context, hidden, names);
}

/** From what attention gives, `context`, and what it was given: both `[batch, tokens, hidden]`, as is the result. */
export function postNormOutput(
  pass: GraphPass,
  name: string,
  context: Value,
  hidden: Value,
  names: Omit<LayerNames, "query" | "key" | "value"> = bertLayer,
): Value {
  const { config, graph } = pass;
  const part = (which: string, x: Value) => dense(pass, `${name}.${which}`, x);
  const normalized = (which: string, x: Value, residual: Value) =>
    layerNorm(pass, `${name}.${which}`, graph.op("Add", [x, residual]));
  const attended = normalized(names.attentionNorm, part(names.attentionOutput, context), hidden);
  const inner = activate(graph, config.hiddenAct, part(names.up, attended));
  return normalized(names.outputNorm, part(names.down, inner), attended);
}

/** `[batch, hidden]` -> logits `[batch, labels]` */
export function denseHead(
  pass: GraphPass,
  rows: Value,
  { dense: first, activation, output }: Pick<HeadOptions, "dense" | "activation" | "output">,
): Value {
  return dense(pass, output, activate(pass.graph, activation, dense(pass, first, rows)));
}

/** Whether tables are narrower than the layers. */
export const isNarrow = ({ embeddingSize, hiddenSize }: HuggingFaceConfig) => embeddingSize !== hiddenSize;
