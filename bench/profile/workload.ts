/** The training that is profiled: a trainer whose one epoch is the steps asked for. */
import {
  AutoModelForSequenceClassification,
  AutoTokenizer,
  type Selection,
  TextDataset,
  Trainer,
} from "../../src/index.ts";
import { readReviews } from "../reviews.ts";
import { randomModel } from "./randomModel.ts";

const miniLM = "sentence-transformers/all-MiniLM-L6-v2";

export interface Workload {
  /**
   * Short reviews with MiniLM (batch 16), or texts of 128 tokens with a BERT of 12 x 768 (batch 8); or a family's
   * `model_type`: the short reviews with random weights of MiniLM's shape.
   */
  readonly model: string;
  readonly train: Selection;
  readonly steps: number;
}

/** A trainer ready to run; dropout is on, and nothing is evaluated. */
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
        ? await quietly(miniLM)
        : await randomModel(isLong ? "bert" : kind, isLong ? [12, 768] : [6, 384]),
    tokenizer: await AutoTokenizer.fromPretrained(miniLM),
    trainDataset: TextDataset.fromRows(rows, { text: "text", label: "label" }),
    stages: [{ train, epochs: 1, learningRate: 5e-5 }],
    args: { perDeviceTrainBatchSize: batchSize, maxLength: 128, seed: 0, disableTqdm: true },
  });
}

const quietly = (id: string) => AutoModelForSequenceClassification.fromPretrained(id, { numLabels: 2, seed: 0 });
