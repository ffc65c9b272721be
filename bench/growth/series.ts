/** The sizes that grow, and the time that training takes at each: MiniLM on texts of 64 tokens. */
import { AutoModelForSequenceClassification, AutoTokenizer, TextDataset, Trainer } from "../../src/index.ts";
import type { Stage } from "../../src/plan/stage.ts";
import { miniLM, readReviews } from "../inputs.ts";
import { median } from "../statistics.ts";

export interface Series {
  readonly title: string;
  /** The title of the axis of sizes, with their unit. */
  readonly xTitle: string;
  readonly yTitle: string;
  readonly sizes: readonly number[];
  /** Measures the time that a size takes, in the unit of `yTitle`. */
  readonly measure: (size: number) => Promise<number>;
}

const tokensPerText = 64;
const warmUp = 2;
const steps = 8;

export const growing: readonly Series[] = [
  {
    title: "Tokens in a batch",
    xTitle: "tokens per batch",
    yTitle: "ms per step, everything trains",
    sizes: [256, 512, 1024, 2048, 4096],
    measure: async (tokens) => {
      const batchSize = tokens / tokensPerText;
      const took = await stepsOf({
        texts: batchSize * (warmUp + steps),
        batchSize,
        stage: { train: "all", epochs: 1 },
      });
      return median(took.slice(warmUp));
    },
  },
  {
    title: "Layers that train",
    xTitle: "layers, from the top",
    yTitle: "ms per step after the first epoch",
    sizes: [1, 2, 3, 4, 5, 6],
    measure: async (layers) => {
      const stage: Stage = { train: ["head", { lastLayers: layers }], epochs: 2 };
      const took = await stepsOf({ texts: 16 * steps, batchSize: 16, stage });
      return median(took.slice(steps));
    },
  },
  {
    title: "Texts to train on",
    xTitle: "texts",
    yTitle: "s for a whole run of 2 epochs, last 2 layers",
    sizes: [128, 256, 512, 1024],
    measure: async (texts) => {
      const stage: Stage = { train: ["head", { lastLayers: 2 }], epochs: 2 };
      const took = await stepsOf({ texts, batchSize: 16, stage });
      return took.reduce((sum, ms) => sum + ms, 0) / 1000;
    },
  },
];

interface Training {
  readonly texts: number;
  readonly batchSize: number;
  readonly stage: Stage;
}

/** Trains, and times each step in milliseconds: from the end of the one before, or from the beginning of the stage. */
async function stepsOf({ texts, batchSize, stage }: Training): Promise<number[]> {
  const model = await AutoModelForSequenceClassification.fromPretrained(miniLM, { numLabels: 2, seed: 0 });
  try {
    const trainer = new Trainer({
      model,
      tokenizer: await AutoTokenizer.fromPretrained(miniLM),
      trainDataset: await longTexts(texts),
      stages: [stage],
      args: { perDeviceTrainBatchSize: batchSize, maxLength: tokensPerText, seed: 0, disableTqdm: true },
    });
    const took: number[] = [];
    let since = 0;
    for await (const { kind } of trainer.events()) {
      const now = performance.now();
      if (kind === "step") took.push(now - since);
      if (kind === "stage" || kind === "step") since = performance.now();
    }
    return took;
  } finally {
    model.dispose();
  }
}

/** Joins reviews to texts that are longer than 64 tokens, so that all of them are cut to the same length. */
async function longTexts(count: number): Promise<TextDataset> {
  const { texts } = await readReviews();
  const rows = Array.from({ length: count }, (_, i) => ({
    text: Array.from({ length: 6 }, (_, part) => texts[(6 * i + part) % texts.length]).join(" "),
    label: i % 2 === 0 ? "negative" : "positive",
  }));
  return TextDataset.fromRows(rows, { text: "text", label: "label" });
}
