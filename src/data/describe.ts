/** A data set in a few numbers. */
import { formatCount, formatPercent } from "../display/numbers.ts";
import { Table } from "../display/table.ts";
import type { TextDataset } from "./textDataset.ts";

/** A table of the labels with their counts; above it size, duplicates and text lengths. */
export function describeDataset(dataset: TextDataset): Table {
  const { name, length, duplicates } = dataset;
  const counts = dataset.labelCounts();
  const facts = [`${name}: ${formatCount(length)} texts`];
  if (length > 0) facts.push(`characters ${lengthPercentiles(dataset.texts)}`);
  if (duplicates > 0) facts.push(`${formatCount(duplicates)} repeat an earlier text`);
  return new Table({
    caption: facts.join("; "),
    columns: ["label", { title: "texts", align: "right" }, { title: "share", align: "right" }],
    rows: dataset.labelNames.map((label) => {
      const count = counts[label] ?? 0;
      return [label, formatCount(count), length === 0 ? "" : formatPercent(count / length)];
    }),
  });
}

function lengthPercentiles(texts: readonly string[]): string {
  const lengths = Uint32Array.from(texts, (text) => text.length).sort();
  const at = (fraction: number): number => lengths[Math.round(fraction * (lengths.length - 1))] ?? 0;
  return `median ${at(0.5)}, 90 % up to ${at(0.9)}, 99 % up to ${at(0.99)}, longest ${at(1)}`;
}
