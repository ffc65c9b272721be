/** Lengths along an SVG path of straight lines (`M0,0L30,40`), which plotly asks for at arrows and contour labels. */

interface Point {
  readonly x: number;
  readonly y: number;
}

/** Curves count as the straight lines between their control points. */
export function pathLength(d: string): number {
  return segments(points(d)).reduce((sum, { length }) => sum + length, 0);
}

/** The point `distance` along the path, at most its end. */
export function pointAlong(d: string, distance: number): Point {
  const corners = points(d);
  let left = Math.max(0, distance);
  for (const { from, to, length } of segments(corners)) {
    if (left <= length && length > 0) {
      const part = left / length;
      return { x: from.x + part * (to.x - from.x), y: from.y + part * (to.y - from.y) };
    }
    left -= length;
  }
  return corners.at(-1) ?? { x: 0, y: 0 };
}

function points(d: string): Point[] {
  const numbers = (d.match(/-?\d*\.?\d+(?:e-?\d+)?/gi) ?? []).map(Number);
  const corners: Point[] = [];
  for (let i = 0; i + 1 < numbers.length; i += 2) corners.push({ x: numbers[i] ?? 0, y: numbers[i + 1] ?? 0 });
  return corners;
}

function segments(corners: readonly Point[]) {
  return corners.slice(1).map((to, i) => {
    const from = corners[i] ?? to;
    return { from, to, length: Math.hypot(to.x - from.x, to.y - from.y) };
  });
}
