/** Shows a place in code as text: two lines and a caret. Errors of cells and type errors are shown alike. */

/** Returns the line of a place with the one before it, numbered, and a caret under the column. `line` and `column` count from 1. */
export function codeFrame(lines: readonly string[], line: number, column: number): string[] {
  const width = String(line).length;
  const shown: string[] = [];
  for (const number of [line - 1, line]) {
    const text = lines[number - 1];
    if (text !== undefined) shown.push(`${number === line ? ">" : " "} ${String(number).padStart(width)} | ${text}`);
  }
  return [...shown, `  ${" ".repeat(width)} | ${" ".repeat(Math.max(0, column - 1))}^`];
}
