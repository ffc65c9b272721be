/** A data set in a few numbers. */
import { formatCount, formatNumber, formatPercent } from "../display/numbers.ts";
import { Table } from "../display/table.ts";
import type { TextDataset } from "./textDataset.ts";

const right = "right" as const;

/** A table of the labels with their counts, or of the targets with their ranges; above it size, duplicates and text lengths. */
export function describeDataset(dataset: TextDataset): Table {
  const { name, length, duplicates, textPairs, problemType, labels } = dataset;
  const facts = [`${name}: ${formatCount(length)} ${textPairs === undefined ? "texts" : "pairs of texts"}`];
  if (length > 0) facts.push(`characters ${lengthPercentiles(dataset)}`);
  if (duplicates > 0) facts.push(`${formatCount(duplicates)} repeat an earlier text`);
  if (length > 0 && problemType === "multi_label_classification") {
    facts.push(`${([...labels].reduce((sum, cell) => sum + cell, 0) / length).toFixed(2)} labels a text`);
  }
  return new Table({
    caption: facts.join("; "),
    ...(problemType === "regression" ? targetTable(dataset) : labelTable(dataset)),
  });
}

function labelTable(dataset: TextDataset) {
  const counts = dataset.labelCounts();
  return {
    columns: ["label", { title: "texts", align: right }, { title: "share", align: right }],
    rows: dataset.labelNames.map((label) => {
      const count = counts[label] ?? 0;
      return [label, formatCount(count), dataset.length === 0 ? "" : formatPercent(count / dataset.length)];
    }),
  };
}

function targetTable({ labelNames, labels, length }: TextDataset) {
  const outputs = labelNames.length;
  return {
    columns: ["target", ...["mean", "deviation", "lowest", "highest"].map((title) => ({ title, align: right }))],
    rows: labelNames.map((name, output) => {
      if (length === 0) return [name];
      const values = [...labels].filter((_, cell) => cell % outputs === output);
      const mean = values.reduce((sum, value) => sum + value, 0) / length;
      const deviation = Math.sqrt(values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / length);
      const [lowest, highest] = [Math.min, Math.max].map((of) => values.reduce((a, b) => of(a, b)));
      return [name, ...[mean, deviation, lowest as number, highest as number].map(formatNumber)];
    }),
  };
}

function lengthPercentiles({ texts, textPairs }: TextDataset): string {
  const lengths = Uint32Array.from(texts, (text, row) => text.length + (textPairs?.[row] ?? "").length).sort();
  const at = (fraction: number): number => lengths[Math.round(fraction * (lengths.length - 1))] ?? 0;
  return `median ${at(0.5)}, 90 % up to ${at(0.9)}, 99 % up to ${at(0.99)}, longest ${at(1)}`;
}
