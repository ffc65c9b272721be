/** The training that is profiled: a trainer whose one epoch has the wanted number of steps. */
import {
  AutoModelForSequenceClassification,
  AutoTokenizer,
  type Selection,
  TextDataset,
  Trainer,
} from "../../src/index.ts";
import { miniLM, randomModel, readReviews } from "../inputs.ts";

interface Workload {
  /**
   * `"mini"` trains MiniLM on short reviews (batch 16), `"base"` a BERT of 12 x 768 on texts of 128 tokens (batch 8). A
   * family's `model_type` trains random weights of MiniLM's shape on the short reviews.
   */
  readonly model: string;
  readonly train: Selection;
  readonly steps: number;
}

/** Makes a trainer that is ready to run. Dropout is on, and nothing is evaluated. */
export async function trainerFor({ model: kind, train, steps }: Workload): Promise<Trainer> {
  const isLong = kind === "base";
  const batchSize = isLong ? 8 : 16;
  const reviews = await readReviews();
  const count = batchSize * steps;
  const texts = reviews.texts.slice(0, 8 * count);
  const rows = Array.from({ length: count }, (_, i) => ({
    // eight snippets are more than 128 tokens: all of these texts are cut to the same length
    text: isLong ? texts.slice(8 * i, 8 * i + 8).join(" ") : (texts[i] as string),
    label: i % 2 === 0 ? "negative" : "positive",
  }));
  return new Trainer({
    model:
      kind === "mini"
        ? await AutoModelForSequenceClassification.fromPretrained(miniLM, { numLabels: 2, seed: 0 })
        : await modelOf(isLong ? "bert" : kind, isLong ? [12, 768] : [6, 384]),
    tokenizer: await AutoTokenizer.fromPretrained(miniLM),
    trainDataset: TextDataset.fromRows(rows, { text: "text", label: "label" }),
    stages: [{ train, epochs: 1, learningRate: 5e-5 }],
    args: {
      perDeviceTrainBatchSize: batchSize,
      maxLength: 128,
      seed: 0,
      disableTqdm: true,
      allowFrozenRandomHead: true, // random models stay random below the layers that train
    },
  });
}

/** Makes a model of any family in BERT's proportions. */
function modelOf(modelType: string, [layers, width]: readonly [layers: number, width: number]) {
  return randomModel(
    { model_type: modelType, vocab_size: 30522, pad_token_id: 0, ...shapeOf(modelType, layers, width) },
    0,
  );
}

/** Names the keys of config.json as the family does. The DeBERTas have the terms of the published models. */
function shapeOf(modelType: string, layers: number, width: number): Record<string, unknown> {
  const heads = width / 32;
  if (modelType === "xlnet") return { n_layer: layers, d_model: width, n_head: heads, d_inner: 4 * width };
  if (modelType === "distilbert") return { n_layers: layers, dim: width, n_heads: heads, hidden_dim: 4 * width };
  const terms = { relative_attention: true, pos_att_type: ["c2p", "p2c"], position_biased_input: false };
  const isSecond = modelType === "deberta-v2";
  return {
    ...{ num_hidden_layers: layers, hidden_size: width, num_attention_heads: heads, intermediate_size: 4 * width },
    ...(modelType.startsWith("deberta") ? { ...terms, type_vocab_size: 0 } : {}),
    ...(isSecond ? { position_buckets: 256, norm_rel_ebd: "layer_norm", share_att_key: true } : {}),
  };
}
