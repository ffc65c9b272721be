/** What predicted numbers are worth, as scikit-learn and SciPy compute it; of several outputs the mean over them. */

export interface RegressionMetrics {
  /** Mean squared error. */
  readonly mse: number;
  /** Mean absolute error. */
  readonly mae: number;
  /** Share of the targets' variance that is explained, at most 1; undefined where targets do not vary. */
  readonly r2: number | undefined;
  /** Correlation, from -1 to 1; undefined where the targets or the predictions of an output do not vary. */
  readonly pearson: number | undefined;
  /** The same of the ranks; equal numbers have the mean of their ranks. */
  readonly spearman: number | undefined;
}

/** Both `[texts, outputs]`, row after row. */
export function regressionMetrics(
  predictions: ArrayLike<number>,
  targets: ArrayLike<number>,
  outputs: number,
): RegressionMetrics {
  const byOutput = Array.from({ length: outputs }, (_, output) => {
    const [p, t] = [column(predictions, output, outputs), column(targets, output, outputs)];
    const differences = p.map((value, i) => value - (t[i] as number));
    const squares = mean(differences.map((difference) => difference ** 2));
    const variance = covariance(t, t);
    return {
      mse: squares,
      mae: mean(differences.map(Math.abs)),
      r2: variance === 0 ? undefined : 1 - squares / variance,
      pearson: correlation(p, t),
      spearman: correlation(ranks(p), ranks(t)),
    };
  });
  const whole = (key: "mse" | "mae") => mean(byOutput.map((each) => each[key]));
  const defined = (key: "r2" | "pearson" | "spearman") => {
    const values = byOutput.flatMap((each) => each[key] ?? []);
    return values.length < outputs ? undefined : mean(values);
  };
  return {
    mse: whole("mse"),
    mae: whole("mae"),
    r2: defined("r2"),
    pearson: defined("pearson"),
    spearman: defined("spearman"),
  };
}

function column(cells: ArrayLike<number>, output: number, outputs: number): number[] {
  return Array.from({ length: cells.length / outputs }, (_, text) => cells[text * outputs + output] as number);
}

const mean = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length;

function covariance(a: readonly number[], b: readonly number[]): number {
  // of equal numbers it is exactly 0, whatever rounding makes of their mean
  if ([a, b].some((values) => values.every((value) => value === values[0]))) return 0;
  const [meanA, meanB] = [mean(a), mean(b)];
  return mean(a.map((value, i) => (value - meanA) * ((b[i] as number) - meanB)));
}

function correlation(a: readonly number[], b: readonly number[]): number | undefined {
  const spread = Math.sqrt(covariance(a, a) * covariance(b, b));
  return spread === 0 ? undefined : Math.max(-1, Math.min(1, covariance(a, b) / spread));
}

/** From 1 on. */
function ranks(values: readonly number[]): number[] {
  const order = [...values.keys()].sort((i, j) => (values[i] as number) - (values[j] as number));
  const result = new Array<number>(values.length);
  for (let first = 0; first < order.length; ) {
    let end = first + 1;
    while (end < order.length && values[order[end] as number] === values[order[first] as number]) end += 1;
    for (const i of order.slice(first, end)) result[i] = (first + 1 + end) / 2;
    first = end;
  }
  return result;
}
