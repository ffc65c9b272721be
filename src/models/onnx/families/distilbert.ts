/** The graph of DistilBERT: see `src/models/distilbert.ts`. */
import { distilbertLayer as names } from "../../distilbert.ts";
import { denseHead, postNormLayer, sumEmbeddings } from "../bertShape.ts";
import type { OnnxFamily } from "../onnxFamily.ts";
import { firstTokens } from "../parts.ts";

const head = { dense: "pre_classifier", activation: "relu", output: "classifier" };

export const distilbert: OnnxFamily = {
  modelType: "distilbert",
  embeddings: (pass) => sumEmbeddings(pass, "distilbert.embeddings", false),
  layer: (pass, index, hidden) => postNormLayer(pass, `distilbert.transformer.layer.${index}`, hidden, { names }),
  pooledRows: firstTokens,
  head: (pass, rows) => denseHead(pass, rows, head),
};
