/** Describes a data set: a table of its labels and notes for the reader, such as oddities that may be intended. */
import { closest } from "../../shared/closest.ts";
import { listed, listedRows } from "../display/listed.ts";
import { formatCount, formatNumber, formatPercent } from "../display/numbers.ts";
import { type Column, Table } from "../display/table.ts";
import type { ProblemType } from "../task/task.ts";
import type { Example } from "./examples.ts";
import { looksMissing } from "./labels.ts";
import type { PartSizes, SplitOptions } from "./split.ts";

/** The part of a `TextDataset` that its description reads. */
export interface DescribedDataset extends Iterable<Example> {
  readonly name: string;
  /** The number of examples. */
  readonly length: number;
  readonly texts: readonly string[];
  readonly textPairs: readonly string[] | undefined;
  readonly problemType: ProblemType;
  readonly isLabelled: boolean;
  readonly labels: readonly number[];
  readonly labelNames: readonly string[];
  /** The number of examples of the data set that this one is a part of. */
  readonly partOf: number | undefined;
  readonly notes: readonly string[];
  at(place: number): Example | undefined;
  labelCounts(): Readonly<Record<string, number>>;
}

/**
 * Makes a table of the labels with their counts, or of the targets with their ranges, with size and text lengths above
 * it and notes below.
 */
