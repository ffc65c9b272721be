/** Turns the labels of each example, any number of them, into 0 or 1 for each label of the data set. */
import { listed, listedRows } from "../display/listed.ts";
import { ThawError } from "../errors.ts";
import { indexLabels, type LabelledContent, type LabelReading, type LabelValue } from "./labels.ts";
import { rowFunction } from "./options.ts";
import { shown } from "./rows.ts";

/** The labels of one row as they were given. */
interface LabelList {
  readonly list: readonly unknown[];
  readonly row: number;
}

/**
 * Reads the labels of each row out of a list, or out of a text that is cut at `separator`. Lists are sets of labels, or
 * hold 0 or 1 for each label; the data, or else the options, decide which. Throws `BAD_DATA`.
 */
export function indexLabelSets(
  values: readonly LabelValue[],
  reading: LabelReading,
  separator: string | undefined,
): LabelledContent {
  const lists = values.map(({ value, row }) => ({ row, list: listOf(value, row, reading.source, separator) }));
  return isMultiHot(lists, reading) ? readMultiHot(lists, reading) : readSets(lists, reading);
}

function listOf(value: unknown, row: number, source: string, separator: string | undefined): readonly unknown[] {
  if (Array.isArray(value)) return value;
  if (typeof value === "string" && separator !== undefined) {
    const parts = value.split(separator).map((label) => label.trim());
    return parts.filter((label) => label !== "");
  }
  throw new ThawError(
    "BAD_DATA",
    `${source}: the labels in row ${row} are ${shown(value)}, which is no list. Use an array in every row (empty for ` +
      'none), or labelSeparator: "|" where they stand in one text.',
  );
}

/**
 * Reads a cell of a multi-hot row as 0 or 1, in any of the ways that programs write it; undefined for anything else.
 */
function bit(cell: unknown): 0 | 1 | undefined {
  if (cell === true || cell === 1 || cell === 1n) return 1;
  if (cell === false || cell === 0 || cell === 0n) return 0;
  if (typeof cell !== "string") return undefined;
  const text = cell.trim().toLowerCase();
  if (text === "1" || text === "1.0" || text === "true") return 1;
  return text === "0" || text === "0.0" || text === "false" ? 0 : undefined;
}

/**
 * Tells whether lists hold a 0 or 1 for each label. They do where all have one length and nothing but 0 and 1, and a
 * value stands in some list twice, which a set of labels never has. Lists of more than two cells always show one or the
 * other. Throws where both readings are possible, or neither.
 */
function isMultiHot(lists: readonly LabelList[], reading: LabelReading): boolean {
  const { source, names = ["joy", "trust"], column, several } = reading;
  const filled = lists.filter(({ list }) => list.length > 0);
  const [first] = filled;
  if (first === undefined) return false;
  if (!filled.every(({ list }) => list.every((cell) => bit(cell) !== undefined))) return false;
  const isSure = filled.some(
    ({ list }) => list.some((cell) => typeof cell === "boolean") || new Set(list.map(bit)).size < list.length,
  );
  const odd = lists.find(({ list }) => list.length !== first.list.length);
  if (odd !== undefined) {
    if (!isSure) return false;
    throw new ThawError(
      "BAD_DATA",
      `${source}: row ${first.row} has ${first.list.length} cells of 0 and 1, but row ${odd.row} has ${odd.list.length}. Give every row one ` +
        "cell for each label, or in every row the names of its labels.",
    );
  }
  if (isSure) return true;
  const given = JSON.stringify(names.length <= 8 ? names : names.slice(0, 2));
  const listOf = (cell: string) => (several === "text" ? `(String(${cell}).match(/[\\d.]+/g) ?? [])` : cell);
  const hot = rowFunction("label", column, (cell) => `${given}.filter((_, i) => Number(${listOf(cell)}[i]) === 1)`);
  const sets = rowFunction("label", column, (cell) => `${listOf(cell)}.map((i) => ${given}[Number(i)])`);
  throw new ThawError(
    "BAD_DATA",
    `${source}: row ${first.row} has the labels ${shown(first.list)}. Are these 0 or 1 for each label, or the indices of the ` +
      `labels that it has? No row tells the two apart. With the names of your labels write for 0 or 1 ${hot}; for indices ${sets}.`,
  );
}

function readMultiHot(lists: readonly LabelList[], { names, source }: LabelReading): LabelledContent {
  const width = lists[0]?.list.length ?? 0;
  if (names !== undefined && names.length !== width) {
    throw new ThawError(
      "BAD_DATA",
      `${source}: row ${lists[0]?.row} has ${width} cells of 0 and 1, but labels gives ${names.length} names (${listed(names)}). Give one ` +
        "name for each cell.",
    );
  }
  return {
    labels: Float32Array.from(lists.flatMap(({ list }) => list.map((cell) => bit(cell) as number))),
    labelNames: names ?? Array.from({ length: width }, (_, i) => String(i)),
    problemType: "multi_label_classification",
    notes: ["The lists of labels are read as 0 or 1 for each label."],
  };
}

