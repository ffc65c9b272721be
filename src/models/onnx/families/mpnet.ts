/** The graph of MPNet: see `src/models/mpnet.ts`. */
import { bucketOf, mpnetLayer as names, padding } from "../../mpnet.ts";
import { denseHead, positionsAfterPadding, postNormLayer, sumEmbeddings } from "../bertShape.ts";
import type { Value } from "../graph.ts";
import type { GraphPass, OnnxFamily } from "../onnxFamily.ts";
import { distances, firstTokens } from "../parts.ts";
import { byDistance } from "../relative.ts";

const head = { dense: "classifier.dense", activation: "tanh", output: "classifier.out_proj" };

export const mpnet: OnnxFamily = {
  modelType: "mpnet",
  embeddings: (pass) => sumEmbeddings(pass, "mpnet.embeddings", false, positionsAfterPadding(pass, padding)),
  layer: (pass, index, hidden) =>
    postNormLayer(pass, `mpnet.encoder.layer.${index}`, hidden, { names, bias: distanceBias(pass) }),
  pooledRows: firstTokens,
  head: (pass, rows) => denseHead(pass, rows, head),
};

/** Distances from here on share a bucket. */
const farthest = 128;

/** `[heads, tokens, tokens]`, by query and key. */
function distanceBias(pass: GraphPass): Value {
  const { graph, weights } = pass;
  const buckets = byDistance(pass, distances(pass), farthest, (distance) => bucketOf(-distance));
  const rows = weights.rows("mpnet.encoder.relative_attention_bias.weight", buckets); // [tokens, tokens, heads]
  return graph.op("Transpose", [rows], { perm: [2, 0, 1] });
}
