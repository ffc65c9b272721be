/** What a trainer is given, checked before anything of it is read. */
import { TextDataset } from "../data/textDataset.ts";
import { ThawError } from "../errors.ts";
import { SequenceClassifier } from "../models/sequenceClassifier.ts";
import { type OptionNames, refuseUnknown } from "../options.ts";
import type { TrainerOptions } from "../trainer.ts";

const known: OptionNames<TrainerOptions> = {
  model: true,
  tokenizer: true,
  trainDataset: true,
  evalDataset: true,
  args: true,
  stages: true,
};

/** What Hugging Face's Trainer takes, and what people write for it. */
const elsewhere = {
  processingClass: "tokenizer",
  featureExtractor: "tokenizer",
  dataset: "trainDataset",
  trainingDataset: "trainDataset",
  validationDataset: "evalDataset",
  validDataset: "evalDataset",
  testDataset: "evaluate(test), after the run",
  arguments: "args",
  plan: "stages",
  dataCollator: "always the trainer's own: leave it out",
  computeMetrics: "not there yet: what an evaluation gives depends on the problem type, so leave it out",
  callbacks: "not there yet: for await (const event of trainer.events()) sees every step",
  optimizers: "always AdamW: leave it out",
} as const;

/** Throws `BAD_ARGUMENT` for an option that there is not, and for a part that is missing or something else. */
export function checkOptions(options: TrainerOptions): void {
  refuseUnknown(options, known, { kind: "option of a trainer", elsewhere });
  const { model, tokenizer, trainDataset, evalDataset } = options;
  const check = (name: keyof TrainerOptions, isGood: boolean, source: string) => {
    if (isGood) return;
    const given: unknown = options[name];
    const what = given === undefined ? "missing" : given instanceof Promise ? "a promise" : "something else";
    const advice = given instanceof Promise ? "put await before what made it" : `give what ${source} returns`;
    throw new ThawError("BAD_ARGUMENT", `The trainer's ${name} is ${what}: ${advice}.`);
  };
  const isDataset = (dataset: unknown) => dataset instanceof TextDataset;
  check("model", model instanceof SequenceClassifier, "AutoModelForSequenceClassification.fromPretrained");
  check("tokenizer", typeof tokenizer === "function", "AutoTokenizer.fromPretrained");
  check(
    "trainDataset",
    isDataset(trainDataset),
    "TextDataset.fromCsv, fromTsv, fromJsonl, fromJson, fromParquet or fromRows",
  );
  check("evalDataset", evalDataset === undefined || isDataset(evalDataset), "split or TextDataset.fromCsv");
}
