/** From the labels that a text has, any number of them, to a 0 or 1 for each label. */
import { ThawError } from "../errors.ts";
import { indexLabels, type LabelValue } from "./labels.ts";
import type { LabelledContent } from "./targets.ts";

/** A list of labels for each row; texts are cut at `separator`. Errors: `BAD_DATA`. */
export function indexLabelSets(
  values: readonly LabelValue[],
  names: readonly string[] | undefined,
  source: string,
  separator: string | undefined,
): LabelledContent {
  const sets = values.map(({ value, row }) => ({ row, labels: listOf(value, row, source, separator) }));
  const flat = sets.flatMap(({ row, labels }) => labels.map((value) => ({ value, row })));
  if (flat.length === 0 && names === undefined) {
    throw new ThawError("BAD_DATA", `${source}: no row has a label. Give the names of the labels: labels: [...].`);
  }
  const { labels: indices, labelNames } = indexLabels(flat, names, source, 1);
  const labels = new Float32Array(values.length * labelNames.length);
  let next = 0;
  sets.forEach((set, text) => {
    for (const _ of set.labels) labels[text * labelNames.length + (indices[next++] as number)] = 1;
  });
  return { labels, labelNames, problemType: "multi_label_classification" };
}

function listOf(value: unknown, row: number, source: string, separator: string | undefined): readonly unknown[] {
  if (Array.isArray(value)) return value;
  if (typeof value === "string" && separator !== undefined) {
    return value
      .split(separator)
      .map((label) => label.trim())
      .filter((label) => label !== "");
  }
  throw new ThawError(
    "BAD_DATA",
    `${source}: the labels in row ${row} are ${JSON.stringify(value)}, which is no list. Use an array in every row (empty for ` +
      'none), or labelSeparator: "|" where they stand in one text.',
  );
}

/** A column of 0 and 1 for each label: `values` hold one list a row, in the order of `columns`. Errors: `BAD_DATA`. */
export function labelColumns(
  values: readonly LabelValue[],
  columns: readonly string[],
  names: readonly string[] | undefined,
  source: string,
): LabelledContent {
  const cells = values.flatMap(({ value, row }) =>
    (value as readonly unknown[]).map((cell, i) => {
      const number = cell === true ? 1 : cell === false ? 0 : cell === "" ? Number.NaN : Number(cell ?? Number.NaN);
      if (number === 0 || number === 1) return number;
      throw new ThawError(
        "BAD_DATA",
        `${source}: column "${columns[i]}" in row ${row} has ${JSON.stringify(cell)}; a column for each label holds 0 or 1. ` +
          'Correct the row; for columns of numbers use problemType: "regression".',
      );
    }),
  );
  return { labels: Float32Array.from(cells), labelNames: names ?? columns, problemType: "multi_label_classification" };
}
