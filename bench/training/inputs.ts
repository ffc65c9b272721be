/** The inputs of the workloads: texts as token ids, encoded once for both sides, and models as folders that both load. */
import { linkSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import {
  AutoModelForSequenceClassification,
  type SequenceClassifier,
  TextDataset,
  type Tokenizer,
} from "../../src/index.ts";
import { saveModel } from "../../src/train/saveModel.ts";
import { miniLM, randomModel, readReviews } from "../inputs.ts";
import type { EncodedTexts } from "./task.ts";
import type { ModelKind } from "./workloads.ts";

const maxLength = 128;

/** The review snippets, encoded. */
export class Texts {
  readonly #reviews: TextDataset;
  readonly #tokenizer: Tokenizer;

  private constructor(reviews: TextDataset, tokenizer: Tokenizer) {
    this.#reviews = reviews;
    this.#tokenizer = tokenizer;
  }

  static async read(tokenizer: Tokenizer): Promise<Texts> {
    const reviews = await readReviews("clear");
    return new Texts(reviews, tokenizer);
  }

  /** Takes snippets for MiniLM; for the 12 x 768 several in one, cut to 128 tokens. */
  take(kind: ModelKind, count: number): EncodedTexts {
    return kind === "mini" ? this.#encode(this.#reviews.take(count)) : this.#encode(this.#long(count));
  }

  /** Takes snippets to train on, and as many others to evaluate on. */
  split(count: number): readonly [train: EncodedTexts, evaluation: EncodedTexts] {
    const { train, validation } = this.#reviews.split({ train: count, validation: count, seed: 0 });
    return [this.#encode(train), this.#encode(validation)];
  }

  #long(count: number): TextDataset {
    const { texts } = this.#reviews;
    const joined = (row: number) =>
      Array.from({ length: 10 }, (_, i) => texts[(10 * row + i) % texts.length]).join(" ");
    return new TextDataset({
      name: "joined snippets",
      texts: Array.from({ length: count }, (_, row) => joined(row)),
      labels: Int32Array.from({ length: count }, (_, row) => row % 2),
      labelNames: ["negative", "positive"],
    });
  }

  #encode({ texts, labels }: TextDataset): EncodedTexts {
    const encoded = this.#tokenizer.encodeBatch(texts, { truncation: true, maxLength });
    return { ids: encoded.map(({ inputIds }) => Array.from(inputIds)), labels: Array.from(labels) };
  }
}

/** Makes a model of two labels. Its head, and nearly all of the 12 x 768, comes from the seed. The caller disposes of it. */
export async function makeModel(kind: ModelKind, seed: number): Promise<SequenceClassifier> {
  const info = console.info;
  console.info = () => {}; // that a head is new is no news here
  try {
    if (kind === "base") return await randomModel({ model_type: "bert", vocab_size: 30522 }, seed);
    return await AutoModelForSequenceClassification.fromPretrained(miniLM, { numLabels: 2, seed });
  } finally {
    console.info = info;
  }
}

/** Writes `folder`, and beside it one that differs only in that its model has no dropout. */
export async function saveBoth(folder: string, model: SequenceClassifier, tokenizer: Tokenizer): Promise<void> {
  await saveModel(folder, model, tokenizer);
  const still = stillOf(folder);
  mkdirSync(still);
  for (const file of readdirSync(folder)) if (file !== "config.json") linkSync(join(folder, file), join(still, file));
  const config = JSON.parse(readFileSync(join(folder, "config.json"), "utf8")) as object;
  const none = { hidden_dropout_prob: 0, attention_probs_dropout_prob: 0 };
  writeFileSync(join(still, "config.json"), JSON.stringify({ ...config, ...none }));
}

/** Names the folder of the same model without dropout. */
export const stillOf = (folder: string): string => `${folder}-without-dropout`;
