/** Makes the ONNX graph of a model: its inputs, the traced forward pass, and the logits. */
import type { SequenceClassifier } from "../sequenceClassifier.ts";
import { type Graph, GraphBuilder, type Value } from "./graph.ts";
import { GraphPass, type TextInputs } from "./graphPass.ts";
import { GraphWeights } from "./graphWeights.ts";

/** How the graph truncates examples that are too long. */
export interface TextFit {
  /** Number of tokens to which examples are truncated, special tokens included. */
  readonly limit: number;
  /** The side from which tokens are removed. */
  readonly side: "left" | "right";
  /** Ids of the special tokens before and after each example. */
  readonly before: readonly number[];
  readonly after: readonly number[];
}

interface GraphOptions {
  /** Whether matrices and the word table are stored in eight bits. Default: false. */
  readonly inEightBits?: boolean;
  /**
   * Token types of special tokens by token id, for models whose special tokens have types that not all runtimes supply.
   * Default: none.
   */
  readonly specialTypes?: ReadonlyMap<number, number>;
  /** How examples that are too long are truncated. Default: no truncation. */
  readonly fit?: TextFit;
}

/**
 * Traces the graph of a model. Its inputs are `input_ids`, `attention_mask` and, if the family uses token types,
 * `token_type_ids`, int64 `[batch, tokens]`; its output is `logits`, float32 `[batch, labels]`.
 */
export function classifierGraph(model: SequenceClassifier, options: GraphOptions = {}): Graph {
  const { inEightBits = false, specialTypes = new Map(), fit } = options;
  const { config, family, parameters } = model;
  const graph = new GraphBuilder();
  const input = (name: string) => graph.input({ name, type: "int64", shape: ["batch", "tokens"] });
  const hasTypes = family.usesTokenTypes(config) && config.typeVocabSize !== 1;
  const given = {
    inputIds: input("input_ids"),
    attentionMask: input("attention_mask"),
    tokenTypeIds: hasTypes ? input("token_type_ids") : undefined,
  };
  const inputs = fit === undefined ? given : fitTexts(graph, given, fit);
  const pass = new GraphPass({
    config,
    graph,
    weights: new GraphWeights(graph, parameters, inEightBits),
    ...inputs,
    tokenTypeIds: inputs.tokenTypeIds && withTypes(graph, inputs.tokenTypeIds, inputs.inputIds, specialTypes),
  });
  let hidden = family.embeddings(pass);
  for (let i = 0; i < model.depth; i++) hidden = family.layer(pass, i, hidden);
  const rows = pass.selectQueryRows(hidden, model.queryRows);
  const logits = family.head(pass, family.pool?.(pass, rows) ?? rows);
  graph.output(logits, { name: "logits", type: "float32", shape: ["batch", config.numLabels] });
  return graph.build();
}

/** Returns the token types: those of `special` for special tokens, and those of the input for all others. */
function withTypes(graph: GraphBuilder, given: Value, ids: Value, special: ReadonlyMap<number, number>): Value {
  return [...special].reduce((types, [id, type]) => {
    const isIt = graph.op("Equal", [ids, graph.ints([id], [])]);
    return graph.op("Where", [isIt, graph.ints([type], []), types]);
  }, given);
}

/**
 * Truncates examples within the graph as the tokenizer does, because not every runtime's tokenizer does it correctly.
 * Examples of more than `limit` tokens lose the excess on the given side and keep their special tokens; an example that
 * a runtime has truncated without them, as `@xenova/transformers` 2.17.2 does, gets them back. Padding moves to the
 * right. Token ids are computed in float32, for which every runtime has every operator.
 */
function fitTexts(graph: GraphBuilder, inputs: TextInputs, { limit, side, before, after }: TextFit): TextInputs {
  const float = (value: Value) => graph.op("Cast", [value], { to: 1 });
  const int = (value: Value) => graph.op("Cast", [value], { to: 7 });
  const number = (value: number) => graph.floats(value, [1]);
  const mask = float(inputs.attentionMask);
  const width = float(graph.op("Shape", [inputs.inputIds], { start: 1 })); // [1]
  const first = float(graph.op("ArgMax", [mask], { axis: 1, keepdims: 1 })); // [batch, 1]
  const length = graph.op("ReduceSum", [mask, graph.ints([1])], { keepdims: 1 }); // [batch, 1]
  const fitted = int(graph.op("Min", [width, number(limit)])); // [1]
  const scalar = graph.op("Squeeze", [fitted, graph.ints([0])]);
  const column = float(
    graph.op("Unsqueeze", [graph.op("Range", [graph.ints([0], []), scalar, graph.ints([1], [])]), graph.ints([0])]),
  ); // [1, fitted]
  const isLong = graph.op("Greater", [length, number(limit)]);
  const excess = graph.op("Where", [isLong, graph.op("Sub", [length, number(limit)]), number(0)]); // [batch, 1]
  const kept = side === "right" ? limit - after.length : before.length;
  const skipped = graph.op("Where", [graph.op("Less", [column, number(kept)]), number(0), excess]); // [batch, fitted]
  const source = graph.op("Add", [graph.op("Add", [column, first]), skipped]);
  const inside = int(graph.op("Min", [source, graph.op("Sub", [width, number(1)])]));
  const gathered = (value: Value) => graph.op("GatherElements", [value, inside], { axis: 1 });
  const attentionMask = int(graph.op("Less", [column, length]));
  const tokenTypeIds = inputs.tokenTypeIds === undefined ? undefined : gathered(inputs.tokenTypeIds);
  const ids = gathered(inputs.inputIds);
  if (after.length === 0) return { inputIds: ids, attentionMask, tokenTypeIds };
  const place = graph.op("Sub", [column, number(limit - after.length)]); // from 0 on: among the closing tokens
  const closing = graph.op("Gather", [graph.ints(after), int(graph.op("Max", [place, number(0)]))]); // [1, fitted]
  const isFull = graph.op("Not", [graph.op("Less", [length, number(limit)])]);
  const isClosing = graph.op("And", [isFull, graph.op("Greater", [place, number(-0.5)])]);
  return { inputIds: graph.op("Where", [isClosing, closing, ids]), attentionMask, tokenTypeIds };
}
