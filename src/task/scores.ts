/** The arithmetic that the problem types share: scores of labels from the logits of an example, counts and means, in float64. */

/** A label's name and its score: a probability, or the number itself where the model gives numbers. */
export interface LabelScore {
  /** Name of the label, or of the output of a regression. */
  readonly label: string;
  /** Probability of the label, from 0 to 1; or the number itself. */
  readonly score: number;
}

/** The function that turns logits into scores, by the names of `function_to_apply` in Python's pipeline. */
export type ScoreFunction = "softmax" | "sigmoid" | "none";

/** The names of the labels by their index, as a model's config has them. */
export interface LabelNames {
  readonly id2label: readonly string[];
}

/** Returns the names of the labels with their scores, the highest first: `topK` of them, or all where that is null. */
export function topScores(
  logits: Float32Array,
  { id2label }: LabelNames,
  apply: ScoreFunction,
  topK: number | null,
): LabelScore[] {
  const scores = apply === "softmax" ? logSoftmax(logits).map(Math.exp) : Array.from(logits);
  const all = scores.map((x, i) => ({ label: id2label[i] as string, score: apply === "sigmoid" ? sigmoid(x) : x }));
  return all.sort((a, b) => b.score - a.score).slice(0, topK ?? all.length);
}

/** Computes the mean of a list of numbers; NaN for an empty list. */
export const mean = (values: readonly number[]): number =>
  values.reduce((sum, value) => sum + value, 0) / values.length;

/** Counts how often each label index occurs: `[numLabels]`. */
export function countLabels(labels: ArrayLike<number>, numLabels: number): number[] {
  const counts = new Array<number>(numLabels).fill(0);
  for (let i = 0; i < labels.length; i++) {
    const label = labels[i] as number;
    counts[label] = (counts[label] ?? 0) + 1;
  }
  return counts;
}

/** Returns the index of the highest logit, the first of equals. */
export function argmax(logits: Float32Array): number {
  return logits.indexOf(Math.max(...logits));
}

/** Computes `x - max - log(sum(exp(x - max)))` of each logit `x`. */
export function logSoftmax(logits: Float32Array): number[] {
  const max = Math.max(...logits);
  const logSum = Math.log(logits.reduce((sum, x) => sum + Math.exp(x - max), 0));
  return Array.from(logits, (x) => x - max - logSum);
}

/** Computes `1 / (1 + exp(-x))`. */
export const sigmoid = (x: number): number => 1 / (1 + Math.exp(-x));
