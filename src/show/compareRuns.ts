/** Strategies side by side: what their runs reached and cost, as one figure with its table, inline in one bundle. */
import { inspect } from "node:util";
import { type DisplayBundle, displaySymbol, type MimeBundle } from "../../shared/mimeBundle.ts";
import type { Table } from "../display/table.ts";
import { drawComparison } from "./comparisonFigure.ts";
import type { Figure } from "./figure/figure.ts";
import { type CompareOptions, comparisonTable, type RunLike, type RunSummary, summarize } from "./runSummary.ts";

/** Shows itself as a figure that holds the table too; `table` alone is HTML. */
export interface Comparison {
  readonly summaries: readonly RunSummary[];
  readonly table: Table;
  readonly figure: Figure;
  /** Sentences about what makes the runs hard to compare: other plans under one name, other data, runs that did not finish. */
  readonly notices: readonly string[];
  toString(): string;
  toBundle(): Promise<DisplayBundle>;
  [displaySymbol](): Promise<MimeBundle>;
  [inspect.custom](): string;
}

/**
 * `compareRuns({ "classifier only": a, progressive: [seed0, seed1, seed2] })`: a list is one strategy with several seeds.
 * Errors: `NO_RUNS`, `DIFFERENT_METRICS`, `BAD_ARGUMENT`.
 */
export function compareRuns(
  runs: Readonly<Record<string, RunLike | readonly RunLike[]>>,
  options: CompareOptions = {},
): Comparison {
  const { summaries, notices } = summarize(runs, options);
  const table = comparisonTable(summaries);
  const figure = drawComparison(summaries, table, notices);
  const text = [table.toString(), ...notices].join("\n");
  return {
    summaries,
    table,
    figure,
    notices,
    toString: () => text,
    toBundle: () => figure.toBundle(),
    [displaySymbol]: () => figure[displaySymbol](),
    [inspect.custom]: () => text,
  };
}
