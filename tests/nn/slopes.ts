/** How far gradients are from slopes that PyTorch's float64 gives by central differences (tests/golden). */

/** Indices into the flat tensor, and the slope there. */
export type Slopes = readonly (readonly [index: number, slope: number])[];

const [relative, absolute] = [1e-3, 1e-5];

/**
 * The largest distance of a gradient from a slope, in units of what is allowed: `1e-5 + 1e-3 |slope|`. A gradient that is
 * absent is zero.
 */
export function worstOf(gradient: ArrayLike<number> | undefined, slopes: Slopes): number {
  const distances = slopes.map(
    ([index, slope]) => Math.abs((gradient?.[index] ?? 0) - slope) / (absolute + relative * Math.abs(slope)),
  );
  return Math.max(0, ...distances);
}
