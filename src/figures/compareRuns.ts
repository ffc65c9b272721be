/** Strategies side by side: one figure with its table, inline in one bundle. */
import { inspect } from "node:util";
import { type DisplayBundle, displaySymbol, type MimeBundle } from "../display/bundle.ts";
import type { Table } from "../display/table.ts";
import { drawComparison } from "./comparisonFigure.ts";
import { comparisonTable } from "./comparisonTable.ts";
import type { Figure } from "./figure.ts";
import { type RunLike, type RunSummary, summarize, type TestResult } from "./runSummary.ts";

export interface CompareOptions {
  /** Results on test texts by name, in the order of the runs of that name; a run's own `test` goes first. */
  readonly test?: Readonly<Record<string, TestResult | readonly TestResult[]>>;
}

/** Shows itself as a figure that holds the table too; `table` alone is HTML. */
export interface Comparison {
  readonly summaries: readonly RunSummary[];
  readonly table: Table;
  readonly figure: Figure;
  toString(): string;
  toBundle(): Promise<DisplayBundle>;
  [displaySymbol](): Promise<MimeBundle>;
  [inspect.custom](): string;
}

/**
 * `compareRuns({ "classifier only": a, progressive: [seed0, seed1, seed2] })`: a list is one strategy with several seeds.
 * @throws ThawError `NO_RUNS` where there is nothing to compare.
 */
export function compareRuns(
  runs: Readonly<Record<string, RunLike | readonly RunLike[]>>,
  { test = {} }: CompareOptions = {},
): Comparison {
  const tested = Object.entries(runs).map(([name, group]) => {
    const results = asList(test[name]);
    return [name, asList(group).map((run, i) => ({ ...run, test: run.test ?? results[i] }))] as const;
  });
  const summaries = summarize(Object.fromEntries(tested));
  const table = comparisonTable(summaries);
  const figure = drawComparison(summaries, table);
  return {
    summaries,
    table,
    figure,
    toString: () => table.toString(),
    toBundle: () => figure.toBundle(),
    [displaySymbol]: () => figure[displaySymbol](),
    [inspect.custom]: () => table.toString(),
  };
}

function asList<T extends object>(value: T | readonly T[] | undefined): readonly T[] {
  if (value === undefined) return [];
  return Array.isArray(value) ? (value as readonly T[]) : [value as T];
}
