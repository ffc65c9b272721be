/**
 * `reduce_lr_on_plateau` as a pure function of the validation values so far, so that a resumed run needs no scheduler state.
 */

/** Options of `plateauFactor`, named and counted as those of PyTorch's `ReduceLROnPlateau`. */
export interface PlateauOptions {
  /** Whether a greater value is better. */
  readonly greaterIsBetter: boolean;
  /** Learning rate before the first reduction, of which `minLr` and `eps` are parts. */
  readonly learningRate: number;
  /** Factor by which the rate is reduced, in (0, 1). Default: 0.1. */
  readonly factor?: number;
  /** Number of values without improvement that are waited for before a reduction. Default: 10. */
  readonly patience?: number;
  /** Smallest improvement that counts: relative to the best value, or absolute. Default: 1e-4. */
  readonly threshold?: number;
  /** Whether `threshold` is relative to the best value or absolute. Default: "rel". */
  readonly thresholdMode?: "rel" | "abs";
  /** Number of values after a reduction that are not counted. Default: 0. */
  readonly cooldown?: number;
  /** Lowest learning rate. Default: 0. */
  readonly minLr?: number;
  /** A smaller reduction of the rate than this is not made. Default: 1e-8. */
  readonly eps?: number;
}

/**
 * Returns the factor of the learning rate after these validation values, in their order: PyTorch's `ReduceLROnPlateau`. A
 * value that is NaN counts as no improvement.
 */
export function plateauFactor(values: readonly number[], options: PlateauOptions): number {
  const { greaterIsBetter, learningRate, factor = 0.1, patience = 10, threshold = 1e-4, cooldown = 0 } = options;
  const { thresholdMode = "rel", minLr = 0, eps = 1e-8 } = options;
  const direction = greaterIsBetter ? 1 : -1;
  const leastBetter = (best: number) =>
    thresholdMode === "rel" ? best * (1 + direction * threshold) : best + direction * threshold;
  let [rate, best, waited, cooling] = [learningRate, direction * Number.NEGATIVE_INFINITY, 0, 0];
  for (const value of values) {
    if (greaterIsBetter ? value > leastBetter(best) : value < leastBetter(best)) [best, waited] = [value, 0];
    else waited += 1;
    if (cooling > 0) [cooling, waited] = [cooling - 1, 0];
    if (waited <= patience) continue;
    const reduced = Math.max(rate * factor, minLr);
    if (rate - reduced > eps) rate = reduced;
    [cooling, waited] = [cooldown, 0];
  }
  return rate / learningRate;
}
