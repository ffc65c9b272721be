/** The graph of ELECTRA: see `src/models/electra.ts`. */
import { denseHead, isNarrow, postNormLayer, sumEmbeddings } from "../bertShape.ts";
import type { OnnxFamily } from "../onnxFamily.ts";
import { dense, firstTokens } from "../parts.ts";

const head = { dense: "classifier.dense", activation: "gelu", output: "classifier.out_proj" };

export const electra: OnnxFamily = {
  modelType: "electra",
  embeddings: (pass) => {
    const sum = sumEmbeddings(pass, "electra.embeddings", true);
    return isNarrow(pass.config) ? dense(pass, "electra.embeddings_project", sum) : sum;
  },
  layer: (pass, index, hidden) => postNormLayer(pass, `electra.encoder.layer.${index}`, hidden),
  pooledRows: firstTokens,
  head: (pass, rows) => denseHead(pass, rows, head),
};
