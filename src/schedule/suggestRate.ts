/**
 * Suggests a learning rate from the curve of a range test (Smith 2015, arXiv:1506.01186): the smoothed loss against a rate
 * that rises step by step. The three rules are those of fastai 2.8.12 (fastai/callback/schedule.py), number for number.
 */

/** The curve of a range test: the loss after each step, and the rate of that step. Both lists are of the same length. */
export interface RateCurve {
  /** Learning rates in rising order. */
  readonly rates: readonly number[];
  /** Smoothed losses. */
  readonly losses: readonly number[];
}

/** The rates that the three rules suggest. */
export interface RateSuggestions {
  /** The rate two thirds along the longest fall of the loss, where it still falls steadily: fastai's default. */
  readonly valley: number;
  /** The rate at which the loss falls fastest against the logarithm of the rate. */
  readonly steep: number;
  /** A tenth of the rate at which the loss is lowest. */
  readonly minimum: number;
}

/**
 * Applies the three rules to a curve without its first tenth and its last five steps, where the mean of the losses is not
 * settled yet and the loss explodes. Undefined if that leaves fewer than two steps.
 */
export function suggestRates({ rates, losses }: RateCurve, numSteps: number): RateSuggestions | undefined {
  const [from, to] = [Math.floor(numSteps / 10), rates.length - 5];
  const curve = { rates: rates.slice(from, Math.max(from, to)), losses: losses.slice(from, Math.max(from, to)) };
  if (curve.rates.length < 2) return undefined;
  return { valley: valley(curve), steep: steep(curve), minimum: minimum(curve) };
}

/**
 * Finds the longest falling subsequence of the losses, and returns the rate half of a third of its steps beyond its first
 * third.
 */
export function valley({ rates, losses }: RateCurve): number {
  const lengths = losses.map(() => 1);
  let [start, end] = [0, 0];
  for (let i = 1; i < losses.length; i++) {
    for (let j = 0; j < i; j++) {
      const longer = (lengths[j] as number) + 1;
      if ((losses[i] as number) < (losses[j] as number) && (lengths[i] as number) < longer) lengths[i] = longer;
      if ((lengths[end] as number) >= (lengths[i] as number)) continue;
      end = i;
      start = end - (lengths[end] as number);
    }
  }
  const third = (end - start) / 3;
  // at(), since the start is -1 where the loss falls from the first step on
  return rates.at(start + Math.trunc(third) + Math.trunc(third / 2)) as number;
}

/** Returns the rate at which the loss falls fastest from one step to the next, per unit of the rate's logarithm. */
export function steep({ rates, losses }: RateCurve): number {
  const slopes = losses.slice(1).map((loss, i) => {
    const [rate, next] = [rates[i] as number, rates[i + 1] as number];
    return (loss - (losses[i] as number)) / (Math.log(next) - Math.log(rate));
  });
  return rates[indexOfLowest(slopes)] as number;
}

/** Returns a tenth of the rate at which the loss is lowest. */
export const minimum = ({ rates, losses }: RateCurve): number => (rates[indexOfLowest(losses)] as number) / 10;

const indexOfLowest = (values: readonly number[]): number =>
  values.reduce((lowest, value, i) => (value < (values[lowest] as number) ? i : lowest), 0);

/** Smooths losses as a run goes on: their mean weighted by `beta` per step, corrected for its start at 0. */
export class SmoothedLoss {
  readonly #beta: number;
  #count = 0;
  #mean = 0;

  /** `beta` is the weight of the mean so far in each new mean. Default: 0.98. */
  constructor(beta = 0.98) {
    this.#beta = beta;
  }

  /** Adds a loss and returns the smoothed loss: `mean / (1 - beta^count)` with `mean = beta * mean + (1 - beta) * loss`. */
  add(loss: number): number {
    this.#count += 1;
    this.#mean = this.#beta * this.#mean + (1 - this.#beta) * loss;
    return this.#mean / (1 - this.#beta ** this.#count);
  }
}
