/** What attention cannot combine is refused by both passes, which would otherwise give different scores. */
import type { Tensor } from "@tensorflow/tfjs-core";
import { describe, expect, test } from "vitest";
import type { AttentionOptions, Pass, QueryOptions } from "../../src/models/family.ts";
import { GraphBuilder, type Value } from "../../src/models/onnx/graph.ts";
import { GraphPass } from "../../src/models/onnx/graphPass.ts";
import { GraphWeights } from "../../src/models/onnx/graphWeights.ts";
import { PackedBatch } from "../../src/models/packedBatch.ts";
import { TensorPass } from "../../src/models/tensorPass.ts";
import { tf } from "../../src/tensor/tensorflow.ts";
import { formulaModel, type GoldenCase, goldenCases, paddedBatch } from "./familyModel.ts";

const golden = goldenCases("bert")[0] as GoldenCase;
const model = formulaModel(golden.config);
const { config, parameters } = model;

const batch = PackedBatch.fromPadded(paddedBatch(golden));
const weight = (name: string) => parameters.get(name)?.tensor as Tensor;
const tensorPass = new TensorPass({ config, batch, weight, dropoutRng: undefined, precision: "float32" });

const graph = new GraphBuilder();
const [inputIds, attentionMask] = ["input_ids", "attention_mask"].map((name) =>
  graph.input({ name, type: "int64", shape: ["batch", "tokens"] }),
) as [Value, Value];
const weights = new GraphWeights(graph, parameters, false);
const graphPass = new GraphPass({ config, graph, weights, inputIds, attentionMask, tokenTypeIds: undefined });

function refuses<T>(pass: Pass<T>, x: T): void {
  const lookUp = { rowOf: (distance: number) => distance, farthest: 1 };
  const queryBiases = { content: "content", distance: "distance" };
  const distanceBias = { ...lookUp, table: "table" };
  const rows = { rows: x, lookUp };
  const attention = (options: AttentionOptions<T> & QueryOptions) => () =>
    pass.attention({ query: x, key: x, value: x }, options);

  const refused = (names: string) =>
    expect.objectContaining({ code: "INTERNAL", message: expect.stringContaining(`cannot combine ${names}.`) });
  const threeNames = "queryBiases, byQuery and distanceBias";
  expect(attention({ queryBiases, byQuery: rows, distanceBias })).toThrow(refused(threeNames));
  expect(attention({ rotaryTheta: 1e4, queryBiases })).toThrow(refused("rotaryTheta and queryBiases"));
  expect(attention({ rotaryTheta: 1e4, byQuery: rows })).toThrow(refused("rotaryTheta and byQuery"));
  expect(attention({ rotaryTheta: 1e4, byKey: rows })).toThrow(refused("rotaryTheta and byKey"));
  expect(attention({ rotaryTheta: 1e4, window: 2 })).not.toThrow();
}

describe("attention refuses the terms that it cannot combine", () => {
  test("on tensors", () => refuses(tensorPass, tf.ones([batch.packing.tokens, config.hiddenSize]) as Tensor));

  test("in a graph", () => refuses(graphPass, graphPass.words("bert.embeddings.word_embeddings.weight")));
});
