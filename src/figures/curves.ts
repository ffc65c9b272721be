/** Curves over the epochs of a run. */
import type { HistoryRow } from "../history/history.ts";

/** A trace of plotly, or a part of one. */
export type Trace = Record<string, unknown>;

/** The values of the rows that have one; nothing where none has. */
export function curve(history: readonly HistoryRow[], key: keyof HistoryRow, look: Trace): Trace[] {
  const rows = history.filter((row) => row[key] !== undefined);
  if (rows.length === 0) return [];
  const mode = rows.length > 60 ? "lines" : "lines+markers"; // step logs would be a chain of beads
  return [
    {
      type: "scatter",
      mode,
      cliponaxis: false,
      x: rows.map((row) => row.epoch),
      y: rows.map((row) => row[key]),
      ...look,
    },
  ];
}

/** Line and markers in one colour; no two curves of a panel share all three. */
export function line(color: string, symbol: string, dash = "solid"): Trace {
  return { line: { color, width: 2.2, dash }, marker: { color, symbol, size: 7 } };
}
