/** Multinomial logistic regression with an L2 penalty, in float64: a classifier over vectors that are computed once. */

/** A fitted regression. */
export interface LogisticRegression {
  /** The coefficients of each label, `[labels][width]`. */
  readonly coefficients: readonly Float64Array[];
  /** The intercept of each label, `[labels]`. */
  readonly intercepts: Float64Array;
  /** Computes the probability of each label for a vector `[width]`: `[labels]`. */
  probabilities(row: ArrayLike<number>): number[];
}

/** How many steps and gradients are remembered, and the most steps. */
const [memory, mostSteps] = [10, 200];

/**
 * Minimises `sum_i -log softmax(W x_i + b)[y_i] + |W|^2 / (2 c)`, as scikit-learn's `LogisticRegression(C=c)` does for three or more
 * labels, by L-BFGS (Nocedal and Wright 2006, algorithm 7.5) with a line search by halves. `rows [examples][width]`; `labels
 * [examples]`, indices below `numLabels`. Default: c = 1.
 */
export function fitLogisticRegression(
  rows: readonly ArrayLike<number>[],
  labels: ArrayLike<number>,
  numLabels: number,
  c = 1,
): LogisticRegression {
  const width = rows[0]?.length ?? 0;
  const problem = { rows, labels, numLabels, width, c };
  let point = new Float64Array(numLabels * (width + 1));
  let { value, gradient } = lossAt(problem, point);
  const steps: { readonly move: Float64Array; readonly change: Float64Array; readonly product: number }[] = [];
  for (let step = 0; step < mostSteps && largest(gradient) > 1e-6; step++) {
    const direction = twoLoops(gradient, steps);
    const slope = dot(gradient, direction);
    let size = step === 0 ? Math.min(1, 1 / largest(gradient)) : 1;
    let next = moved(point, direction, size);
    let reached = lossAt(problem, next);
    while (!(reached.value <= value + 1e-4 * size * slope) && size > 1e-12) {
      size /= 2;
      next = moved(point, direction, size);
      reached = lossAt(problem, next);
    }
    if (!(reached.value < value)) break;
    const move = direction.map((each) => size * each);
    const change = reached.gradient.map((each, i) => each - (gradient[i] as number));
    const product = dot(move, change);
    if (product > 0) steps.push({ move, change, product });
    if (steps.length > memory) steps.shift();
    [point, value, gradient] = [next, reached.value, reached.gradient];
  }
  const coefficients = Array.from({ length: numLabels }, (_, k) =>
    point.slice(k * (width + 1), k * (width + 1) + width),
  );
  const intercepts = Float64Array.from({ length: numLabels }, (_, k) => point[k * (width + 1) + width] as number);
  return {
    ...{ coefficients, intercepts },
    probabilities: (row) => softmax(coefficients.map((own, k) => dot(own, row) + (intercepts[k] as number))),
  };
}

interface Problem {
  readonly rows: readonly ArrayLike<number>[];
  readonly labels: ArrayLike<number>;
  readonly numLabels: number;
  readonly width: number;
  readonly c: number;
}

/** Computes the loss and its gradient; the coefficients of a label stand one after the other, its intercept last. */
function lossAt({ rows, labels, numLabels, width, c }: Problem, point: Float64Array) {
  const gradient = new Float64Array(point.length);
  let value = 0;
  const logits = new Array<number>(numLabels);
  rows.forEach((row, i) => {
    for (let k = 0; k < numLabels; k++) {
      const start = k * (width + 1);
      let sum = point[start + width] as number;
      for (let j = 0; j < width; j++) sum += (point[start + j] as number) * (row[j] as number);
      logits[k] = sum;
    }
    const shares = softmax(logits);
    const label = labels[i] as number;
    value -= Math.log(Math.max(shares[label] as number, Number.MIN_VALUE));
    for (let k = 0; k < numLabels; k++) {
      const error = (shares[k] as number) - Number(k === label);
      const start = k * (width + 1);
      for (let j = 0; j < width; j++)
        gradient[start + j] = (gradient[start + j] as number) + error * (row[j] as number);
      gradient[start + width] = (gradient[start + width] as number) + error;
    }
  });
  for (let k = 0; k < numLabels; k++) {
    for (let j = k * (width + 1); j < k * (width + 1) + width; j++) {
      const weight = point[j] as number;
      value += weight ** 2 / (2 * c);
      gradient[j] = (gradient[j] as number) + weight / c;
    }
  }
  return { value, gradient };
}

/** Multiplies the negative gradient by the inverse Hessian that the last steps tell of. */
function twoLoops(
  gradient: Float64Array,
  steps: readonly { readonly move: Float64Array; readonly change: Float64Array; readonly product: number }[],
): Float64Array {
  const direction = gradient.map((each) => -each);
  const shares = steps.map(() => 0);
  for (let i = steps.length - 1; i >= 0; i--) {
    const { move, change, product } = steps[i] as (typeof steps)[number];
    const share = dot(move, direction) / product;
    shares[i] = share;
    for (let j = 0; j < direction.length; j++) direction[j] = (direction[j] as number) - share * (change[j] as number);
  }
  const last = steps.at(-1);
  const scale = last === undefined ? 1 : last.product / dot(last.change, last.change);
  for (let j = 0; j < direction.length; j++) direction[j] = (direction[j] as number) * scale;
  steps.forEach(({ move, change, product }, i) => {
    const share = (shares[i] as number) - dot(change, direction) / product;
    for (let j = 0; j < direction.length; j++) direction[j] = (direction[j] as number) + share * (move[j] as number);
  });
  return direction;
}

function softmax(logits: readonly number[]): number[] {
  const most = Math.max(...logits);
  const exponentials = logits.map((logit) => Math.exp(logit - most));
  const sum = exponentials.reduce((total, each) => total + each, 0);
  return exponentials.map((each) => each / sum);
}

function dot(a: ArrayLike<number>, b: ArrayLike<number>): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += (a[i] as number) * (b[i] as number);
  return sum;
}

const moved = (point: Float64Array, direction: Float64Array, size: number): Float64Array<ArrayBuffer> =>
  Float64Array.from(point, (each, i) => each + size * (direction[i] as number));

const largest = (values: Float64Array): number => values.reduce((most, each) => Math.max(most, Math.abs(each)), 0);
