/** The inputs that the benchmarks share: MiniLM, models with random weights, and rated movie-review snippets. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { AutoModelForSequenceClassification, type SequenceClassifier, sampleData, TextDataset } from "../src/index.ts";
import { parseConfig } from "../src/models/config/parseConfig.ts";
import { families } from "../src/models/families.ts";
import { writeSafetensors } from "../src/weights/safetensors/write.ts";

/** A BERT of 6 layers x 384. */
export const miniLM = "sentence-transformers/all-MiniLM-L6-v2";

/** Reads the snippets. `clear` leaves out those rated within half a point of neutral. Default: all. */
export const readReviews = (which: "all" | "clear" = "all"): Promise<TextDataset> =>
  TextDataset.fromTsv(sampleData("movie-reviews"), {
    columns: ["id", "rating", "text"],
    quote: false,
    labels: ["negative", "positive"],
    label: ({ rating }) => {
      if (which === "clear" && Math.abs(Number(rating)) <= 0.5) return undefined;
      return Number(rating) > 0 ? "positive" : "negative";
    },
  });

/**
 * Makes a model of two labels and any family with random weights. `config` holds keys of config.json. All weights come from
 * the seed but those of the largest parameter, since a file that holds too little of a model is refused. Throws on an unknown
 * `model_type`.
 */
export async function randomModel(
  config: Readonly<Record<string, unknown>> & { readonly model_type: string },
  seed: number,
): Promise<SequenceClassifier> {
  const family = families.find(({ modelType }) => modelType === config.model_type);
  if (family === undefined) {
    const known = families.map(({ modelType }) => modelType).join(", ");
    throw new Error(`--model is "${config.model_type}"; known are mini, base and ${known}.`);
  }
  const sizeOf = (shape: readonly number[]) => shape.reduce((product, size) => product * size, 1);
  const { name, shape } = family
    .parameters(parseConfig(config))
    .reduce((largest, spec) => (sizeOf(spec.shape) > sizeOf(largest.shape) ? spec : largest));
  const data = Float32Array.from({ length: sizeOf(shape) }, (_, i) => 0.02 * Math.cos(i * i));
  const folder = mkdtempSync(join(tmpdir(), "thaw-random-"));
  try {
    writeFileSync(join(folder, "config.json"), JSON.stringify(config));
    await writeSafetensors(join(folder, "model.safetensors"), [{ name, shape, data }]);
    return await AutoModelForSequenceClassification.fromPretrained(folder, { numLabels: 2, seed });
  } finally {
    rmSync(folder, { recursive: true });
  }
}
