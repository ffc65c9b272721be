/** Converts label values of a file to label indices, one label per value, and the values of a regression to numbers. */
import { closest } from "../../shared/closest.ts";
import { listed, listedRows } from "../display/listed.ts";
import { ThawError } from "../errors.ts";
import type { Labels, ProblemType } from "../task/task.ts";
import { rowFunction } from "./options.ts";
import { shown } from "./rows.ts";

/** One value of the label column and the number of its row. */
export interface LabelValue {
  readonly value: unknown;
  readonly row: number;
}

/** The labels of examples, the names of labels or outputs, and notes for the reader of the data. */
export interface LabelledContent {
  readonly labels: Labels;
  readonly labelNames: readonly string[];
  readonly problemType: ProblemType;
  readonly notes: readonly string[];
}

/** Options of reading labels, and information for error messages. */
export interface LabelReading {
  /** Names of the labels in the order of their indices, where they are given. */
  readonly names: readonly string[] | undefined;
  /** The data set's name, for messages. */
  readonly source: string;
  /** The column that the values stand in, for advice; undefined where a function makes them. */
  readonly column: string | undefined;
  /** Form of several labels in one cell: a list, or a text to be split. Default: one label per cell. */
  readonly several?: "list" | "text";
  /** Smallest number of labels. Default: 2. */
  readonly least?: number;
}

/** The highest label index. A larger integer is most likely an id or a rating. */
const maxLabelIndex = 999;

/** Texts that pandas reads as a missing value; "none" and "NONE" are labels. */
const missingNames = new Set(
  "#N/A,#N/A N/A,#NA,-1.#IND,-1.#QNAN,-NaN,-nan,1.#IND,1.#QNAN,<NA>,N/A,NA,NULL,NaN,None,n/a,nan,null".split(","),
);

/** Tells whether a text is what programs write for a value that is missing, such as "nan" or "NULL". */
export const looksMissing = (text: string): boolean => missingNames.has(text.trim());

/**
 * Finds the index of each value's label. With `names`: a value is one of the names, or an index into them. Without:
 * whole numbers from 0 on without a gap are indices and name themselves; any other text is a name, and the names are
 * sorted. Throws `BAD_DATA` for values that are missing, no labels, or ambiguous, with their rows.
 */
export function indexLabels(
  values: readonly LabelValue[],
  reading: LabelReading,
): { readonly indices: Int32Array; readonly labelNames: readonly string[]; readonly notes: readonly string[] } {
  const { names, source, least = 2 } = reading;
  if (names !== undefined && (names.length < least || new Set(names).size < names.length)) {
    throw new ThawError(
      "BAD_DATA",
      `${source}: the option labels needs ${least === 1 ? "one name" : "two names"} or more, each once; got ${names.join(", ")}.`,
    );
  }
  const found = spellings(values, reading);
  const wholes = [...found.keys()].every((label) => wholeNumber(label) !== undefined);
  const labels = names === undefined && wholes ? merged(found, (label) => String(wholeNumber(label))) : found;
  const notes = mergeNotes(labels);
  const indexOf = names === undefined ? indicesOf(labels, reading) : indicesInto(names, labels, source);
  const indices = new Int32Array(values.length);
  for (const [label, { places }] of labels) for (const place of places) indices[place] = indexOf.get(label) as number;
  return { indices, labelNames: names ?? [...indexOf.keys()], notes };
}

/** The values with one label: their indices in the list of values, their rows, and the rows with another spelling. */
interface Label {
  readonly places: number[];
  readonly rows: number[];
  readonly otherwise: { readonly spelling: string; readonly row: number }[];
}

/**
 * Collects the labels by name. Blanks and invisible characters around a name, and the form of its accents, do not make
 * another label.
 */
function spellings(values: readonly LabelValue[], reading: LabelReading): Map<string, Label> {
  const given = new Set(reading.names);
  const labels = new Map<string, Label>();
  const cleaned = new Map<string, string>();
  const problems = new Map<string, Problem>();
  values.forEach(({ value, row }, place) => {
    const spelling = typeof value === "string" ? value : labelText(value);
    const known = typeof spelling === "string" ? cleaned.get(spelling) : undefined;
    const name = known ?? (typeof spelling === "string" ? checkedName(spelling, given) : spelling);
    if (typeof spelling !== "string" || typeof name !== "string") {
      const problem = name as NotALabel;
      const rows = problems.get(problem.what)?.rows ?? [];
      problems.set(problem.what, { ...problem, rows });
      rows.push(row);
      return;
    }
    cleaned.set(spelling, name);
    const label = labels.get(name) ?? { places: [], rows: [], otherwise: [] };
    labels.set(name, label);
    label.places.push(place);
    label.rows.push(row);
    if (name !== spelling) label.otherwise.push({ spelling, row });
  });
  const [first] = problems.values();
  if (first !== undefined) throw notALabel(first, reading);
  return labels;
}

