/** Explains a prediction: what each token of a text does for the logit of a label, by integrated gradients. */
import { closest } from "../shared/closest.ts";
import { currentHost } from "../shared/host.ts";
import { listed } from "./display/listed.ts";
import { ThawError } from "./errors.ts";
import { encodeTexts } from "./evaluate/encodedDataset.ts";
import { integratedGradients } from "./evaluate/integratedGradients.ts";
import { checkTrainedOn } from "./evaluate/predictions.ts";
import type { HuggingFaceConfig } from "./models/config/config.ts";
import type { EncodedText } from "./models/packedBatch.ts";
import { SequenceClassifier } from "./models/sequenceClassifier.ts";
import { type OptionNames, refuseUnknown } from "./options.ts";
import { Explanation } from "./show/explanation.ts";
import type { Tokenizer } from "./tokenizer/tokenizer.ts";

/** The name or the index of a label, from 0. */
export type Target = string | number;

/** How a prediction is explained. */
export interface ExplainOptions {
  /** The second text of a pair. Default: a single text. */
  readonly textPair?: string;
  /**
   * The label to explain, by its name or index, or a list of labels. Default: the predicted one; with several labels per
   * example all that are predicted, or the most probable if none is; of a regression the first output.
   */
  readonly target?: Target | readonly Target[];
  /**
   * Points of the Gauss-Legendre quadrature between baseline and text, at which the gradient is computed, from 1 to
   * `maxSteps`. They are doubled while the attributions miss more than 1% of the difference of the logits. Default: 50.
   */
  readonly steps?: number;
  /** Most points, at least `steps`. Default: 400, or `steps` if that is more. */
  readonly maxSteps?: number;
  /**
   * Longest example in tokens, special tokens included; longer ones are truncated. Default: the longest input of the
   * model, at most 512.
   */
  readonly maxLength?: number | undefined;
  /** Aborting it ends the computation between two batches. Default: the Stop button's. */
  readonly signal?: AbortSignal | undefined;
}

/** Options of `explain`: the model and its tokenizer beside how a prediction is explained. */
export interface ExplainModelOptions extends ExplainOptions {
  /** The model whose prediction is explained. Its weights, and whether they train, stay as they are. */
  readonly model: SequenceClassifier;
  /** The tokenizer of the model. */
  readonly tokenizer: Tokenizer;
}

const optionNames: OptionNames<ExplainModelOptions> = {
  model: true,
  tokenizer: true,
  textPair: true,
  target: true,
  steps: true,
  maxSteps: true,
  maxLength: true,
  signal: true,
};
/** Names in captum and transformers-interpret. */
const elsewhere = {
  nSteps: "steps",
  method: "always the Gauss-Legendre quadrature: leave it out",
  baselines: "always padding in place of all but special tokens: leave it out",
  internalBatchSize: "chosen by the length of the text: leave it out",
  returnConvergenceDelta: "always given, as completenessError: leave it out",
  label: "target",
  labels: "target",
  className: "target",
  text: "the first argument",
} as const;

/**
 * Explains what each token of a text does for the logit of a label, by integrated gradients (Sundararajan et al. 2017,
 * arXiv:1703.01365) with regard to the output of the word embeddings:
 * `await explain("A fine film.", { model, tokenizer })`.
 *
 * The baseline has the padding token in place of every token except the special ones that the tokenizer places around a
 * text, such as `[CLS]` and `[SEP]`; positions and token types stay. The attributions of the tokens add up to the
 * difference between the logit of the text and that of the baseline, except for the completeness error, which is shown.
 * Dropout is off, and the computation is in float32. Memory is bounded by about 1,024 tokens per batch.
 *
 * Errors: `BAD_ARGUMENT`, `BAD_TEXT` (also for a single text if the model was trained on pairs), `BAD_BATCH`,
 * `NO_PAD_TOKEN`, `NON_FINITE`.
 */
export async function explain(text: string, options: ExplainModelOptions): Promise<Explanation> {
  refuseUnknown(options, optionNames, { kind: "option of explain", elsewhere });
  const { model, tokenizer, textPair, target, maxLength, signal = currentHost()?.signal } = options;
  checkSubject(text, options);
  const { steps, maxSteps } = stepsOf(options);
  const pairs = textPair === undefined ? undefined : [textPair];
  checkTrainedOn(model.config.trainedOn, { texts: [text], textPairs: pairs });
  const encoded = encodeTexts([text], tokenizer, model, maxLength, pairs)[0] as EncodedText;
  const whole = tokenizer.encodeBatch([text], { truncation: false, ...(textPair === undefined ? {} : { textPair }) });
  const given = target === undefined ? undefined : indicesOf(target, model.config);
  const { isSpecial, baselineIds } = baselineOf(encoded, tokenizer, model.config);
  const found = await integratedGradients({
    ...{ model, text: encoded, baselineIds, steps, maxSteps, signal },
    targets: (logits) => given ?? predictedOf(logits, model),
  });
  return new Explanation({
    tokens: Array.from(encoded.inputIds, (id, i) => ({
      token: tokenizer.decode([id], { cleanUpTokenizationSpaces: false }),
      id,
      isSpecial: isSpecial[i] as boolean,
    })),
    labels: found.targets.map(({ target: index, attributions, ...rest }) => ({
      ...rest,
      index,
      label: model.config.id2label[index] ?? String(index),
      attributions: Array.from(attributions),
      logit: found.logits[index] as number,
      baselineLogit: found.baselineLogits[index] as number,
    })),
    logits: Array.from(found.logits),
    baselineLogits: Array.from(found.baselineLogits),
    notices: noticesOf(model, encoded.inputIds.length, whole[0]?.inputIds.length ?? 0),
  });
}

