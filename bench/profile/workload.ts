/** The training that is profiled: a trainer whose one epoch is the steps asked for. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  AutoModelForSequenceClassification,
  AutoTokenizer,
  type Selection,
  TextDataset,
  Trainer,
} from "../../src/index.ts";
import { writeSafetensors } from "../../src/safetensors/write.ts";
import { readReviews } from "../reviews.ts";

const miniLM = "sentence-transformers/all-MiniLM-L6-v2";

export interface Workload {
  /** Short reviews with MiniLM (batch 16), or texts of 128 tokens with a BERT of 12 x 768 (batch 8). */
  readonly model: "mini" | "base";
  readonly train: Selection;
  readonly steps: number;
}

/** A trainer ready to run; dropout is on, and nothing is evaluated. */
export async function trainerFor({ model: kind, train, steps }: Workload): Promise<Trainer> {
  const batchSize = kind === "mini" ? 16 : 8;
  const reviews = await readReviews();
  const count = batchSize * steps;
  const texts = reviews.texts.slice(0, 8 * count);
  const rows = Array.from({ length: count }, (_, i) => ({
    // eight snippets are more than 128 tokens: all of these texts are cut to the same length
    text: kind === "mini" ? (texts[i] as string) : texts.slice(8 * i, 8 * i + 8).join(" "),
    label: i % 2 === 0 ? "negative" : "positive",
  }));
  return new Trainer({
    model: kind === "mini" ? await quietly(miniLM) : await baseModel(),
    tokenizer: await AutoTokenizer.fromPretrained(miniLM),
    trainDataset: TextDataset.fromRows(rows, { text: "text", label: "label" }),
    stages: [{ train, epochs: 1, learningRate: 5e-5 }],
    args: { perDeviceTrainBatchSize: batchSize, maxLength: 128, seed: 0, disableTqdm: true },
  });
}

const quietly = (id: string) => AutoModelForSequenceClassification.fromPretrained(id, { numLabels: 2, seed: 0 });

/** Of BERT base's shape; every weight but one comes from the seed. */
async function baseModel() {
  const folder = mkdtempSync(join(tmpdir(), "thaw-profile-"));
  try {
    writeFileSync(join(folder, "config.json"), JSON.stringify({ model_type: "bert", vocab_size: 30522 }));
    const one = { name: "bert.embeddings.LayerNorm.bias", shape: [768], data: new Float32Array(768) };
    await writeSafetensors(join(folder, "model.safetensors"), [one]);
    return await quietly(folder);
  } finally {
    rmSync(folder, { recursive: true });
  }
}
