/**
 * Trains under a limit that the caller has set, and prints what came of it as one line of JSON: the forecast, the memory that
 * was reached, or the error and whether the weights are those of the step before. Run by the memory tests in a process of its
 * own: `node train.mjs <JSON of the run>`.
 */
import { createHash } from "node:crypto";
import { AutoModelForSequenceClassification, AutoTokenizer, TextDataset, Trainer } from "../../../dist/src/index.js";

const {
  folder,
  tokenizerFolder = folder,
  texts,
  words = 100,
  stages,
  args = {},
  retries = false,
} = JSON.parse(process.argv[2]);

/** The hash of every weight that fits into a few megabytes: a larger copy would be a part of what is measured. */
function weightsHash(model) {
  const hash = createHash("sha256");
  for (const parameter of model.parameters.values()) if (parameter.size < 1e6) hash.update(parameter.data());
  return hash.digest("hex");
}

/** Texts of the same length, of words of one letter. */
const rows = (count) =>
  Array.from({ length: count }, (_, i) => ({
    text: Array.from({ length: words }, (_, j) => String.fromCharCode(97 + ((i * 7 + j * j) % 26))).join(" "),
    label: i % 2,
  }));

async function run(model, tokenizer, args, hashed) {
  const trainer = new Trainer({
    model,
    tokenizer,
    trainDataset: TextDataset.fromRows(rows(texts), { text: "text", label: "label" }),
    evalDataset: TextDataset.fromRows(rows(8), { text: "text", label: "label" }),
    stages,
    args: { maxLength: 512, disableTqdm: true, ...args },
  });
  const found = { steps: 0 };
  let before = hashed ? weightsHash(model) : undefined;
  try {
    for await (const event of trainer.events()) {
      if (event.kind === "begin") found.forecasts = event.stages.map(({ predictedMemory }) => predictedMemory);
      if (event.kind === "step") {
        found.steps = event.step;
        if (hashed) before = weightsHash(model);
      }
      if (event.kind === "end") {
        found.stages = event.run.stages.map(({ predictedMemory, peakMemory }) => ({ predictedMemory, peakMemory }));
      }
    }
  } catch (error) {
    Object.assign(found, { code: error.code, message: error.message, stack: error.stack });
    if (hashed) found.same = weightsHash(model) === before;
  }
  return found;
}

const found = {};
try {
  const model = await AutoModelForSequenceClassification.fromPretrained(folder, { numLabels: 2, seed: 0 });
  const tokenizer = await AutoTokenizer.fromPretrained(tokenizerFolder);
  Object.assign(found, await run(model, tokenizer, args, retries));
  found.reached = 1024 * process.resourceUsage().maxRSS;
  if (retries && found.code !== undefined) {
    const smaller = /perDeviceTrainBatchSize: (\d+) with gradientAccumulationSteps: (\d+)/.exec(found.message);
    if (smaller !== null) {
      const [perDeviceTrainBatchSize, gradientAccumulationSteps] = smaller.slice(1).map(Number);
      found.again = await run(model, tokenizer, { ...args, perDeviceTrainBatchSize, gradientAccumulationSteps }, false);
    }
  }
} catch (error) {
  Object.assign(found, { code: error.code, message: error.message, stack: error.stack });
}
console.log(JSON.stringify(found));
