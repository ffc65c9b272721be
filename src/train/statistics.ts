/** The tests of significance behind the alarms: means with their standard errors, and the tails of Student's t and Fisher's F. */

/** A mean of observations, with the standard error that their spread gives it. */
export interface Level {
  readonly mean: number;
  /** Standard error of the mean: the sample standard deviation over the root of the count. */
  readonly error: number;
  readonly count: number;
}

/** Computes mean and standard error; undefined for fewer than two values, which have no spread. */
export function levelOf(values: ArrayLike<number>): Level | undefined {
  const count = values.length;
  if (count < 2) return undefined;
  let mean = 0;
  for (let i = 0; i < count; i++) mean += (values[i] as number) / count;
  let squares = 0;
  for (let i = 0; i < count; i++) squares += ((values[i] as number) - mean) ** 2;
  return { mean, error: Math.sqrt(squares / (count - 1) / count), count };
}

/** Returns the probability that a mean at `value` or above it gives one at least as low as this (one-sided t-test). */
export const chanceOfLower = ({ mean, error, count }: Level, value: number): number =>
  studentTail(ratio(value - mean, error), count - 1);

/** Returns the probability that a mean at `value` or below it gives one at least as high as this (one-sided t-test). */
export const chanceOfHigher = ({ mean, error, count }: Level, value: number): number =>
  studentTail(ratio(mean - value, error), count - 1);

/**
 * Returns the probability that values without a trend fall at least as steeply as these: the t-test of the slope of the
 * least-squares line. 1 for fewer than three values.
 */
export function chanceOfFall(values: readonly number[]): number {
  const n = values.length;
  if (n < 3) return 1;
  const middle = (n - 1) / 2;
  const mean = values.reduce((sum, value) => sum + value, 0) / n;
  const spread = (n * (n * n - 1)) / 12; // the sum of squares of 0 ... n - 1 about their mean
  const slope = values.reduce((sum, value, i) => sum + (i - middle) * (value - mean), 0) / spread;
  const rest = values.reduce((sum, value, i) => sum + (value - mean - slope * (i - middle)) ** 2, 0);
  return studentTail(ratio(-slope, Math.sqrt(rest / (n - 2) / spread)), n - 2);
}

/** Values that do not spread at all are told apart by any difference. */
const ratio = (difference: number, error: number): number =>
  difference === 0 ? 0 : error === 0 ? Math.sign(difference) * Number.MAX_VALUE : difference / error;

/** Returns the probability that Student's t with `degrees` degrees of freedom is at least `t`. */
export function studentTail(t: number, degrees: number): number {
  const half = 0.5 * incompleteBeta(degrees / 2, 0.5, degrees / (degrees + t * t));
  return t >= 0 ? half : 1 - half;
}

/** Returns the probability that Fisher's F with these degrees of freedom is at least `f`. */
export const fisherTail = (f: number, between: number, within: number): number =>
  incompleteBeta(within / 2, between / 2, within / (within + between * f));

/**
 * Computes the regularised incomplete beta function I_x(a, b) by its continued fraction (Abramowitz and Stegun 26.5.8),
 * evaluated by the method of Lentz.
 */
function incompleteBeta(a: number, b: number, x: number): number {
  if (x <= 0) return 0;
  if (x >= 1) return 1;
  if (x > (a + 1) / (a + b + 2)) return 1 - incompleteBeta(b, a, 1 - x); // there it converges fast
  const front = Math.exp(logGamma(a + b) - logGamma(a) - logGamma(b) + a * Math.log(x) + b * Math.log1p(-x)) / a;
  const tiny = 1e-300;
  let c = 1;
  let d = 1 / nonZero(1 - ((a + b) * x) / (a + 1), tiny);
  let fraction = d;
  for (let m = 1; m < 1000; m++) {
    const even = (m * (b - m) * x) / ((a + 2 * m - 1) * (a + 2 * m));
    const odd = (-(a + m) * (a + b + m) * x) / ((a + 2 * m) * (a + 2 * m + 1));
    for (const term of [even, odd]) {
      d = 1 / nonZero(1 + term * d, tiny);
      c = nonZero(1 + term / c, tiny);
      fraction *= c * d;
    }
    if (Math.abs(c * d - 1) < 1e-15) break;
  }
  return front * fraction;
}

const nonZero = (value: number, tiny: number): number => (Math.abs(value) < tiny ? tiny : value);

/** Computes ln Gamma(x) for x > 0 by Stirling's series, after a shift to where it is exact in float64. */
function logGamma(x: number): number {
  let [shifted, product] = [x, 1];
  for (; shifted < 15; shifted++) product *= shifted;
  const inverse = 1 / (shifted * shifted);
  const series =
    (1 / 12 - inverse * (1 / 360 - inverse * (1 / 1260 - inverse * (1 / 1680 - inverse / 1188)))) / shifted;
  return (shifted - 0.5) * Math.log(shifted) - shifted + 0.5 * Math.log(2 * Math.PI) + series - Math.log(product);
}
