/** Runs graphs with the onnxruntime that `@xenova/transformers` brings: on the processor, as it does in Node. */
import { createRequire } from "node:module";
import type { Graph } from "../../../src/models/onnx/graph.ts";
import { modelFile } from "../../../src/models/onnx/modelFile.ts";

export interface OnnxTensor {
  readonly data: Float32Array;
  readonly dims: readonly number[];
}

interface Session {
  readonly inputNames: readonly string[];
  readonly outputNames: readonly string[];
  run(feeds: Readonly<Record<string, unknown>>): Promise<Record<string, OnnxTensor>>;
}

interface Runtime {
  readonly InferenceSession: { create(bytes: Uint8Array): Promise<Session> };
  readonly Tensor: new (type: "int64", data: BigInt64Array, dims: readonly number[]) => unknown;
}

const ownRequire = createRequire(import.meta.url);
/** It is a dependency of that package, not of this one. */
const runtime = createRequire(ownRequire.resolve("@xenova/transformers"))("onnxruntime-node") as Runtime;

export const fileOf = (graph: Graph): Uint8Array => Buffer.concat([...modelFile(graph)]);

export const sessionOf = (graph: Graph): Promise<Session> => runtime.InferenceSession.create(fileOf(graph));

/** Logits `[batch][labels]` of a padded batch. */
export async function logitsOf(
  session: Session,
  inputs: Readonly<Record<string, readonly (readonly number[])[] | undefined>>,
): Promise<number[][]> {
  const feeds = session.inputNames.map((name) => {
    const rows = inputs[name] ?? (inputs.input_ids ?? []).map((row) => row.map(() => 0));
    const data = BigInt64Array.from(rows.flat(), BigInt);
    return [name, new runtime.Tensor("int64", data, [rows.length, rows[0]?.length ?? 0])] as const;
  });
  const { logits } = await session.run(Object.fromEntries(feeds));
  const { data, dims } = logits as OnnxTensor;
  const labels = dims[1] as number;
  return Array.from({ length: dims[0] as number }, (_, i) => [...data.slice(i * labels, (i + 1) * labels)]);
}
