/** From a model to its ONNX graph. */
import { ThawError } from "../../errors.ts";
import type { SequenceClassifier } from "../sequenceClassifier.ts";
import { onnxFamilies } from "./families.ts";
import { fitTexts, type TextFit } from "./fitTexts.ts";
import { type Graph, GraphBuilder, type Value } from "./graph.ts";
import { GraphWeights } from "./graphWeights.ts";
import type { GraphPass, OnnxFamily } from "./onnxFamily.ts";

export interface GraphOptions {
  /** Matrices and the table of words in eight bits. Default: false. */
  readonly inEightBits?: boolean;
  /** Token id -> its type, for special tokens that have one of their own: not all runtimes give it. Default: none. */
  readonly specialTypes?: ReadonlyMap<number, number>;
  /** How texts that are too long are cut. Default: they are not. */
  readonly fit?: TextFit;
}

/**
 * Inputs `input_ids`, `attention_mask` and, where types make a difference, `token_type_ids`: int64 `[batch, tokens]`;
 * output `logits`, float32 `[batch, labels]`.
 */
export function classifierGraph(model: SequenceClassifier, options: GraphOptions = {}): Graph {
  const { inEightBits = false, specialTypes = new Map(), fit } = options;
  const { config, parameters } = model;
  const family = graphOf(config.modelType);
  const graph = new GraphBuilder();
  const input = (name: string) => graph.input({ name, type: "int64", shape: ["batch", "tokens"] });
  const hasTypes = model.family.usesTokenTypes(config) && config.typeVocabSize !== 1;
  const given = {
    inputIds: input("input_ids"),
    attentionMask: input("attention_mask"),
    tokenTypeIds: hasTypes ? input("token_type_ids") : undefined,
  };
  const { inputIds, attentionMask, tokenTypeIds } = fit === undefined ? given : fitTexts(graph, given, fit);
  const tokens = graph.op("Squeeze", [graph.op("Shape", [inputIds], { start: 1 }), graph.ints([0])]);
  const isPadding = graph.op("Equal", [attentionMask, graph.ints([0], [])]);
  const added = graph.op("Where", [isPadding, graph.floats(-1e30), graph.floats(0)]);
  const pass: GraphPass = {
    config,
    graph,
    weights: new GraphWeights(graph, parameters, inEightBits),
    inputIds,
    attentionMask,
    tokenTypeIds: tokenTypeIds && withTypes(graph, tokenTypeIds, inputIds, specialTypes),
    columns: graph.op("Range", [graph.ints([0], []), tokens, graph.ints([1], [])]),
    paddingMask: graph.op("Unsqueeze", [added, graph.ints([1, 2])]),
  };
  let hidden = family.embeddings(pass);
  for (let i = 0; i < model.depth; i++) hidden = family.layer(pass, i, hidden);
  const logits = family.head(pass, family.pooledRows(pass, hidden));
  graph.output(logits, { name: "logits", type: "float32", shape: ["batch", config.numLabels] });
  return graph.build();
}

/** The types that are given, and those of special tokens. */
function withTypes(graph: GraphBuilder, given: Value, ids: Value, special: ReadonlyMap<number, number>): Value {
  return [...special].reduce((types, [id, type]) => {
    const isIt = graph.op("Equal", [ids, graph.ints([id], [])]);
    return graph.op("Where", [isIt, graph.ints([type], []), types]);
  }, given);
}

function graphOf(modelType: string): OnnxFamily {
  const family = onnxFamilies.find((candidate) => candidate.modelType === modelType);
  if (family !== undefined) return family;
  throw new ThawError(
    "UNKNOWN_FAMILY",
    `There is no ONNX graph for models of type "${modelType}". Known: ${onnxFamilies.map((f) => f.modelType).join(", ")}.`,
  );
}
