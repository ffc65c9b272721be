import { expect, test } from "vitest";
import { parseConfig, toHuggingFaceJson } from "../../../src/models/config/parseConfig.ts";
import { families } from "../../../src/models/families.ts";

const bert = {
  vocabSize: 30522,
  hiddenSize: 768,
  embeddingSize: 768,
  numHiddenLayers: 12,
  numAttentionHeads: 12,
  intermediateSize: 3072,
  hiddenAct: "gelu",
  hiddenDropoutProb: 0.1,
  attentionProbsDropoutProb: 0.1,
  classifierDropout: undefined,
  maxPositionEmbeddings: 512,
  typeVocabSize: 2,
  layerNormEps: 1e-12,
  padTokenId: 0,
  initializerRange: 0.02,
};

// transformers 5.23.0: AutoConfig.for_model(model_type).to_dict()
test.each([
  ["roberta", { ...bert, vocabSize: 50265, padTokenId: 1 }],
  ["xlm-roberta", { ...bert, padTokenId: 1 }],
  ["camembert", { ...bert, padTokenId: 1 }],
  ["distilbert", { ...bert, numHiddenLayers: 6, classifierDropout: 0.2 }],
  ["electra", { ...bert, embeddingSize: 128, hiddenSize: 256, numAttentionHeads: 4, intermediateSize: 1024 }],
  ["mpnet", { ...bert, vocabSize: 30527, padTokenId: 1 }],
  [
    "albert",
    {
      ...bert,
      vocabSize: 30000,
      embeddingSize: 128,
      hiddenSize: 4096,
      numAttentionHeads: 64,
      intermediateSize: 16384,
      hiddenAct: "gelu_new",
      hiddenDropoutProb: 0,
      attentionProbsDropoutProb: 0,
      classifierDropout: 0.1,
    },
  ],
  [
    "xlnet",
    {
      ...bert,
      ...{ vocabSize: 32000, hiddenSize: 1024, embeddingSize: 1024, numHiddenLayers: 24, numAttentionHeads: 16 },
      ...{ intermediateSize: 4096, padTokenId: 5, maxPositionEmbeddings: 0, typeVocabSize: 4 },
    },
  ],
  ["deberta", { ...bert, vocabSize: 50265, typeVocabSize: 0, layerNormEps: 1e-7 }],
  [
    "deberta-v2",
    {
      ...bert,
      ...{ vocabSize: 128100, hiddenSize: 1536, embeddingSize: 1536, numHiddenLayers: 24, numAttentionHeads: 24 },
      ...{ intermediateSize: 6144, typeVocabSize: 0, layerNormEps: 1e-7 },
    },
  ],
  [
    "modernbert",
    {
      ...bert,
      ...{
        vocabSize: 50368,
        numHiddenLayers: 22,
        intermediateSize: 1152,
        maxPositionEmbeddings: 8192,
        padTokenId: 50283,
      },
      ...{
        typeVocabSize: 0,
        layerNormEps: 1e-5,
        hiddenDropoutProb: 0,
        attentionProbsDropoutProb: 0,
        classifierDropout: 0,
      },
    },
  ],
])("absent keys of %s get the defaults of its class", (modelType, expected) => {
  expect(parseConfig({ model_type: modelType })).toMatchObject({ modelType, ...expected });
});

test("DistilBERT's keys are read under its names, and saved under them", () => {
  const json = { model_type: "distilbert", dim: 32, n_heads: 4, n_layers: 2, hidden_dim: 70, activation: "relu" };
  const rates = { dropout: 0.3, attention_dropout: 0.2, seq_classif_dropout: 0.4 };
  const config = parseConfig({ ...json, ...rates, intermediate_size: 99, layer_norm_eps: 1e-5 });
  expect(config).toMatchObject({
    hiddenSize: 32,
    embeddingSize: 32,
    numAttentionHeads: 4,
    numHiddenLayers: 2,
    intermediateSize: 70,
    hiddenAct: "relu",
    hiddenDropoutProb: 0.3,
    attentionProbsDropoutProb: 0.2,
    classifierDropout: 0.4,
    layerNormEps: 1e-12, // no key of this family
  });
  const written = toHuggingFaceJson(config);
  expect(written).toMatchObject({ ...json, ...rates, architectures: ["DistilBertForSequenceClassification"] });
  expect(written.intermediate_size).toBe(99);
});

test("a bad value is named as the file names it", () => {
  expect(() => parseConfig({ model_type: "distilbert", dim: "768" })).toThrow(/"dim" must be an integer/);
  expect(() => parseConfig({ model_type: "distilbert", dim: 100 })).toThrow(/"dim" 100 is no multiple of "n_heads" 12/);
  expect(() => parseConfig({ model_type: "albert", classifier_dropout_prob: 2 })).toThrow(/"classifier_dropout_prob"/);
});

test("only families that have narrow embeddings read their width", () => {
  expect(parseConfig({ model_type: "electra", embedding_size: 64 }).embeddingSize).toBe(64);
  expect(parseConfig({ model_type: "bert", embedding_size: 64 }).embeddingSize).toBe(768);
});

test.each(families.map((family) => [family.modelType, family.keys] as const))(
  "%s is saved under the class of transformers that opens it",
  (modelType, { architecture }) => {
    const json = toHuggingFaceJson(parseConfig({ model_type: modelType }));
    expect(json).toMatchObject({ model_type: modelType, architectures: [architecture] });
    expect(architecture).toMatch(/ForSequenceClassification$/);
  },
);
