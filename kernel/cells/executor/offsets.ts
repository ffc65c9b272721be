/** Offsets into a text, and lines and columns of it, all from 0. */

/** Where each line of `text` begins. */
export function lineStarts(text: string): number[] {
  const starts = [0];
  for (let at = text.indexOf("\n"); at !== -1; at = text.indexOf("\n", at + 1)) starts.push(at + 1);
  return starts;
}

export function placeOf(starts: readonly number[], offset: number): { line: number; column: number } {
  const line = Math.max(
    0,
    starts.findLastIndex((start) => start <= offset),
  );
  return { line, column: offset - (starts[line] ?? 0) };
}

export function offsetOf(starts: readonly number[], line: number, column: number): number {
  return (starts[line] ?? starts.at(-1) ?? 0) + column;
}
