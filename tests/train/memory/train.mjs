/**
 * Trains a model in a process of its own, under a limit that the caller may have set, and prints what came of it as one line
 * of JSON: the forecast and the memory that was reached, or the error and whether the weights are those of the step before.
 * `node train.mjs <JSON of the run>`; memoryRuns.ts has the keys.
 */
import { createHash } from "node:crypto";
import { readFileSync, writeFileSync } from "node:fs";
import { AutoModelForSequenceClassification, AutoTokenizer, TextDataset, Trainer } from "thaw";

/** @import { SequenceClassifier, Stage, Tokenizer, TrainingArguments } from "thaw" */

/**
 * @typedef {object} Run
 * @property {string} folder
 * @property {string} tokenizerFolder
 * @property {number} texts
 * @property {number} words
 * @property {Stage[]} stages
 * @property {TrainingArguments} args
 * @property {boolean} [hashed]
 */

/**
 * @typedef {object} Found What is printed.
 * @property {number} [steps]
 * @property {number} [forecast]
 * @property {boolean} [ended]
 * @property {string} [code]
 * @property {string} [message]
 * @property {boolean} [unchanged]
 * @property {number} [reached]
 * @property {Found} [advised]
 */

/** @type {Run} */
const { folder, tokenizerFolder, texts, words, stages, args, hashed } = JSON.parse(String(process.argv[2]));

/** The hash of every weight but the largest: copies of those would be a part of what is measured. @param {SequenceClassifier} model */
function weightsHash(model) {
  const hash = createHash("sha256");
  for (const parameter of model.parameters.values()) if (parameter.size < 1e6) hash.update(parameter.data());
  return hash.digest("hex");
}

/** Texts of words of one letter. @param {number} count */
function rows(count) {
  return TextDataset.fromRows(
    Array.from({ length: count }, (_, i) => ({
      text: Array.from({ length: words }, (_, j) => String.fromCharCode(97 + ((i * 7 + j * j) % 26))).join(" "),
      label: i % 2,
    })),
    { text: "text", label: "label" },
  );
}

/** Largest resident memory, in bytes, since it was last forgotten. */
const reached = () => 1024 * Number(/VmHWM:\s+(\d+)/.exec(readFileSync("/proc/self/status", "utf8"))?.[1]);

/** The code and the message of what was thrown. @param {unknown} error */
function faultOf(error) {
  if (!(error instanceof Error)) return { message: String(error) };
  return { code: "code" in error ? String(error.code) : error.name, message: error.message };
}

/**
 * @param {SequenceClassifier} model
 * @param {Tokenizer} tokenizer
 * @param {TrainingArguments} args
 */
async function run(model, tokenizer, args) {
  const options = { model, tokenizer, stages, args: { disableTqdm: true, ...args } };
  const trainer = new Trainer({ ...options, trainDataset: rows(texts), evalDataset: rows(8) });
  /** @type {Found} */
  const found = { steps: 0 };
  let before = hashed ? weightsHash(model) : undefined;
  writeFileSync("/proc/self/clear_refs", "5"); // what loading has taken is no part of it
  try {
    for await (const event of trainer.events()) {
      if (event.kind === "begin")
        found.forecast = Math.max(...event.stages.map(({ predictedMemory = Number.NaN }) => predictedMemory));
      if (event.kind === "step") {
        found.steps = event.step;
        if (hashed) before = weightsHash(model);
      }
      if (event.kind === "end") found.ended = true;
    }
  } catch (error) {
    Object.assign(found, faultOf(error));
    if (hashed) found.unchanged = weightsHash(model) === before;
  }
  return { ...found, reached: reached() };
}

/** @type {Found} */
let found;
try {
  const model = await AutoModelForSequenceClassification.fromPretrained(folder, { numLabels: 2, seed: 0 });
  const tokenizer = await AutoTokenizer.fromPretrained(tokenizerFolder);
  found = await run(model, tokenizer, args);
  const advice = /perDeviceTrainBatchSize: (\d+) with gradientAccumulationSteps: (\d+)/.exec(found.message ?? "");
  if (advice !== null) {
    const [perDeviceTrainBatchSize, gradientAccumulationSteps] = [Number(advice[1]), Number(advice[2])];
    found.advised = await run(model, tokenizer, { ...args, perDeviceTrainBatchSize, gradientAccumulationSteps });
  }
} catch (error) {
  found = faultOf(error);
}
console.log(JSON.stringify(found));
