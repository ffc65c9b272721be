/**
 * Measures the accuracy after training in bfloat16 beside float32: all layers, one epoch of the review snippets, several
 * seeds. Run: `npm run bench:precision -- [--seeds 3] [--texts 1000]`. It prints the validation accuracy of each run, then a
 * table of one row per precision, and the difference of their means. It trains below the check of the arguments, so that it
 * gives the same numbers, slowly, on processors without bfloat16: its times say nothing.
 */
import { parseArgs } from "node:util";
import { formatPercent } from "../src/display/numbers.ts";
import { Table } from "../src/display/table.ts";
import { type EncodedDataset, encodeDataset } from "../src/evaluate/encodedDataset.ts";
import { AutoModelForSequenceClassification, AutoTokenizer, Trainer } from "../src/index.ts";
import { accuracyMetric } from "../src/task/metrics.ts";
import { hasBfloat16, type Precision, precisions } from "../src/tensor/precision.ts";
import { TrainingLoop } from "../src/train/loop.ts";
import { dataRecord } from "../src/train/runRecord.ts";
import { miniLM, readReviews } from "./inputs.ts";
import { mean } from "./statistics.ts";

const { values } = parseArgs({
  options: { seeds: { type: "string", default: "3" }, texts: { type: "string", default: "1000" } },
});
const tokenizer = await AutoTokenizer.fromPretrained(miniLM);
const reviews = await readReviews("clear");
console.info = () => {}; // which weights are new, once for every model that is loaded

async function accuracyOf(precision: Precision, seed: number): Promise<number> {
  const { train, validation } = reviews.split({ train: Number(values.texts), validation: 2000, seed });
  const model = await AutoModelForSequenceClassification.fromPretrained(miniLM, { numLabels: 2, seed });
  const args = { perDeviceTrainBatchSize: 16, numTrainEpochs: 1, learningRate: 5e-5, seed, disableTqdm: true };
  const trainer = new Trainer({ model, tokenizer, trainDataset: train, evalDataset: validation, args });
  let accuracy = Number.NaN;
  const encoded = [train, validation].map((data) => encodeDataset(data, tokenizer, model, undefined));
  const [trained, evaluated] = encoded as [EncodedDataset, EncodedDataset];
  const loop = new TrainingLoop({
    model,
    plan: trainer.plan(),
    args: { ...trainer.args, precision },
    metric: accuracyMetric,
    train: trained,
    evaluation: evaluated,
    data: { train: dataRecord(train, trained), evaluation: dataRecord(validation, evaluated) },
    signal: new AbortController().signal,
    ended: () => {},
  });
  for await (const event of loop.events) if (event.kind === "epoch") accuracy = event.row.evalAccuracy ?? Number.NaN;
  model.dispose();
  return accuracy;
}

const found: Record<Precision, number[]> = { float32: [], bfloat16: [] };
for (let seed = 0; seed < Number(values.seeds); seed++) {
  for (const precision of precisions) {
    found[precision].push(await accuracyOf(precision, seed));
    console.log(`seed ${seed}, ${precision}: validation accuracy ${formatPercent(found[precision].at(-1) ?? 0)}`);
  }
}
const rows = precisions.map((precision) => [
  precision,
  found[precision].map((accuracy) => formatPercent(accuracy)).join(", "),
  formatPercent(mean(found[precision])),
]);
console.log(String(new Table({ columns: ["precision", "validation accuracy by seed", "mean"], rows })));
const points = 100 * (mean(found.bfloat16) - mean(found.float32));
console.log(`bfloat16 minus float32: ${points.toFixed(2)} points.`);
console.log(`Products in bfloat16 ${hasBfloat16() ? "by the processor's instruction" : "in plain arithmetic"}.`);
