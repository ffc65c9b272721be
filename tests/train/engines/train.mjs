/**
 * Trains one model after the other and prints the loss of every step as JSON. Run by engines.test.ts in a process for
 * each engine: `node train.mjs <file with the runs>`. A run is `{ name, folder, args, stages, texts }`.
 */
import { readFileSync } from "node:fs";
import { AutoModelForSequenceClassification, AutoTokenizer, TextDataset, Trainer } from "thaw";

/** @import { HistoryRow, Row, Stage, TrainingArguments } from "thaw" */
/** @typedef {{ name: string, folder: string, args: TrainingArguments, stages: Stage[], rows: Row[] }} Run */

/** @type {{ tokenizerFolder: string, runs: Run[] }} */
const { tokenizerFolder, runs } = JSON.parse(readFileSync(String(process.argv[2]), "utf8"));
const tokenizer = await AutoTokenizer.fromPretrained(tokenizerFolder);
/** @type {Record<string, number[]>} */
const losses = {};
for (const { name, folder, args, stages, rows } of runs) {
  const model = await AutoModelForSequenceClassification.fromPretrained(folder);
  const trainDataset = TextDataset.fromRows(rows, { text: "text", label: "label" });
  const trainer = new Trainer({ model, tokenizer, trainDataset, stages, args: { ...args, disableTqdm: true } });
  /** @type {{ readonly loss: number }[]} */
  const means = []; // over the steps of the epoch so far
  for await (const event of trainer.events()) if (event.kind === "step") means.push(event);
  const perEpoch = means.length / stages.reduce((sum, { epochs }) => sum + epochs, 0);
  losses[name] = means.map(({ loss }, i) => {
    const nth = i % perEpoch;
    return nth === 0 ? loss : (nth + 1) * loss - nth * Number(means[i - 1]?.loss);
  });
  model.dispose();
}
console.log(JSON.stringify(losses));