export function describeDataset(dataset: DescribedDataset): Table {
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

function contentOf(dataset: DescribedDataset): Content {
  if (!dataset.isLabelled) return { columns: [right("examples")], rows: [[formatCount(dataset.length)]] };
  return dataset.problemType === "regression" ? targetTable(dataset) : labelTable(dataset);
}

function labelTable(dataset: DescribedDataset): Content {
  const counts = dataset.labelCounts();
  return {
    columns: ["label", right("examples"), right("share")],
    rows: dataset.labelNames.map((label) => {
      const count = counts[label] ?? 0;
      return [label, formatCount(count), dataset.length === 0 ? "" : formatPercent(count / dataset.length)];
    }),
  };
}

function targetTable({ labelNames, labels, length }: DescribedDataset): Content {
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

function lengthPercentiles({ texts, textPairs }: DescribedDataset): string {
  const lengths = Uint32Array.from(texts, (text, place) => text.length + (textPairs?.[place] ?? "").length).sort();
  const at = (fraction: number): number => lengths[Math.round(fraction * (lengths.length - 1))] ?? 0;
  return `median ${at(0.5)}, 90 % up to ${at(0.9)}, 99 % up to ${at(0.99)}, longest ${at(1)}`;
}

/** Lists one key per example; examples have equal keys if their texts, or both texts of their pairs, are equal. */
export function keysOf({ texts, textPairs }: Pick<DescribedDataset, "texts" | "textPairs">): readonly string[] {
  return textPairs === undefined ? texts : texts.map((text, place) => JSON.stringify([text, textPairs[place]]));
}

const rowsOf = (dataset: DescribedDataset, places: readonly number[]): string =>
  listedRows(places.map((place) => dataset.at(place)?.row as number));

/** Writes notes on texts and labels; those on reading and splitting are not among them. */
export function observations(dataset: DescribedDataset): string[] {
  if (dataset.length === 0) return [];
  return [...textNotes(dataset), ...repeatNotes(dataset), ...(dataset.isLabelled ? labelNotes(dataset) : [])];
}

/** Number of characters, and multiple of the usual length, from which a text is probably several texts. */
const [hugeText, hugeRatio] = [10_000, 100];

function textNotes(dataset: DescribedDataset): string[] {
  const { texts, textPairs } = dataset;
  const all = (place: number): readonly string[] => [
    texts[place] as string,
    ...(textPairs === undefined ? [] : [textPairs[place] as string]),
  ];
  const where = (test: (text: string) => boolean) => Array.from(texts.keys()).filter((place) => all(place).some(test));
  const missing = where((text) => text.length <= 12 && looksMissing(text));
  const lost = where((text) => text.includes("\ufffd"));
  const garbled = where((text) => /[ÃÂ][\u0080-\u00bf]|â€|Ã[ƒŸ¤¶¼„–œ]/.test(text));
  const lengths = Uint32Array.from(texts, (text) => text.length).sort();
  const usual = lengths[lengths.length >> 1] as number;
  const huge = where((text) => text.length > Math.max(hugeText, hugeRatio * usual));
  const notes: string[] = [];
  if (missing.length > 0) {
    const example = JSON.stringify(texts[missing[0] as number]);
    notes.push(
      `The text in ${rowsOf(dataset, missing)} is what programs write for a missing value, such as ${example}.`,
    );
  }
  if (lost.length > 0)
    notes.push(`Letters were lost in an earlier conversion, and are "\ufffd" now, in ${rowsOf(dataset, lost)}.`);
  if (garbled.length > 0) {
    notes.push(`Letters look as if UTF-8 had been read in another encoding before, in ${rowsOf(dataset, garbled)}.`);
  }
  if (huge.length > 0) {
    const longest = huge.reduce((most, place) => Math.max(most, ...all(place).map((text) => text.length)), 0);
    notes.push(
      `Up to ${formatCount(longest)} characters, more than ${hugeRatio} times as many as is usual here, stand in ${rowsOf(dataset, huge)}. Are ` +
        "these several texts?",
    );
  }
  return notes;
}

function repeatNotes(dataset: DescribedDataset): string[] {
  const { labels, length } = dataset;
  const width = labels.length / length;
  const labelOf = (place: number) => labels.slice(place * width, (place + 1) * width).join();
  const first = new Map<string, number>();
  const [repeats, contradictions]: [number[], number[]] = [[], []];
  keysOf(dataset).forEach((key, place) => {
    const earlier = first.get(key);
    if (earlier === undefined) first.set(key, place);
    else (labelOf(earlier) === labelOf(place) ? repeats : contradictions).push(place);
  });
  const notes: string[] = [];
  if (repeats.length > 0) {
    notes.push(
      `${formatCount(repeats.length)} ${repeats.length === 1 ? "example repeats" : "examples repeat"} an earlier one (${rowsOf(dataset, repeats)}).`,
    );
  }
  if (contradictions.length > 0) {
    notes.push(
      `${formatCount(contradictions.length)} ${contradictions.length === 1 ? "example has" : "examples have"} the text of an earlier one, but ` +
        `another label (${rowsOf(dataset, contradictions)}).`,
    );
  }
  return notes;
}

function labelNotes(dataset: DescribedDataset): string[] {
  return dataset.problemType === "regression" ? targetNotes(dataset) : nameNotes(dataset);
}

function targetNotes({ labels, labelNames, length }: DescribedDataset): string[] {
  if (length < 2) return [];
  const constant = labelNames.filter((_, output) => {
    const values = labels.filter((_, cell) => cell % labelNames.length === output);
    return values.every((value) => value === values[0]);
  });
  return constant.length === 0
    ? []
    : [`All examples have the same number for ${listed(constant)}: there is nothing to learn.`];
}

function nameNotes(dataset: DescribedDataset): string[] {
  const { length, labelNames, problemType, partOf } = dataset;
  const counts = dataset.labelCounts();
  const isSingle = problemType === "single_label_classification";
  const notes: string[] = [];
  const names = labelNames.map((name) => JSON.stringify(name));
  const empty = labelNames.flatMap((name, i) => (counts[name] === 0 ? [names[i] as string] : []));
  if (empty.length > 0 && partOf === undefined) notes.push(`No example has the label ${listed(empty)}.`);
  const used = labelNames.filter((name) => (counts[name] as number) > 0);
  const isNumber = (name: string) => Number.isFinite(Number(name));
  const words = used.filter((name) => !isNumber(name));
  if (isSingle && words.length > 0 && words.length < used.length / 2) {
    notes.push(
      `All labels are numbers but ${listed(words.map((name) => JSON.stringify(name)))} (${rowsWith(dataset, words)}).`,
    );
  }
  const separator = isSingle ? separatorIn(used) : undefined;
  if (separator !== undefined) {
    const joined = used.filter((name) => name.includes(separator));
    notes.push(
      `Labels such as ${JSON.stringify(joined[0])} (${rowsWith(dataset, joined)}) look like several in one. If they are, write ` +
        `labelSeparator: ${JSON.stringify(separator)}.`,
    );
  }
  if (isSingle && length >= 20 && used.length > length / 2) {
    notes.push(
      `There are ${formatCount(used.length)} different labels in ${formatCount(length)} examples. Is this the column of the labels?`,
    );
  } else {
    notes.push(...lonelyLabels(dataset, used, counts));
  }
  if (!isSingle && length >= 2) {
    const everywhere = labelNames.filter((name) => counts[name] === length);
    if (everywhere.length > 0)
      notes.push(`Every example has the label ${listed(everywhere.map((name) => JSON.stringify(name)))}.`);
  }
  return notes;
}

/** Writes a note on labels of a single example, where others have more: often a name that was mistyped. */
function lonelyLabels(
  dataset: DescribedDataset,
  used: readonly string[],
  counts: Readonly<Record<string, number>>,
): string[] {
  if (dataset.partOf !== undefined || dataset.length < 3 * used.length) return [];
  const lonely = used.filter((name) => counts[name] === 1);
  if (lonely.length === 0) return [];
  const others = used.filter((name) => (counts[name] as number) > 1);
  const shown = lonely.map((name) => {
    const near = name.length >= 4 ? closest(name, others) : undefined;
    return near === undefined ? JSON.stringify(name) : `${JSON.stringify(name)} (is ${JSON.stringify(near)} meant?)`;
  });
  return [`Only one example each has the label ${listed(shown)}: ${rowsWith(dataset, lonely)}.`];
}

/**
 * Finds the separator in labels that look like several in one: their parts are labels themselves, or come back in
 * others.
 */
function separatorIn(names: readonly string[]): string | undefined {
  return ["|", ";", ","].find((separator) => {
    const parts = names.flatMap((name) => [...new Set(name.split(separator).map((part) => part.trim()))]);
    return names.some((name) => name.includes(separator)) && new Set(parts).size < parts.length;
  });
}

/** Lists the rows of the examples that have one of these labels. */
function rowsWith(dataset: DescribedDataset, names: readonly string[]): string {
  const wanted = new Set(names);
  const rows: number[] = [];
  for (const { label, row } of dataset) {
    if ([label].flat().some((name) => wanted.has(String(name)))) rows.push(row);
  }
  return listedRows(rows);
}

type Places = Readonly<Record<keyof PartSizes, Uint32Array>>;

/**
 * Writes notes on a part of a split: that it is empty, that it lacks labels, or that it shares texts with another part.
 */
export function partNotes(
  whole: DescribedDataset,
  part: keyof PartSizes,
  places: Places,
  sizes: SplitOptions,
): string[] {
  const size = sizes[part] ?? 0;
  if (places[part].length === 0) {
    return size > 0
      ? [`A share of ${size} is less than half an example of ${whole.length}, so that there is none.`]
      : [];
  }
  return part === "train" ? missingLabels(whole, places.train) : sharedTexts(whole, part, places);
}

function missingLabels(whole: DescribedDataset, train: Uint32Array): string[] {
  if (whole.problemType === "regression") return [];
  const trained = new Set(Array.from(train).flatMap((place) => whole.at(place)?.label ?? []));
  const counts = whole.labelCounts();
  const missing = whole.labelNames.filter((name) => (counts[name] as number) > 0 && !trained.has(name));
  if (missing.length === 0) return [];
  const names = listed(missing.map((name) => JSON.stringify(name)));
  return [
    `No example has the label ${names}, so that it cannot be learnt: ${rowsWith(whole, missing)} went into other parts.`,
  ];
}

function sharedTexts(whole: DescribedDataset, part: "validation" | "test", places: Places): string[] {
  const keys = keysOf(whole);
  const others = part === "test" ? (["train", "validation"] as const) : (["train"] as const);
  return others.flatMap((other) => {
    const known = new Set(Array.from(places[other], (place) => keys[place]));
    const shared = Array.from(places[part]).filter((place) => known.has(keys[place]));
    if (shared.length === 0) return [];
    const have = shared.length === 1 ? "has" : "have";
    return [
      `${shared.length} of ${places[part].length} examples ${have} a text that ${other} has too (${rowsOf(whole, shared)}).`,
    ];
  });
}