/** The reason why a value is not a label. */
interface NotALabel {
  /** Description of the value, such as "no label". */
  readonly what: string;
  /** Makes the condition under which such a cell can be left out, if that makes sense. */
  readonly without?: (cell: string) => string;
  /** Further advice, as a sentence. */
  readonly more?: string;
}

interface Problem extends NotALabel {
  readonly rows: number[];
}

function notALabel({ what, without, more = "", rows }: Problem, { source, column, several }: LabelReading): ThawError {
  const isIn = (cell: string) =>
    several === "list" ? `${cell}.some((label) => ${without?.("label")})` : without?.(cell);
  const leaveOut =
    column === undefined || without === undefined || several === "text"
      ? ""
      : `: ${rowFunction("label", column, (cell) => `(${isIn(cell)} ? undefined : ${cell})`)}`;
  return new ThawError(
    "BAD_DATA",
    `${source}: ${listedRows(rows)} ${have(rows)} ${what}. Correct the row, or leave it out by a label function that returns ` +
      `undefined${leaveOut}.${more}`,
  );
}

const have = (rows: readonly number[]): string => (rows.length === 1 ? "has" : "have");

function checkedName(spelling: string, given: ReadonlySet<string>): string | NotALabel {
  if (given.has(spelling)) return spelling;
  const name = cleanName(spelling);
  if (name === "") return { what: "no label", without: (cell) => `String(${cell}).trim() === ""` };
  if (!looksMissing(name) || given.has(name)) return name;
  return {
    what: `the label ${JSON.stringify(spelling)}, which stands for a missing value`,
    without: (cell) => `${cell} === ${JSON.stringify(spelling)}`,
    more: " If that is a label's name, give all names: labels: [...].",
  };
}

/** Names the label that a value other than a string is, or says what is wrong with it. */
function labelText(value: unknown): string | NotALabel {
  if (value === undefined || value === null) return { what: "no label", without: (cell) => `${cell} == null` };
  if (typeof value === "boolean" || typeof value === "bigint") return String(value);
  if (typeof value === "number") {
    if (Number.isNaN(value)) return { what: "the label NaN", without: (cell) => `Number.isNaN(${cell})` };
    return Number.isSafeInteger(value) ? String(value) : { what: `the label ${value}, ${fraction}` };
  }
  if (Array.isArray(value)) {
    return { what: 'a list of labels (any number of labels per example is problemType: "multi_label_classification")' };
  }
  if (value instanceof Promise) return { what: "a promise for a label (a label function may not be async)" };
  return { what: `a label of type ${typeof value}` };
}

const fraction = 'which is no whole number (a numeric target is problemType: "regression")';

/** Takes blanks and invisible characters off both ends of a name, and brings its accents into one form. */
function cleanName(spelling: string): string {
  const name = spelling.normalize("NFC");
  const isBlank = (place: number) => /[\s\p{Cf}]/u.test(name.charAt(place));
  let [start, end] = [0, name.length];
  while (start < end && isBlank(start)) start++;
  while (end > start && isBlank(end - 1)) end--;
  return name.slice(start, end);
}

/** Reads "1", "1.0", "+1" and "01" as 1; undefined for what is no whole number. */
function wholeNumber(text: string): number | undefined {
  if (!/^[-+]?\d+(?:\.0*)?(?:e\+?\d+)?$/i.test(text)) return undefined;
  const number = Number(text);
  return number === 0 ? 0 : number;
}

function merged(labels: ReadonlyMap<string, Label>, nameOf: (label: string) => string): Map<string, Label> {
  const result = new Map<string, Label>();
  for (const [spelling, label] of labels) {
    const name = nameOf(spelling);
    const into = result.get(name) ?? { places: [], rows: [], otherwise: [] };
    result.set(name, into);
    for (const place of label.places) into.places.push(place);
    for (const row of label.rows) into.rows.push(row);
    const otherwise = name === spelling ? label.otherwise : label.rows.map((row) => ({ spelling, row }));
    for (const each of otherwise) into.otherwise.push(each);
  }
  return result;
}

