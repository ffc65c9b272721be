/** Classifies texts without a trainer, in the manner of `pipeline` in transformers and transformers.js. */
import { TextDataset } from "./data/textDataset.ts";
import { listed } from "./display/listed.ts";
import { formatNumber, formatPercent } from "./display/numbers.ts";
import { ThawError } from "./errors.ts";
import { checkTopK, checkTrainedOn, type Inputs, inputsOf, logitsOf, shownAsTable } from "./evaluate/predictions.ts";
import { type ExplainOptions, explain } from "./explain.ts";
import type { ResolveOptions } from "./hub/resolveModel.ts";
import { AutoModelForSequenceClassification } from "./models/autoModel.ts";
import { SequenceClassifier } from "./models/sequenceClassifier.ts";
import { type OptionNames, refuseUnknown } from "./options.ts";
import type { Explanation } from "./show/explanation.ts";
import { type LabelScore, type ScoreFunction, topScores } from "./task/scores.ts";
import { taskOf } from "./task/taskOf.ts";
import { AutoTokenizer } from "./tokenizer/autoTokenizer.ts";
import type { Tokenizer } from "./tokenizer/tokenizer.ts";

/** A text or a pair of texts, in the form of Python's pipeline. */
export interface TextPairInput {
  /** The first or only text. */
  readonly text: string;
  /** The second text of a pair. Default: a single text. */
  readonly textPair?: string;
}

/** Options of `pipeline`. */
export interface PipelineOptions extends ResolveOptions, Omit<ClassifyOptions, "textPair"> {
  /** The tokenizer, or a folder or hub id to load it from. Default: the tokenizer in the model's folder. */
  readonly tokenizer?: Tokenizer | string;
}

/** Options of a classification; those given to `pipeline` apply to every call. */
export interface ClassifyOptions {
  /**
   * Number of labels returned per example, the highest scores first; null: all. Default: only the highest, not in a
   * list.
   */
  readonly topK?: number | null;
  /** The second texts of pairs, if the first texts are given as strings. Default: single texts. */
  readonly textPair?: string | readonly string[];
  /**
   * The function that turns logits into scores: "softmax", "sigmoid" or "none". Default: chosen by the model's problem
   * type and number of labels.
   */
  readonly functionToApply?: ScoreFunction;
  /** Largest number of examples in a batch; it changes the speed only. Default: 64. */
  readonly batchSize?: number;
  /**
   * Longest example in tokens, special tokens included; longer ones are truncated. Default: the longest input of the
   * model, at most 512.
   */
  readonly maxLength?: number;
}

/** Classifies examples. The results have the form of Python's pipeline: see `pipeline`. */
export interface TextClassificationPipeline {
  /** Classifies one example and returns its `topK` labels, the highest scores first. */
  (input: string | TextPairInput, options: ClassifyOptions & { readonly topK: number | null }): Promise<LabelScore[]>;
  /** Classifies one text and returns a list with its label. */
  (input: string, options?: ClassifyOptions): Promise<LabelScore[]>;
  /** Classifies one pair and returns its label. */
  (input: TextPairInput, options?: ClassifyOptions): Promise<LabelScore>;
  /** Classifies a list or a data set and returns `topK` labels per example. */
  (
    inputs: readonly (string | TextPairInput)[] | TextDataset,
    options: ClassifyOptions & { readonly topK: number | null },
  ): Promise<LabelScore[][]>;
  /** Classifies a list or a data set and returns the label of each example. */
  (inputs: readonly (string | TextPairInput)[] | TextDataset, options?: ClassifyOptions): Promise<LabelScore[]>;
  /**
   * Explains what each token of a text, or of a pair with `textPair`, does for the logit of a label, as `explain` does.
   * Default of `maxLength`: that of the pipeline. Errors: those of `explain`.
   */
  explain(text: string, options?: ExplainOptions): Promise<Explanation>;
  /** The name of the task, as in Python. */
  readonly task: "text-classification";
  /** The model that classifies. */
  readonly model: SequenceClassifier;
  /** The tokenizer of the model. */
  readonly tokenizer: Tokenizer;
  /** Frees the model's memory. The pipeline cannot be used afterwards. */
  dispose(): void;
}

