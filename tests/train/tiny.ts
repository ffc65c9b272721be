/** A task that a model of 30,000 weights learns in seconds: texts of the letters a to m against texts of n to z. */
import { cp, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { TextDataset } from "../../src/data/textDataset.ts";
import { AutoModelForSequenceClassification } from "../../src/models/autoModel.ts";
import type { SequenceClassifier } from "../../src/models/sequenceClassifier.ts";
import { randomWords } from "../../src/tensor/random.ts";
import { AutoTokenizer } from "../../src/tokenizer/autoTokenizer.ts";
import type { TrainerOptions } from "../../src/train/trainerOptions.ts";
import { Trainer } from "../../src/trainer.ts";
import { goldenPath } from "../golden/read.ts";
import { temporaryFolder } from "../temporary.ts";

export const tinyTokenizer = await AutoTokenizer.fromPretrained(goldenPath("bert-tiny"));

/** `count` texts of 2 to 9 words of one letter. */
export function letters(count: number, seed = 0): TextDataset {
  return TextDataset.fromRows(letterRows(count, seed), { text: "text", label: "label" });
}

/** The rows of `letters`. */
export function letterRows(count: number, seed = 0): { readonly text: string; readonly label: string }[] {
  const words = randomWords(seed, "letters", count * 10);
  return Array.from({ length: count }, (_, i) => {
    const late = i % 2;
    const length = 2 + ((words[i * 10] as number) % 8);
    const text = Array.from({ length }, (_, j) =>
      String.fromCharCode(97 + 13 * late + ((words[i * 10 + j + 1] as number) % 13)),
    );
    return { text: text.join(" "), label: late === 1 ? "late" : "early" };
  });
}

/** The tiny model with a fresh head for two labels; with values of config.json changed where `config` is given. */
export async function tinyModel(config: Record<string, unknown> = {}, numLabels = 2): Promise<SequenceClassifier> {
  const folder = temporaryFolder();
  await cp(goldenPath("bert-tiny-base"), folder, { recursive: true });
  const file = join(folder, "config.json");
  await writeFile(file, JSON.stringify({ ...JSON.parse(await readFile(file, "utf8")), ...config }));
  return AutoModelForSequenceClassification.fromPretrained(folder, { seed: 1, numLabels });
}

export async function tinyTrainer(options: Partial<TrainerOptions> = {}): Promise<Trainer> {
  const model =
    options.model ??
    (await AutoModelForSequenceClassification.fromPretrained(goldenPath("bert-tiny-base"), { seed: 1, numLabels: 2 }));
  return new Trainer({
    tokenizer: tinyTokenizer,
    trainDataset: letters(40),
    evalDataset: letters(20, 1),
    ...options,
    model,
    args: { perDeviceTrainBatchSize: 8, disableTqdm: true, seed: 1, learningRate: 1e-3, ...options.args },
  });
}

/** Name -> values of all parameters. */
export function weightsOf({ model }: Trainer): Map<string, Float32Array> {
  return new Map([...model.parameters].map(([name, parameter]) => [name, parameter.data()]));
}
