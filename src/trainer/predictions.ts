/** From the logits of a text to what a person reads. */
import type { HuggingFaceConfig, ProblemType } from "../config/config.ts";
import { argmax, logSoftmax, sigmoid } from "./evaluateLogits.ts";

/** A label's name, and its probability. */
export interface LabelScore {
  readonly label: string;
  readonly score: number;
}

/** What the model says of one text. */
export interface Prediction extends LabelScore {
  /** The most probable label's name; of regression the first output's. */
  readonly label: string;
  /** Its probability; of regression the number itself. */
  readonly score: number;
  /** Only of several labels a text: those above the threshold, the most probable first; there may be none. */
  readonly labels?: readonly LabelScore[];
  /** Only of regression: the numbers, one for each output. */
  readonly values?: readonly number[];
  /** `[labels]` */
  readonly logits: readonly number[];
}

/** `threshold`: the probability above which a label belongs to a text that may have several. */
export function predictionOf(
  row: Float32Array,
  { id2label }: HuggingFaceConfig,
  problemType: ProblemType,
  threshold: number,
): Prediction {
  const logits = Array.from(row);
  const nameOf = (index: number) => id2label[index] as string;
  switch (problemType) {
    case "single_label_classification": {
      const best = argmax(row);
      return { label: nameOf(best), score: Math.exp(logSoftmax(row)[best] as number), logits };
    }
    case "multi_label_classification": {
      const scores = logits.map((x, i) => ({ label: nameOf(i), score: sigmoid(x) }));
      const labels = scores.filter(({ score }) => score > threshold).sort((a, b) => b.score - a.score);
      return { ...(scores[argmax(row)] as LabelScore), labels, logits };
    }
    case "regression":
      return { label: nameOf(0), score: logits[0] as number, values: logits, logits };
  }
}