function mergeNotes(labels: ReadonlyMap<string, Label>): string[] {
  const [shown, rows] = [new Set<string>(), new Set<number>()];
  for (const [name, { otherwise }] of labels) {
    for (const { spelling, row } of otherwise) {
      shown.add(`${JSON.stringify(spelling)} as ${JSON.stringify(name)}`);
      rows.add(row);
    }
  }
  if (rows.size === 0) return [];
  return [
    `Labels are read without what does not belong to them: ${listed([...shown])} (${listedRows([...rows].sort((a, b) => a - b))}).`,
  ];
}

/**
 * Numbers the labels found in the data: the index of a whole number is the number itself, that of a name its position
 * among the sorted names.
 */
function indicesOf(labels: ReadonlyMap<string, Label>, reading: LabelReading): Map<string, number> {
  const { source, least = 2 } = reading;
  const distinct = [...labels.keys()];
  if (distinct.length < least) {
    const count = [...labels.values()].reduce((sum, { rows }) => sum + rows.length, 0);
    throw new ThawError(
      "BAD_DATA",
      `${source}: all ${count} rows have the label ${shown(distinct[0])}; a classifier needs two labels. ` +
        'If that is meant (a test set), give all the names: labels: ["negative", "positive"].',
    );
  }
  refuseFractions(labels, reading);
  refuseLookAlikes(labels, reading);
  const wholes = distinct.every((label) => wholeNumber(label) !== undefined);
  const names = wholes ? wholeNames(labels, source) : distinct.sort();
  return new Map(names.map((name, index) => [name, index]));
}

/** Refuses fractions: a rating such as 3.5 in a CSV file is text and would become a label of its own. */
function refuseFractions(labels: ReadonlyMap<string, Label>, { source, column }: LabelReading): void {
  const isNumber = (text: string) => /^[-+]?(?:\d+[.,]?\d*|[.,]\d+)(?:e[-+]?\d+)?$/i.test(text);
  const numbers = [...labels.keys()].filter(isNumber);
  const broken = numbers.find((text) => wholeNumber(text) === undefined);
  if (broken === undefined || numbers.length <= labels.size / 2) return;
  const rows = labels.get(broken)?.rows ?? [];
  const comma = broken.includes(",")
    ? ` A comma stands for the point there: add ${rowFunction("label", column, (cell) => `Number(String(${cell}).replace(",", "."))`)}.`
    : "";
  throw new ThawError(
    "BAD_DATA",
    `${source}: ${listedRows(rows)} ${have(rows)} the label ${broken}, ${fraction}.${comma} If these are names, give all of ` +
      "them: labels: [...].",
  );
}

/** Refuses labels that differ only in case, in blanks, or in the hyphens between their words. */
function refuseLookAlikes(labels: ReadonlyMap<string, Label>, { source, column, several }: LabelReading): void {
  const lower = (cell: string) =>
    several === "list" ? `${cell}.map((label) => String(label).toLowerCase())` : `String(${cell}).toLowerCase()`;
  const seen = new Map<string, string>();
  for (const [label, { rows }] of labels) {
    const like = lookOf(label);
    const other = seen.get(like);
    seen.set(like, other ?? label);
    if (other === undefined) continue;
    const all = [...labels.keys()].sort();
    throw new ThawError(
      "BAD_DATA",
      `${source}: ${shown(other)} (${listedRows(labels.get(other)?.rows ?? [])}) and ${shown(label)} (${listedRows(rows)}) look ` +
        `like one label spelt in two ways. Make them one in the file or by a label function, such as ` +
        `${rowFunction("label", column, lower)}; if they are two labels, give all names: labels: ${all.length <= 12 ? JSON.stringify(all) : "[...]"}.`,
    );
  }
}

function lookOf(label: string): string {
  const words = label
    .normalize("NFKC")
    .toLowerCase()
    .replace(/(?<=[\p{L}\p{N}])[\s_-]+(?=[\p{L}\p{N}])/gu, " ");
  return words.replace(/[\s\p{Cf}]+/gu, " ");
}

/**
 * Lists the names of labels that are whole numbers, "0" to the highest. Numbers with a gap are refused, because they
 * could be names or indices.
 */
