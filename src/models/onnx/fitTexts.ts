/** Cuts texts to the model's length within the graph, as its tokenizer does: not every runtime that tokenizes does it right. */
import type { GraphBuilder, Value } from "./graph.ts";

export interface TextFit {
  /** Tokens that texts are cut to, special ones included. */
  readonly limit: number;
  /** Where tokens are taken off. */
  readonly side: "left" | "right";
  /** Ids of the special tokens before and after each text. */
  readonly before: readonly number[];
  readonly after: readonly number[];
}

/** int64 `[batch, tokens]`, of whatever size when the graph runs. */
export interface TextInputs {
  readonly inputIds: Value;
  readonly attentionMask: Value;
  readonly tokenTypeIds: Value | undefined;
}

/**
 * Texts of more than `limit` tokens lose those beyond it on the given side, and keep their special tokens; one that a runtime
 * has cut to the limit without them, as `@xenova/transformers` 2.17.2 does, gets them back. Padding moves to the right.
 * Numbers are computed in float32, for which every runtime has every operator.
 */
export function fitTexts(graph: GraphBuilder, inputs: TextInputs, { limit, side, before, after }: TextFit): TextInputs {
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
