/** Maps examples by their hidden states after a layer: each a point in the plane in which they spread most. */

import { currentHost } from "../shared/host.ts";
import { displaySymbol, inspectSymbol, type MimeBundle } from "../shared/mimeBundle.ts";
import { TextDataset } from "./data/textDataset.ts";
import { ThawError } from "./errors.ts";
import { encodeTexts } from "./evaluate/encodedDataset.ts";
import { hiddenStates } from "./evaluate/hiddenStates.ts";
import { principalComponents } from "./evaluate/principalComponents.ts";
import { SequenceClassifier } from "./models/sequenceClassifier.ts";
import { type OptionNames, refuseUnknown } from "./options.ts";
import { embeddingMapFigure, type MapPoint } from "./show/embeddingMapFigure.ts";
import type { Figure } from "./show/figure/figure.ts";
import type { Tokenizer } from "./tokenizer/tokenizer.ts";

/** How examples are mapped. */
export interface EmbeddingMapOptions {
  /**
   * Number of encoder layers below the hidden states, from 0 (the embeddings) to `model.depth`. At `model.depth` they are
   * what the head reads, below it the mean over the tokens of the example. Default: `model.depth`.
   */
  readonly layer?: number;
  /** Most examples; of a larger data set every n-th is taken. Default: 1000. */
  readonly maxExamples?: number;
  /**
   * Longest example in tokens, special tokens included; longer ones are truncated. Default: the longest input of the
   * model, at most 512.
   */
  readonly maxLength?: number | undefined;
  /** Aborting it ends the computation between two batches. Default: the Stop button's. */
  readonly signal?: AbortSignal | undefined;
}

/** Options of `embeddingMap`: the model and its tokenizer beside how examples are mapped. */
export interface EmbeddingMapModelOptions extends EmbeddingMapOptions {
  /** The model whose hidden states are mapped. */
  readonly model: SequenceClassifier;
  /** The tokenizer of the model. */
  readonly tokenizer: Tokenizer;
}

/** A map of examples. It shows itself as its figure, and as a table of the labels' centres in a terminal. */
export interface EmbeddingMap {
  /** Number of encoder layers below the hidden states. */
  readonly layer: number;
  /** The examples with their places on the map, in the order of the data set. */
  readonly points: readonly MapPoint[];
  /** The share of the variance of the hidden states along each axis, from 0 to 1. */
  readonly varianceRatio: readonly [number, number];
  /** The map: a colour and a symbol for each label. */
  readonly figure: Figure;
  /** Writes where the examples of each label lie. */
  toString(): string;
  /** Shows the figure where a cell ends with the map. */
  [displaySymbol](): Promise<MimeBundle>;
}

const optionNames: OptionNames<EmbeddingMapModelOptions> = {
  model: true,
  tokenizer: true,
  layer: true,
  maxExamples: true,
  maxLength: true,
  signal: true,
};

/**
 * Maps the examples of a data set by a principal component analysis of their hidden states after `layer` layers:
 * `await embeddingMap(validation, { model, tokenizer, layer: 4 })`. Each map has axes of its own: places on two maps
 * cannot be compared, only how labels lie to each other. With several labels per example a colour is a set of labels, of
 * a regression a quarter of the targets, without labels there is one colour.
 *
 * Errors: `BAD_ARGUMENT`, `BAD_DATA`, `BAD_BATCH`, `BAD_TEXT`.
 */
export async function embeddingMap(dataset: TextDataset, options: EmbeddingMapModelOptions): Promise<EmbeddingMap> {
  refuseUnknown(options, optionNames, { kind: "option of embeddingMap", elsewhere: { layers: "layer" } });
  const { model, tokenizer, maxExamples = 1000, maxLength, signal = currentHost()?.signal } = options;
  checkSubject(dataset, options);
  const { layer = model.depth } = options;
  checkNumber("layer", layer, 0, model.depth);
  checkNumber("maxExamples", maxExamples, 3, 100_000);
  const step = Math.max(1, Math.ceil(dataset.length / maxExamples));
  const indices = dataset.texts.flatMap((_, i) => (i % step === 0 ? [i] : []));
  const pick = (texts: readonly string[]) => indices.map((i) => texts[i] as string);
  const { textPairs } = dataset;
  const encoded = encodeTexts(pick(dataset.texts), tokenizer, model, maxLength, textPairs && pick(textPairs));
  const { points, varianceRatio } = principalComponents(await hiddenStates(model, encoded, layer, signal));
  const groups = groupsOf(dataset, indices);
  const placed = points.map(([x, y], i) => ({
    ...{ x, y, label: groups[i] as string, text: dataset.texts[indices[i] as number] as string },
  }));
  const figure = embeddingMapFigure(placed, { layer, depth: model.depth, varianceRatio, examples: dataset.length });
  return {
    ...{ layer, points: placed, varianceRatio, figure },
    toString: () => figure.altText,
    [displaySymbol]: () => figure[displaySymbol](),
    ...{ [inspectSymbol]: () => figure.altText },
  };
}

/** Names what colours an example: its label, its set of labels, or a quarter of the targets. */
function groupsOf({ labels, labelNames, problemType, isLabelled }: TextDataset, indices: readonly number[]): string[] {
  if (!isLabelled) return indices.map(() => "examples");
  const width = labelNames.length;
  if (problemType === "single_label_classification")
    return indices.map((i) => labelNames[labels[i] as number] as string);
  if (problemType === "multi_label_classification") {
    return indices.map((i) => labelNames.filter((_, j) => labels[i * width + j] === 1).join(" + ") || "no label");
  }
  const targets = indices.map((i) => labels[i * width] as number);
  const sorted = [...targets].sort((a, b) => a - b);
  const quarter = (part: number) =>
    sorted[Math.min(sorted.length - 1, Math.floor((part * sorted.length) / 4))] as number;
  const borders = [...new Set([1, 2, 3].map(quarter))];
  const from = (k: number) =>
    k === 0
      ? `below ${borders[0]}`
      : k === borders.length
        ? `from ${borders[k - 1]}`
        : `${borders[k - 1]} to ${borders[k]}`;
  return targets.map((target) => from(borders.filter((border) => target >= border).length));
}

function checkSubject(dataset: unknown, { model, tokenizer }: EmbeddingMapModelOptions): void {
  if (!(model instanceof SequenceClassifier) || typeof tokenizer !== "function") {
    throw new ThawError(
      "BAD_ARGUMENT",
      "embeddingMap needs a loaded model and its tokenizer: embeddingMap(dataset, { model, tokenizer }).",
    );
  }
  if (!(dataset instanceof TextDataset)) {
    throw new ThawError("BAD_ARGUMENT", "embeddingMap takes a data set, as TextDataset.fromCsv and split give it.");
  }
  if (dataset.length >= 3) return;
  throw new ThawError("BAD_DATA", `${dataset.name} has ${dataset.length} examples: a map needs three or more.`);
}

function checkNumber(name: string, value: number, least: number, most: number): void {
  if (Number.isInteger(value) && value >= least && value <= most) return;
  throw new ThawError("BAD_ARGUMENT", `${name} is ${value}; it is a whole number from ${least} to ${most}.`);
}
