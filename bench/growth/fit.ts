/** A straight line through measured points, and how far they lie from it. */

export interface Line {
  readonly intercept: number;
  readonly slope: number;
  /** Share of the variance that the line explains, from 0 to 1. */
  readonly r2: number;
  /** The largest distance of a point from the line, as a share of the line's value there. */
  readonly worst: number;
}

/** Least squares; at least two different `x`. */
export function fitLine(points: readonly (readonly [x: number, y: number])[]): Line {
  const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;
  const [meanX, meanY] = [mean(points.map(([x]) => x)), mean(points.map(([, y]) => y))];
  const sum = (term: (dx: number, dy: number) => number) =>
    points.reduce((total, [x, y]) => total + term(x - meanX, y - meanY), 0);
  const slope = sum((dx, dy) => dx * dy) / sum((dx) => dx * dx);
  const intercept = meanY - slope * meanX;
  const left = points.reduce((total, [x, y]) => total + (y - intercept - slope * x) ** 2, 0);
  const all = sum((_, dy) => dy * dy);
  const off = points.map(([x, y]) => Math.abs(y - intercept - slope * x) / Math.abs(intercept + slope * x));
  return { intercept, slope, r2: all === 0 ? 1 : 1 - left / all, worst: Math.max(...off) };
}
