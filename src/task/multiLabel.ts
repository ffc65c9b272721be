/** What predictions of several labels a text are worth, as scikit-learn computes it with `zero_division=0`. */

export interface MultiLabelMetrics {
  /** F1 of all cells together. */
  readonly microF1: number;
  /** Unweighted mean of the F1 scores of all labels; that of a label neither present nor predicted is 0. */
  readonly macroF1: number;
  /** Share of the texts whose labels are all right, in [0, 1]. */
  readonly subsetAccuracy: number;
}

/** Both `[texts, labels]`, row after row, 0 or 1. */
export function multiLabelMetrics(
  predictions: ArrayLike<number>,
  references: ArrayLike<number>,
  labels: number,
): MultiLabelMetrics {
  const [both, either] = [new Float64Array(labels), new Float64Array(labels)];
  const texts = references.length / labels;
  let wholeTexts = 0;
  for (let text = 0; text < texts; text++) {
    let isRight = true;
    for (let label = 0; label < labels; label++) {
      const [predicted, actual] = [predictions, references].map((cells) => cells[text * labels + label] as number);
      both[label] = (both[label] as number) + (predicted as number) * (actual as number);
      either[label] = (either[label] as number) + (predicted as number) + (actual as number);
      isRight &&= predicted === actual;
    }
    if (isRight) wholeTexts += 1;
  }
  return {
    microF1: f1(sumOf(both), sumOf(either)),
    macroF1: sumOf(both.map((right, label) => f1(right, either[label] as number))) / labels,
    subsetAccuracy: wholeTexts / texts,
  };
}

/** `either`: predicted and actual ones together. */
const f1 = (both: number, either: number): number => (either === 0 ? 0 : (2 * both) / either);
const sumOf = (values: Float64Array): number => values.reduce((sum, value) => sum + value, 0);
