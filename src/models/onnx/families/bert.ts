/** The graph of BERT: see `src/models/bert.ts`. */
import { denseHead, postNormLayer, sumEmbeddings } from "../bertShape.ts";
import type { OnnxFamily } from "../onnxFamily.ts";
import { firstTokens } from "../parts.ts";

const head = { dense: "bert.pooler.dense", activation: "tanh", output: "classifier" };

export const bert: OnnxFamily = {
  modelType: "bert",
  embeddings: (pass) => sumEmbeddings(pass, "bert.embeddings", true),
  layer: (pass, index, hidden) => postNormLayer(pass, `bert.encoder.layer.${index}`, hidden),
  pooledRows: firstTokens,
  head: (pass, rows) => denseHead(pass, rows, head),
};