const usualNames: OptionNames<Omit<ClassifyOptions, "textPair">> = {
  topK: true,
  functionToApply: true,
  batchSize: true,
  maxLength: true,
};
const classifyNames: OptionNames<ClassifyOptions> = { ...usualNames, textPair: true };
const pipelineNames: OptionNames<PipelineOptions> = {
  ...usualNames,
  tokenizer: true,
  revision: true,
  localFilesOnly: true,
};
const elsewhere = {
  returnAllScores: "topK: null",
  multiLabel: "decided by the model's problem type: leave it out",
  truncation: "always done, to maxLength: leave it out",
  padding: "not needed, texts are computed without padding: leave it out",
  returnTensors: "not needed: leave it out",
  device: "not needed: leave it out",
  deviceMap: "not needed: leave it out",
  dtype: "always float32: leave it out",
  torchDtype: "always float32: leave it out",
  quantized: "always float32: leave it out",
  framework: "not needed: leave it out",
  numWorkers: "not needed: leave it out",
  useFast: "not needed: leave it out",
  trustRemoteCode: "not possible: no code from a model's folder is ever run",
  model: 'the second argument: pipeline("text-classification", model)',
  config: "read from the model's folder: leave it out",
  modelKwargs: "options of AutoModelForSequenceClassification.fromPretrained: load the model with it, and give it here",
  cacheDir: "the environment variable HF_HUB_CACHE",
  token: "the environment variable HF_TOKEN",
  pairs: "textPair",
  textPairs: "textPair",
  threshold: "an option of trainer.predict; here every label's score is given with topK: null",
} as const;

/**
 * Makes a text classifier: `const classify = await pipeline("text-classification", "my-model")`. The model is a folder,
 * a hub id, or a loaded model (then with its `tokenizer`).
 *
 * `await classify("A text.")` returns a list of one `{ label, score }`, `await classify(["A text.", "Another."])` one
 * `{ label, score }` per text, as in Python; with `topK: null` it returns all labels of each, the highest score first.
 * A data set, labelled or not, counts as a list. Pairs are `{ text, textPair }`, or texts with the option `textPair`.
 * Scores are probabilities; for a regression they are the predicted numbers.
 *
 * Errors: `BAD_ARGUMENT`, `BAD_TEXT` (also for single texts if the model was trained on pairs), and those of loading.
 */
export async function pipeline(
  task: "text-classification" | "sentiment-analysis",
  model: string | SequenceClassifier,
  options: PipelineOptions = {},
): Promise<TextClassificationPipeline> {
  checkTask(task);
  refuseUnknown(options, pipelineNames, {
    kind: "option of pipeline",
    elsewhere: { ...elsewhere, textPair: "an option of each call: classify(texts, { textPair })" },
  });
  const { tokenizer, revision, localFilesOnly, ...defaults } = options;
  checkTopK(defaults.topK);
  const from = {
    ...(revision === undefined ? {} : { revision }),
    ...(localFilesOnly === undefined ? {} : { localFilesOnly }),
  };
  const loaded = await loadModel(model, from);
  const encoder = await loadTokenizer(tokenizer ?? (typeof model === "string" ? model : undefined), from).catch(
    (error: unknown) => {
      if (loaded !== model) loaded.dispose(); // nobody else has it
      throw error;
    },
  );
  const classify = async (given: unknown, callOptions: ClassifyOptions = {}) => {
    refuseUnknown(callOptions, classifyNames, { kind: "option of a pipeline's call", elsewhere });
    return classifyInputs(loaded, encoder, given, { ...defaults, ...callOptions });
  };
  return Object.assign(classify as TextClassificationPipeline, {
    task: "text-classification" as const,
    model: loaded,
    tokenizer: encoder,
    explain: (text: string, how: ExplainOptions = {}) =>
      explain(text, { maxLength: defaults.maxLength, ...how, model: loaded, tokenizer: encoder }),
    dispose: () => loaded.dispose(),
  });
}

function checkTask(task: unknown): void {
  if (task === "text-classification" || task === "sentiment-analysis") return;
  throw new ThawError(
    "BAD_ARGUMENT",
    `There is no pipeline ${JSON.stringify(task)}. There is one: pipeline("text-classification", model), also under the name ` +
      '"sentiment-analysis".',
  );
}

async function loadModel(model: unknown, from: ResolveOptions): Promise<SequenceClassifier> {
  if (model instanceof SequenceClassifier) {
    const { newlyInitialized: fresh } = model;
    if (fresh.length > 0) console.warn(`The model's ${listed(fresh)} are not trained: its answers are random.`);
    return model;
  }
  if (typeof model !== "string") {
    throw new ThawError(
      "BAD_ARGUMENT",
      "A pipeline needs a model: a folder, an id of the hub, or what AutoModelForSequenceClassification.fromPretrained gives, " +
        'as in pipeline("text-classification", "my-model").',
    );
  }
  const loaded = await AutoModelForSequenceClassification.fromPretrained(model, from);
  const fresh = loaded.newlyInitialized;
  if (fresh.length === 0) return loaded;
  loaded.dispose();
  throw new ThawError(
    "BAD_ARGUMENT",
    `${model} is no finished classifier: ${listed(fresh)} are not in it, so its answers would be random. Train it ` +
      "first, or load the folder of a trained one.",
  );
}

