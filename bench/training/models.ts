/** The models of the workloads, as folders that both sides load. */
import { linkSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { AutoModelForSequenceClassification, type SequenceClassifier, type Tokenizer } from "../../src/index.ts";
import { saveModel } from "../../src/train/saveModel.ts";
import { writeSafetensors } from "../../src/weights/safetensors/write.ts";
import type { ModelSize } from "./flops.ts";
import type { ModelKind } from "./workloads.ts";

export const miniLM = "sentence-transformers/all-MiniLM-L6-v2";

/** Two labels; the head, and all of the 12 x 768, comes from the seed. The caller disposes it. */
export async function makeModel(kind: ModelKind, seed: number, place: string): Promise<SequenceClassifier> {
  const options = { numLabels: 2, seed };
  const info = console.info;
  console.info = () => {}; // that a head is new is no news here
  try {
    if (kind === "mini") return await AutoModelForSequenceClassification.fromPretrained(miniLM, options);
    const seedling = join(place, "seedling");
    mkdirSync(seedling, { recursive: true });
    writeFileSync(join(seedling, "config.json"), JSON.stringify({ model_type: "bert", vocab_size: 30522 }));
    const one = { name: "bert.embeddings.LayerNorm.bias", shape: [768], data: new Float32Array(768) };
    await writeSafetensors(join(seedling, "model.safetensors"), [one]);
    return await AutoModelForSequenceClassification.fromPretrained(seedling, options);
  } finally {
    console.info = info;
  }
}

/** Writes `folder`, and beside it one that differs in nothing but that it has no dropout. */
export async function saveBoth(folder: string, model: SequenceClassifier, tokenizer: Tokenizer): Promise<void> {
  await saveModel(folder, model, tokenizer);
  const still = stillOf(folder);
  mkdirSync(still);
  for (const file of readdirSync(folder)) if (file !== "config.json") linkSync(join(folder, file), join(still, file));
  const config = JSON.parse(readFileSync(join(folder, "config.json"), "utf8")) as object;
  const none = { hidden_dropout_prob: 0, attention_probs_dropout_prob: 0 };
  writeFileSync(join(still, "config.json"), JSON.stringify({ ...config, ...none }));
}

export const stillOf = (folder: string): string => `${folder}-without-dropout`;

export function sizeOf(model: SequenceClassifier): ModelSize {
  const sum = (accept: (block: unknown) => boolean) =>
    [...model.parameters.values()].reduce((total, { block, size }) => total + (accept(block) ? size : 0), 0);
  return { layer: sum((block) => block === 0), depth: model.depth, head: sum((block) => block === "head") };
}
