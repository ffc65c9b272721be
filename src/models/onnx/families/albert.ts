/** The graph of ALBERT, whose layers read the same weights: see `src/models/albert.ts`. */
import { albertLayer as names, weightsOfLayer } from "../../albert.ts";
import { denseHead, postNormLayer, sumEmbeddings } from "../bertShape.ts";
import type { OnnxFamily } from "../onnxFamily.ts";
import { dense, firstTokens } from "../parts.ts";

const head = { dense: "albert.pooler", activation: "tanh", output: "classifier" };

export const albert: OnnxFamily = {
  modelType: "albert",
  embeddings: (pass) =>
    dense(pass, "albert.encoder.embedding_hidden_mapping_in", sumEmbeddings(pass, "albert.embeddings", true)),
  layer: (pass, index, hidden) =>
    weightsOfLayer(index, pass.config).reduce((x, name) => postNormLayer(pass, name, x, { names }), hidden),
  pooledRows: firstTokens,
  head: (pass, rows) => denseHead(pass, rows, head),
};