function readSets(lists: readonly LabelList[], reading: LabelReading): LabelledContent {
  const flat = lists.flatMap(({ row, list }) => list.map((value) => ({ value, row })));
  if (flat.length === 0 && reading.names === undefined) {
    throw new ThawError(
      "BAD_DATA",
      `${reading.source}: no row has a label. Give the names of the labels: labels: [...].`,
    );
  }
  const { indices, labelNames, notes } = indexLabels(flat, { ...reading, least: 1 });
  const labels = new Float32Array(lists.length * labelNames.length);
  const twice: number[] = [];
  let next = 0;
  lists.forEach(({ list, row }, example) => {
    for (const _ of list) {
      const cell = example * labelNames.length + (indices[next++] as number);
      if (labels[cell] === 1 && twice.at(-1) !== row) twice.push(row);
      labels[cell] = 1;
    }
  });
  const told = twice.length === 0 ? [] : [`A label stands twice in the list of ${listedRows(twice)}; it counts once.`];
  return { labels, labelNames, problemType: "multi_label_classification", notes: [...notes, ...told] };
}

/**
 * Reads the labels out of a column of 0 and 1 for each label: `values` hold one list per row, in the order of
 * `columns`. Throws `BAD_DATA`.
 */
export function labelColumns(
  values: readonly LabelValue[],
  columns: readonly string[],
  { names, source }: LabelReading,
): LabelledContent {
  if (names !== undefined && names.length !== columns.length) {
    throw new ThawError(
      "BAD_DATA",
      `${source}: labels gives ${names.length} names (${listed(names)}) for ${columns.length} columns (${listed(columns)}). Give one for ` +
        "each column, or leave labels out: then the columns' own names are taken.",
    );
  }
  const cells = values.flatMap(({ value, row }) =>
    (value as readonly unknown[]).map((cell, i) => {
      const number = bit(cell);
      if (number !== undefined) return number;
      throw new ThawError(
        "BAD_DATA",
        `${source}: column "${columns[i]}" in row ${row} has ${shown(cell)}; a column for each label holds 0 or 1. ` +
          'Correct the row; for columns of numbers use problemType: "regression".',
      );
    }),
  );
  return {
    labels: Float32Array.from(cells),
    labelNames: names ?? columns,
    problemType: "multi_label_classification",
    notes: [],
  };
}

/**
 * Parses values whose texts are lists as Python and pandas write them, such as `"['joy', 'trust']"`, `"[0, 1, 0]"` or
 * NumPy's `"[0 1 0]"`; other values stay as they are. Throws `BAD_DATA` where only some are lists.
 */
export function readWrittenLists(values: readonly LabelValue[], source: string): readonly LabelValue[] {
  const isWritten = (value: unknown): value is string =>
    typeof value === "string" && /^\s*[[({].*[\])}]\s*$/s.test(value);
  if (!values.some(({ value }) => isWritten(value))) return values;
  const lists = values.map(({ value, row }) => ({ row, value: isWritten(value) ? parseList(value) : undefined }));
  const others = values.filter((_, i) => lists[i]?.value === undefined);
  if (others.length === values.length) return values;
  if (others.length === 0) return lists;
  throw new ThawError(
    "BAD_DATA",
    `${source}: the labels are lists but for ${shown(others[0]?.value)} (${listedRows(others.map(({ row }) => row))}). ` +
      "Write a list in every row, [] for none; if the texts are names as they stand, use " +
      'problemType: "single_label_classification".',
  );
}

/** One item of a written list: a quoted text, or a bare word. */
const item = /\s*(?:'((?:[^'\\]|\\.)*)'|"((?:[^"\\]|\\.)*)"|([^\s,'"[\](){}]+))\s*(,|$)?/suy;

/** Parses a list as Python or JSON writes it; undefined where the text is no such list. */
function parseList(text: string): unknown[] | undefined {
  const inner = text.trim().slice(1, -1).trim();
  const items: unknown[] = [];
  for (item.lastIndex = 0; item.lastIndex < inner.length; ) {
    const [, single, double, bare] = item.exec(inner) ?? [];
    const quoted = single ?? double;
    const value = quoted === undefined ? bareValue(bare) : unescaped(quoted);
    if (value === undefined) return undefined;
    items.push(value);
  }
  return items;
}

function bareValue(word: string | undefined): unknown {
  if (word === undefined) return undefined;
  if (/^true$/i.test(word)) return true;
  if (/^false$/i.test(word)) return false;
  const number = Number(word);
  return Number.isFinite(number) ? number : undefined;
}

const escapes: Readonly<Record<string, string>> = { n: "\n", t: "\t", r: "\r" };

function unescaped(text: string): string {
  return text.replace(/\\(?:x([\da-f]{2})|u([\da-f]{4})|(.))/gis, (_, byte?: string, unit?: string, other = "") => {
    const code = byte ?? unit;
    return code === undefined ? (escapes[other] ?? other) : String.fromCharCode(Number.parseInt(code, 16));
  });
}
