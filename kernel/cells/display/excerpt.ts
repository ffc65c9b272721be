/** Which rows, columns or values of many are shown: the first and the last ones. */

/** Indices below `length`: all of them up to twice `edge`, else the first and last `edge` with `undefined` between them. */
export function ends(length: number, edge: number): (number | undefined)[] {
  if (length <= 2 * edge) return range(0, length);
  return [...range(0, edge), undefined, ...range(length - edge, length)];
}

/** At most `most` indices below `length`, evenly spread. */
export function spread(length: number, most: number): number[] {
  const step = Math.max(1, length / most);
  return range(0, Math.min(length, most)).map((i) => Math.floor(i * step));
}

function range(start: number, end: number): number[] {
  return Array.from({ length: end - start }, (_, i) => start + i);
}
