/** The graphs of RoBERTa, XLM-RoBERTa and CamemBERT: see `src/models/roberta.ts`. */
import { denseHead, positionsAfterPadding, postNormLayer, sumEmbeddings } from "../bertShape.ts";
import type { OnnxFamily } from "../onnxFamily.ts";
import { firstTokens } from "../parts.ts";

const head = { dense: "classifier.dense", activation: "tanh", output: "classifier.out_proj" };

const family = (modelType: string): OnnxFamily => ({
  modelType,
  embeddings: (pass) =>
    sumEmbeddings(pass, "roberta.embeddings", true, positionsAfterPadding(pass, pass.config.padTokenId ?? 1)),
  layer: (pass, index, hidden) => postNormLayer(pass, `roberta.encoder.layer.${index}`, hidden),
  pooledRows: firstTokens,
  head: (pass, rows) => denseHead(pass, rows, head),
});

export const roberta = family("roberta");
export const xlmRoberta = family("xlm-roberta");
export const camembert = family("camembert");
