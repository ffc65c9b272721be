import { BinaryReader, WireType } from "@bufbuild/protobuf/wire";
import { expect, test } from "vitest";
import { GraphBuilder } from "../../../src/models/onnx/graph.ts";
import { eightBits, transposed } from "../../../src/models/onnx/graphWeights.ts";
import { modelFile } from "../../../src/models/onnx/modelFile.ts";
import { fileOf } from "./runGraph.ts";

test("pieces join to one message whose lengths are right", () => {
  const graph = new GraphBuilder();
  const x = graph.input({ name: "x", type: "float32", shape: ["n", 3] });
  graph.output(graph.op("Add", [x, graph.floats([1, 2, 3], [3])]), { name: "y", type: "float32", shape: ["n", 3] });
  const reader = new BinaryReader(fileOf(graph.build()));
  const fields: number[] = [];
  while (reader.pos < reader.len) {
    const [field, wireType] = reader.tag();
    fields.push(field);
    if (wireType === WireType.Varint) expect(reader.int64()).toBe(8n);
    else reader.bytes();
  }
  expect(fields).toEqual([1, 2, 8, 7]);
  expect(reader.pos).toBe(reader.len);
});

test("the same operator on the same inputs, and the same constants, are there once", () => {
  const graph = new GraphBuilder();
  const x = graph.input({ name: "x", type: "float32", shape: [3] });
  expect(graph.op("Add", [x, graph.floats(1)])).toEqual(graph.op("Add", [x, graph.floats(1)]));
  expect(graph.op("Add", [x, graph.floats(1)])).not.toEqual(graph.op("Add", [x, graph.floats(2)]));
  expect(graph.op("Softmax", [x], { axis: 0 })).not.toEqual(graph.op("Softmax", [x], { axis: -1 }));
  expect(graph.build().nodes.length).toBe(4);
  expect(graph.build().initializers.length).toBe(2);
});

test("2 GiB are refused before anything is written", () => {
  const graph = new GraphBuilder();
  const bytes = () => {
    throw new Error("was asked for its values");
  };
  const half = { type: "float32", shape: [2 ** 28], byteLength: 2 ** 30, bytes } as const;
  graph.initializer("a", () => half);
  expect(() => modelFile(graph.build())).not.toThrow();
  graph.initializer("b", () => half);
  expect(() => modelFile(graph.build())).toThrow(/2.0 GiB/);
});

test("eight bits are off by at most half a scale, and zero stays zero", () => {
  const values = Float32Array.from({ length: 60 }, (_, i) => Math.sin(i) * (i < 20 ? 1 : i < 40 ? 100 : 0));
  const { bytes, scales } = eightBits(values, 3);
  values.forEach((value, i) => {
    const scale = scales[Math.floor(i / 20)] as number;
    expect(Math.abs(((bytes[i] as number) - 128) * scale - value)).toBeLessThanOrEqual(scale * 0.5001);
  });
  expect([...bytes.subarray(40)]).toEqual(Array(20).fill(128));
  expect([...transposed(Uint8Array.of(1, 2, 3, 4, 5, 6), 2)]).toEqual([1, 4, 2, 5, 3, 6]);
});
