/** Confident learning: which labels the probabilities of a classifier contradict confidently. */

/** A label that is contradicted. */
export interface Contradiction {
  /** Index of the example. */
  readonly index: number;
  /** Index of the label that contradicts its own. */
  readonly suggested: number;
}

/**
 * Finds the examples off the diagonal of the confident joint (Northcutt, Jiang and Chuang 2021, section 3.1): the threshold of a
 * label is its mean probability over the examples that have it; of the labels whose thresholds an example reaches the most
 * probable is its confident label. Those whose confident label is another than their own are returned, by the probability of
 * their own label, the lowest first. `probabilities [examples][labels]`, of classifiers that have not seen the example.
 */
export function confidentContradictions(
  probabilities: readonly (readonly number[])[],
  labels: ArrayLike<number>,
): Contradiction[] {
  const numLabels = probabilities[0]?.length ?? 0;
  const [sums, counts] = [new Float64Array(numLabels), new Float64Array(numLabels)];
  probabilities.forEach((shares, i) => {
    const label = labels[i] as number;
    sums[label] = (sums[label] as number) + (shares[label] as number);
    counts[label] = (counts[label] as number) + 1;
  });
  const found = probabilities.flatMap((shares, index) => {
    // a label without examples has no threshold: NaN, which nothing reaches
    const reached = [...shares.keys()].filter(
      (k) => (shares[k] as number) >= (sums[k] as number) / (counts[k] as number),
    );
    const suggested = reached.reduce(
      (best, k) => ((shares[k] as number) > (shares[best] as number) ? k : best),
      reached[0] ?? -1,
    );
    return suggested < 0 || suggested === labels[index] ? [] : [{ index, suggested }];
  });
  const own = ({ index }: Contradiction) => probabilities[index]?.[labels[index] as number] as number;
  return found.sort((a, b) => own(a) - own(b));
}