function checkSubject(text: unknown, { model, tokenizer, textPair }: ExplainModelOptions): void {
  if (!(model instanceof SequenceClassifier) || typeof tokenizer !== "function") {
    throw new ThawError(
      "BAD_ARGUMENT",
      "explain needs a loaded model and its tokenizer: explain(text, { model, tokenizer }), as fromPretrained gives them.",
    );
  }
  for (const each of [text, textPair ?? ""]) {
    if (typeof each === "string") continue;
    throw new ThawError(
      "BAD_TEXT",
      `explain takes one text, and for a pair the second as textPair; found ${Array.isArray(each) ? "a list" : typeof each}. ` +
        "Call it for each text.",
    );
  }
}

function stepsOf({ steps = 50, maxSteps = Math.max(400, steps) }: ExplainOptions) {
  const isCount = (value: number, least: number) => Number.isInteger(value) && value >= least && value <= 10_000;
  if (!isCount(steps, 1)) {
    throw new ThawError("BAD_ARGUMENT", `steps is ${steps}; it is a whole number from 1 to 10,000.`);
  }
  if (!isCount(maxSteps, steps)) {
    throw new ThawError(
      "BAD_ARGUMENT",
      `maxSteps is ${maxSteps}; it is a whole number from steps (${steps}) to 10,000.`,
    );
  }
  return { steps, maxSteps };
}

/** Returns the indices of labels that are given by name or index, each once. */
function indicesOf(target: Target | readonly Target[], { id2label, numLabels }: HuggingFaceConfig): readonly number[] {
  const given: readonly Target[] = Array.isArray(target) ? target : [target as Target];
  const indices = given.map((each) => {
    const index = typeof each === "string" ? id2label.indexOf(each) : each;
    if (Number.isInteger(index) && index >= 0 && index < numLabels) return index;
    const near = typeof each === "string" ? closest(each, id2label) : undefined;
    const meant = near === undefined ? "" : ` Is "${near}" meant?`;
    throw new ThawError(
      "BAD_ARGUMENT",
      `target ${JSON.stringify(each)} is no label of this model. It has ${numLabels}, by name ${listed(id2label)}, or by index ` +
        `from 0 to ${numLabels - 1}.${meant}`,
    );
  });
  if (indices.length > 0) return [...new Set(indices)];
  throw new ThawError("BAD_ARGUMENT", "target is an empty list: name a label, or leave it out for the predicted one.");
}

/** Returns the indices of the labels that the model predicts. */
function predictedOf(logits: Float32Array, { problemType }: SequenceClassifier): readonly number[] {
  const highest = logits.indexOf(logits.reduce((top, value) => Math.max(top, value)));
  if (problemType === "regression") return [0];
  if (problemType !== "multi_label_classification") return [highest];
  const above = [...logits.keys()].filter((label) => (logits[label] as number) > 0); // a probability above 0.5
  return above.length > 0 ? above : [highest];
}

/** Puts the padding's id in place of every token except those that the tokenizer places around a text. */
function baselineOf({ inputIds }: EncodedText, tokenizer: Tokenizer, { vocabSize }: HuggingFaceConfig) {
  const { padTokenId: padding, specialTokens } = tokenizer;
  if (padding === undefined || padding >= vocabSize) {
    throw new ThawError(
      "NO_PAD_TOKEN",
      "This tokenizer has no padding token that the model knows, which is the baseline of an explanation: name a pad_token in " +
        "tokenizer_config.json.",
    );
  }
  const special = new Set([...specialTokens.before, ...specialTokens.after]);
  const isSpecial = Array.from(inputIds, (id) => special.has(id));
  return { isSpecial, baselineIds: Int32Array.from(inputIds, (id) => (special.has(id) ? id : padding)) };
}

function noticesOf({ newlyInitialized: fresh }: SequenceClassifier, tokens: number, whole: number): string[] {
  return [
    ...(whole > tokens ? [`The text was truncated: ${tokens} of its ${whole} tokens are explained.`] : []),
    ...(fresh.length > 0 ? [`The model's ${listed(fresh)} are not trained: this explains a random answer.`] : []),
  ];
}
