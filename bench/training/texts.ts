/** The texts of the workloads as token ids, encoded once for both sides. */
import { TextDataset, type Tokenizer } from "../../src/index.ts";
import { readReviews } from "../reviews.ts";
import type { EncodedTexts } from "./task.ts";
import type { ModelKind } from "./workloads.ts";

const maxLength = 128;

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

  /** Snippets for MiniLM; for the 12 x 768 several in one, cut to 128 tokens. */
  take(kind: ModelKind, count: number): EncodedTexts {
    return kind === "mini" ? this.#encode(this.#reviews.take(count)) : this.#encode(this.#long(count));
  }

  /** Snippets to train on, and as many others to evaluate on. */
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

/** Without padding. */
export const tokensOf = ({ ids }: EncodedTexts): number => ids.reduce((sum, row) => sum + row.length, 0);