function wholeNames(labels: ReadonlyMap<string, Label>, source: string): string[] {
  const numbers = [...labels.keys()].map(Number).sort((a, b) => a - b);
  const outside = numbers.find((number) => number < 0 || number > maxLabelIndex);
  if (outside !== undefined) {
    const rows = labels.get(String(outside))?.rows ?? [];
    throw new ThawError(
      "BAD_DATA",
      `${source}: ${listedRows(rows)} ${have(rows)} the label ${outside}, outside the range 0 to ${maxLabelIndex}. ` +
        'Turn it into a name: label: (row) => (Number(row.label) > 0 ? "positive" : "negative"). Rows without labels, which ' +
        "some files mark by -1, are read with label: false.",
    );
  }
  const highest = numbers.at(-1) as number;
  const all = Array.from({ length: highest + 1 }, (_, index) => String(index));
  if (numbers.length === all.length) return all;
  const names = numbers.map(String);
  const missing = all.filter((name) => !names.includes(name));
  const first = listedRows([...new Set(names.map((name) => labels.get(name)?.rows[0] as number))]);
  throw new ThawError(
    "BAD_DATA",
    `${source}: the labels are ${listed(names)} (first in ${first}), without ${listed(missing)}. Are they names, write labels: ` +
      `${JSON.stringify(names)} (${names.length} outputs); are they indices, of which some have no row here, write labels: ` +
      `${all.length <= 20 ? JSON.stringify(all) : `Array.from({ length: ${all.length} }, (_, i) => String(i))`} (${all.length} outputs).`,
  );
}

/** Finds each label among the given names: by name, or by index if the names are not numbers themselves. */
function indicesInto(
  names: readonly string[],
  labels: ReadonlyMap<string, Label>,
  source: string,
): Map<string, number> {
  const places = new Map(names.map((name, index) => [name, index]));
  for (const [index, name] of names.entries()) if (!places.has(cleanName(name))) places.set(cleanName(name), index);
  const areNumbers = names.some((name) => wholeNumber(name) !== undefined);
  const indices = new Map<string, number>();
  for (const [label, { rows }] of labels) {
    const number = wholeNumber(label);
    const byNumber = areNumbers ? places.get(String(number)) : number;
    const index = places.get(label) ?? byNumber;
    if (index !== undefined && index >= 0 && index < names.length) {
      indices.set(label, index);
      continue;
    }
    const near =
      names.find((name) => lookOf(name) === lookOf(label)) ?? (label.length > 2 ? closest(label, names) : undefined);
    const unlabelled =
      number === -1 ? " Rows without labels, which some files mark by -1, are read with label: false." : "";
    const hint = near === undefined ? unlabelled : ` Is ${JSON.stringify(near)} meant?`;
    const orIndex = areNumbers ? "" : ` nor an index from 0 to ${names.length - 1}`;
    throw new ThawError(
      "BAD_DATA",
      `${source}: ${listedRows(rows)} ${have(rows)} the label ${shown(label)}, which is neither one of ` +
        `${listed(names)}${orIndex}.${hint} Correct the row or the option labels.`,
    );
  }
  return indices;
}

/**
 * Reads the targets of a regression: a number for each value, or a list of as many as there are outputs. `names` are
 * those of the outputs. Throws `BAD_DATA` where a value is no number that float32 holds, or rows have different numbers
 * of them.
 */
export function readTargets(values: readonly LabelValue[], { names, source, column }: LabelReading): LabelledContent {
  const rows = values.map(({ value, row }) => {
    const numbers = (Array.isArray(value) ? value : [value]).map(numberOf);
    if (numbers.length > 0 && numbers.every((number) => Number.isFinite(Math.fround(number)))) return numbers;
    const isGerman = typeof value === "string" && /^\s*-?\d+,\d+\s*$/.test(value);
    const isHuge = numbers.every(Number.isFinite) && numbers.length > 0;
    throw new ThawError(
      "BAD_DATA",
      `${source}: the target in row ${row} is ${shown(value)}, which is no number${isHuge ? " that float32 holds" : ""}. ` +
        (isGerman
          ? `Where a comma stands for the point, write ${rowFunction("label", column, (cell) => `Number(String(${cell}).replace(",", "."))`)}.`
          : "Correct the row, or leave it out by a label function that returns undefined there."),
    );
  });
  const outputs = names?.length ?? rows[0]?.length ?? 1;
  const odd = rows.findIndex(({ length }) => length !== outputs);
  if (odd >= 0) {
    throw new ThawError(
      "BAD_DATA",
      `${source}: row ${values[odd]?.row} has ${rows[odd]?.length} targets, but there are ${outputs} outputs. Give every row as ` +
        "many.",
    );
  }
  const labelNames = names ?? Array.from({ length: outputs }, (_, i) => `LABEL_${i}`);
  return { labels: Float32Array.from(rows.flat()), labelNames, problemType: "regression", notes: [] };
}

function numberOf(value: unknown): number {
  if (typeof value === "string" && value.trim() !== "") return Number(value);
  return typeof value === "number" || typeof value === "bigint" ? Number(value) : Number.NaN;
}
