/** The summary of a data set: a table in a few numbers, and below it what a reader should know. */
import { formatCount, formatNumber, formatPercent } from "../display/numbers.ts";
import { type Column, Table } from "../display/table.ts";
import type { TextDataset } from "./textDataset.ts";

/** A table of the labels with their counts, or of the targets with their ranges; above it size and text lengths, below it the notes. */
export function describeDataset(dataset: TextDataset): Table {
  const { name, length, textPairs, problemType, labels, partOf, notes, isLabelled } = dataset;
  const of = partOf === undefined ? "" : ` of ${formatCount(partOf)}`;
  const facts = [`${name}: ${formatCount(length)}${of} ${(partOf ?? length) === 1 ? "example" : "examples"}`];
  if (textPairs !== undefined) facts.push("pairs of texts");
  if (!isLabelled) facts.push("without labels");
  if (length > 0) facts.push(`characters ${lengthPercentiles(dataset)}`);
  if (isLabelled && length > 0 && problemType === "multi_label_classification") {
    facts.push(`${(labels.reduce((sum, cell) => sum + cell, 0) / length).toFixed(2)} labels per example`);
  }
  return new Table({ caption: facts.join("; "), notes, ...contentOf(dataset) });
}

interface Content {
  readonly columns: readonly (string | Column)[];
  readonly rows: readonly (readonly string[])[];
}

const right = (title: string): Column => ({ title, align: "right" });

function contentOf(dataset: TextDataset): Content {
  if (!dataset.isLabelled) return { columns: [right("examples")], rows: [[formatCount(dataset.length)]] };
  return dataset.problemType === "regression" ? targetTable(dataset) : labelTable(dataset);
}

function labelTable(dataset: TextDataset): Content {
  const counts = dataset.labelCounts();
  return {
    columns: ["label", right("examples"), right("share")],
    rows: dataset.labelNames.map((label) => {
      const count = counts[label] ?? 0;
      return [label, formatCount(count), dataset.length === 0 ? "" : formatPercent(count / dataset.length)];
    }),
  };
}

function targetTable({ labelNames, labels, length }: TextDataset): Content {
  const outputs = labelNames.length;
  return {
    columns: ["target", ...["mean", "deviation", "lowest", "highest"].map(right)],
    rows: labelNames.map((name, output) => {
      if (length === 0) return [name];
      const values = labels.filter((_, cell) => cell % outputs === output);
      const mean = values.reduce((sum, value) => sum + value, 0) / length;
      const deviation = Math.sqrt(values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / length);
      const [lowest, highest] = [Math.min, Math.max].map((of) => values.reduce((a, b) => of(a, b)));
      return [name, ...[mean, deviation, lowest as number, highest as number].map(formatNumber)];
    }),
  };
}

function lengthPercentiles({ texts, textPairs }: TextDataset): string {
  const lengths = Uint32Array.from(texts, (text, place) => text.length + (textPairs?.[place] ?? "").length).sort();
  const at = (fraction: number): number => lengths[Math.round(fraction * (lengths.length - 1))] ?? 0;
  return `median ${at(0.5)}, 90 % up to ${at(0.9)}, 99 % up to ${at(0.99)}, longest ${at(1)}`;
}
