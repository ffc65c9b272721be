/** Accuracy and macro F1, as scikit-learn computes them with `zero_division=0`. */

export interface Metrics {
  /** Share of the predictions that are right, in [0, 1]. */
  readonly accuracy: number;
  /** Unweighted mean of the F1 scores of all labels that occur among the references or the predictions. */
  readonly macroF1: number;
}

/** `predictions` and `references` are label indices, one a text. */
export function classificationMetrics(predictions: ArrayLike<number>, references: ArrayLike<number>): Metrics {
  const counts = new Map<number, { both: number; predicted: number; actual: number }>();
  const countOf = (label: number) => {
    const count = counts.get(label) ?? { both: 0, predicted: 0, actual: 0 };
    counts.set(label, count);
    return count;
  };
  let right = 0;
  for (let i = 0; i < references.length; i++) {
    const predicted = predictions[i] as number;
    const actual = references[i] as number;
    countOf(predicted).predicted += 1;
    countOf(actual).actual += 1;
    if (predicted === actual) {
      countOf(actual).both += 1;
      right += 1;
    }
  }
  const scores = [...counts.values()].map(({ both, predicted, actual }) => (2 * both) / (predicted + actual));
  return {
    accuracy: right / references.length,
    macroF1: scores.reduce((sum, score) => sum + score, 0) / scores.length,
  };
}
