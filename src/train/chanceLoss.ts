/** The loss of a guess: what a model reaches that knows how often each label occurs, and nothing of the texts. */
import type { Labels, LossOptions, ProblemType } from "../task/task.ts";
import { taskOf } from "../task/taskOf.ts";

/**
 * Computes the lowest mean loss of a model that gives every example the same logits. One label per example: the entropy
 * `-sum p ln p` of the labels' shares p, each counted by its weight, as PyTorch's `CrossEntropyLoss` does; several: the mean
 * entropy of a cell; a regression: the mean variance of an output.
 */
export function chanceLoss(
  labels: Labels,
  numLabels: number,
  problemType: ProblemType,
  { classWeights: weights, labelSmoothing: smoothing = 0 }: LossOptions = {},
): number {
  const width = taskOf(problemType).labelsPerExample(numLabels);
  switch (problemType) {
    case "single_label_classification": {
      const counts = new Array<number>(numLabels).fill(0);
      for (const label of labels) counts[label] = (counts[label] as number) + 1;
      const weightOf = (label: number) => weights?.[label] ?? 1;
      const total = counts.reduce((sum, count, label) => sum + weightOf(label) * count, 0);
      const spread = (smoothing * labels.length) / numLabels;
      const parts = counts.map((count, label) => (weightOf(label) * ((1 - smoothing) * count + spread)) / total);
      const whole = parts.reduce((sum, part) => sum + part, 0); // 1, but for smoothed labels with weights
      return whole * entropy(parts.map((part) => part / whole));
    }
    case "multi_label_classification":
      return meanOver(width, (column) => {
        const share = columnMean(labels, width, column);
        return entropy([share, 1 - share]);
      });
    case "regression":
      return meanOver(width, (column) => {
        const middle = columnMean(labels, width, column);
        return columnMean(
          Float64Array.from(labels, (value) => (value - middle) ** 2),
          width,
          column,
        );
      });
  }
}

const entropy = (shares: readonly number[]): number =>
  shares.reduce((sum, share) => sum - (share > 0 ? share * Math.log(share) : 0), 0);

const meanOver = (count: number, of: (index: number) => number): number =>
  Array.from({ length: count }, (_, index) => of(index)).reduce((sum, value) => sum + value, 0) / count;

function columnMean(cells: ArrayLike<number>, width: number, column: number): number {
  let sum = 0;
  for (let i = column; i < cells.length; i += width) sum += cells[i] as number;
  return sum / (cells.length / width);
}
