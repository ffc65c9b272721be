/**
 * Measures the test accuracy of the strategies on the real review snippets, as the mean of several seeds: 2,000 examples to
 * train, 1,000 to validate, 2,000 to test, batch 16. Run: `npm run bench:accuracy -- [--seeds 3] [--only "last 2 layers"]`.
 * It prints a line per epoch, then a table of one row per strategy: test accuracy by seed, mean, target and time.
 */
import { parseArgs } from "node:util";
import { formatPercent, formatSeconds } from "../src/display/numbers.ts";
import { Table } from "../src/display/table.ts";
import {
  AutoModelForSequenceClassification,
  AutoTokenizer,
  classifierOnly,
  lastLayers,
  progressive,
  type Stage,
  Trainer,
} from "../src/index.ts";
import { miniLM, readReviews } from "./inputs.ts";
import { mean } from "./statistics.ts";

const strategies: Readonly<Record<string, { stages: readonly Stage[]; asked: number }>> = {
  "classifier only": { stages: classifierOnly({ epochs: 5 }), asked: 0.69 },
  "last 2 layers": { stages: lastLayers(2, { epochs: 3 }), asked: 0.8 },
  "all layers": { stages: [{ train: "all", epochs: 3, learningRate: 5e-5 }], asked: 0.84 },
  progressive: { stages: progressive(), asked: 0.83 },
};

const { values } = parseArgs({ options: { seeds: { type: "string", default: "3" }, only: { type: "string" } } });
const seeds = Array.from({ length: Number(values.seeds) }, (_, seed) => seed);
const chosen = Object.entries(strategies).filter(([name]) => values.only === undefined || name === values.only);

const tokenizer = await AutoTokenizer.fromPretrained(miniLM);
const reviews = await readReviews("clear");

const rows: string[][] = [];
for (const [name, { stages, asked }] of chosen) {
  const accuracies: number[] = [];
  const seconds: number[] = [];
  const firstOverLater: number[] = [];
  for (const seed of seeds) {
    const { train, validation, test } = reviews.split({ train: 2000, validation: 1000, test: 2000, seed });
    const model = await AutoModelForSequenceClassification.fromPretrained(miniLM, { numLabels: 2, seed });
    const trainer = new Trainer({
      model,
      tokenizer,
      trainDataset: train,
      evalDataset: validation,
      stages,
      args: { perDeviceTrainBatchSize: 16, seed, disableTqdm: true },
    });
    const ends = [performance.now()];
    for await (const event of trainer.events()) {
      if (event.kind !== "epoch") continue;
      ends.push(performance.now());
      const { epoch, loss, evalLoss, evalAccuracy } = event.row;
      console.log(
        `${name}, seed ${seed}, epoch ${epoch}: loss ${loss?.toFixed(4)}, validation loss ${evalLoss?.toFixed(4)}, ` +
          `accuracy ${formatPercent(evalAccuracy ?? 0)}, ${(((ends.at(-1) ?? 0) - (ends.at(-2) ?? 0)) / 1000).toFixed(2)} s`,
      );
    }
    const took = ends.slice(1).map((end, i) => (end - (ends[i] as number)) / 1000);
    firstOverLater.push((took[0] as number) / mean(took.slice(1)));
    seconds.push(took.reduce((sum, value) => sum + value, 0));
    accuracies.push((await trainer.evaluate(test)).evalAccuracy);
    console.log(`${name}, seed ${seed}: test accuracy ${formatPercent(accuracies.at(-1) ?? 0)}`);
    model.dispose();
  }
  rows.push([
    name,
    accuracies.map((accuracy) => formatPercent(accuracy)).join(", "),
    formatPercent(mean(accuracies)),
    formatPercent(asked),
    formatSeconds(mean(seconds)),
    `${mean(firstOverLater).toFixed(1)}x`,
  ]);
}
console.log(
  String(
    new Table({
      columns: ["strategy", "test accuracy by seed", "mean", "asked", "time", "first epoch / later ones"],
      rows,
    }),
  ),
);