async function loadTokenizer(tokenizer: unknown, from: ResolveOptions): Promise<Tokenizer> {
  if (typeof tokenizer === "string") return AutoTokenizer.fromPretrained(tokenizer, from);
  if (typeof tokenizer === "function") return tokenizer as Tokenizer;
  throw new ThawError(
    "BAD_ARGUMENT",
    "A pipeline of a model that is loaded already needs its tokenizer: give { tokenizer }, or the folder of both as the model.",
  );
}

async function classifyInputs(
  model: SequenceClassifier,
  tokenizer: Tokenizer,
  given: unknown,
  options: ClassifyOptions,
): Promise<LabelScore | LabelScore[] | LabelScore[][]> {
  const { topK, functionToApply, batchSize, maxLength } = options;
  checkTopK(topK);
  const inputs = readInputs(given, options.textPair);
  checkTrainedOn(model.config.trainedOn, inputs);
  const apply = functionToApply ?? usualFunction(model);
  if (!["softmax", "sigmoid", "none"].includes(apply)) {
    throw new ThawError("BAD_ARGUMENT", `functionToApply is "${apply}"; known are "softmax", "sigmoid" and "none".`);
  }
  const logits = await logitsOf(model, tokenizer, inputs, { maxLength, batchSize });
  const scores = logits.map((row) => topScores(row, model.config, apply, topK === undefined ? 1 : topK));
  const shown = scores.map((list) => (topK === undefined ? (list[0] as LabelScore) : { scores: list }));
  const isList = Array.isArray(given) || given instanceof TextDataset;
  const show = <T extends object>(list: T): T =>
    shownAsTable(list, shown, inputs, model.config.id2label, apply === "none" ? formatNumber : formatPercent);
  if (topK !== undefined) return show(isList ? scores : (scores[0] as LabelScore[]));
  const best = scores.map((list) => list[0] as LabelScore);
  return typeof given === "string" || isList ? show(best) : (best[0] as LabelScore);
}

/**
 * Chooses the score function as Python's `postprocess` does: a single output is a probability unless the problem type
 * is regression.
 */
function usualFunction({ config }: SequenceClassifier): ScoreFunction {
  if (config.problemType === undefined && config.numLabels === 1) return "sigmoid";
  return taskOf(config.problemType).scoreFunction;
}

const pairKeys: OptionNames<TextPairInput> = { text: true, textPair: true };

/** Reads the texts and second texts from any form of input that a call accepts. */
function readInputs(given: unknown, textPair: ClassifyOptions["textPair"]): Inputs {
  const seconds = typeof textPair === "string" ? [textPair] : textPair;
  if (given instanceof TextDataset) return inputsOf(given, seconds);
  const items: unknown[] = Array.isArray(given) ? given : [given];
  const pairs = items.filter((item) => typeof item === "object" && item !== null && !Array.isArray(item));
  if (pairs.length === 0) {
    if (seconds !== undefined && seconds.length !== items.length) {
      throw new ThawError(
        "BAD_TEXT",
        `textPair has ${seconds.length} texts for ${items.length} first ones: give one for each.`,
      );
    }
    return { texts: items.map(checkedText), textPairs: seconds };
  }
  if (seconds !== undefined) {
    throw new ThawError("BAD_ARGUMENT", "Give second texts either in the pairs or as the option textPair, not both.");
  }
  const read = items.map((item, index) => {
    if (typeof item === "string") return { text: item };
    refuseUnknown(item as object, pairKeys, {
      code: "BAD_TEXT",
      kind: "key of a pair",
      elsewhere: { pair: "textPair" },
    });
    const { text, textPair: second } = item as Partial<TextPairInput>;
    return {
      text: checkedText(text, index),
      ...(second === undefined ? {} : { textPair: checkedText(second, index) }),
    };
  });
  const withSecond = read.filter((item) => "textPair" in item);
  if (withSecond.length === 0) return { texts: read.map(({ text }) => text) };
  if (withSecond.length < read.length) {
    const index = read.findIndex((item) => !("textPair" in item));
    throw new ThawError(
      "BAD_TEXT",
      `Example ${index} has no textPair, which others have: give one to each, or to none.`,
    );
  }
  return {
    texts: read.map(({ text }) => text),
    textPairs: read.map((item) => (item as Required<TextPairInput>).textPair),
  };
}

function checkedText(text: unknown, index: number): string {
  if (typeof text === "string") return text;
  const what = text === null ? "null" : Array.isArray(text) ? "a list" : `of type ${typeof text}`;
  throw new ThawError(
    "BAD_TEXT",
    `Example ${index} is ${what}: give a text, or a pair as { text: "...", textPair: "..." }.`,
  );
}
