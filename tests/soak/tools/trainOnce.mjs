/**
 * Trains one small run and prints its last hash: `node trainOnce.mjs <folder of dist> <tiny|MiniLM> [texts]`. Everything that could
 * depend on chance or time is in it: dropout, shuffling, accumulation, stored outputs of frozen layers, three stages.
 */
import { join } from "node:path";

const [, , dist = "", which = "tiny", golden = ""] = process.argv;
const thaw = await import(join(dist, "src", "index.js"));
console.info = () => {};
const id = which === "tiny" ? join(golden, "bert-tiny-base") : "sentence-transformers/all-MiniLM-L6-v2";
const model = await thaw.AutoModelForSequenceClassification.fromPretrained(id, { numLabels: 2, seed: 1 });
const tokenizer = await thaw.AutoTokenizer.fromPretrained(which === "tiny" ? join(golden, "bert-tiny") : id);
const rows = Array.from({ length: 96 }, (_, i) => ({
  text: Array.from({ length: 2 + ((i * 7) % 9) }, (_, j) =>
    String.fromCharCode(97 + (i % 2 ? 13 : 0) + ((i * 3 + j * 5) % 13)),
  ).join(" "),
  label: i % 2 ? "late" : "early",
}));
const trainDataset = thaw.TextDataset.fromRows(rows, { text: "text", label: "label" });
const trainer = new thaw.Trainer({
  ...{ model, tokenizer, trainDataset, evalDataset: trainDataset },
  args: { perDeviceTrainBatchSize: 8, gradientAccumulationSteps: 2, disableTqdm: true, seed: 3, weightDecay: 0.01 },
  stages: [
    { train: "head", epochs: 1, learningRate: 1e-3 },
    { train: ["head", { lastLayers: 1 }], epochs: 1 },
    { train: "all", epochs: 1, layerDecay: 0.9 },
  ],
});
const { record } = await trainer.train();
console.log(
  JSON.stringify({ link: record.hashChain.at(-1).sha256, end: record.weights.end, loss: record.history.at(-1).loss }),
);
