/** From what a file calls its labels to label indices. */
import { ThawError } from "../errors.ts";

/** Above this, a whole number is hardly a label index but an id or a rating that was taken for one. */
const maxLabelIndex = 999;

export interface IndexedLabels {
  readonly labels: Int32Array;
  readonly labelNames: readonly string[];
}

/** One value of the label column and the row it stands in, counted from 1. */
export interface LabelValue {
  readonly value: unknown;
  readonly row: number;
}

/**
 * With `names`: a value is one of the names, or an index into them. Without: whole numbers are indices and name
 * themselves; any other text is a name, and the names are sorted. `source` is named in messages; `least` is how many labels
 * there have to be. Errors: `BAD_DATA`.
 */
export function indexLabels(
  values: readonly LabelValue[],
  names: readonly string[] | undefined,
  source: string,
  least = 2,
): IndexedLabels {
  const texts = values.map(({ value, row }) => checkedLabel(value, row, source));
  if (names !== undefined) {
    if (names.length < least || new Set(names).size < names.length) {
      throw new ThawError(
        "BAD_DATA",
        `${source}: the option labels needs ${least === 1 ? "one name" : "two names"} or more, each once; got ${names.join(", ")}.`,
      );
    }
    const labels = texts.map((text, i) => indexInto(names, text, values[i]?.row ?? 0, source));
    return { labels: Int32Array.from(labels), labelNames: [...names] };
  }
  const distinct = [...new Set(texts)];
  if (distinct.length < least) {
    throw new ThawError(
      "BAD_DATA",
      `${source}: all ${texts.length} rows have the label ${JSON.stringify(distinct[0])}; a classifier needs two labels. ` +
        'If that is meant (a test set), give all the names: labels: ["negative", "positive"].',
    );
  }
  refuseFractions(distinct, texts, values, source);
  const labelNames = distinct.every(isInteger) ? indexNames(texts, values, source) : distinct.sort();
  const index = new Map(labelNames.map((name, i) => [name, i]));
  return { labels: Int32Array.from(texts, (text) => index.get(text) ?? -1), labelNames };
}

function checkedLabel(value: unknown, row: number, source: string): string {
  const fail = (what: string): never => {
    throw new ThawError(
      "BAD_DATA",
      `${source}: row ${row} has ${what}. Correct the row, or leave it out by a label function that returns undefined.`,
    );
  };
  if (value === undefined || value === null || value === "") return fail("no label");
  if (typeof value === "string") return value.trim() === "NaN" ? fail("the label NaN") : value;
  if (typeof value === "boolean") return String(value);
  if (typeof value !== "number")
    return fail(
      Array.isArray(value)
        ? 'a list of labels (any number of labels a text is problemType: "multi_label_classification")'
        : `a label of type ${typeof value}`,
    );
  if (!Number.isSafeInteger(value)) return fail(`the label ${value}, ${fraction}`);
  return String(value);
}

const fraction = 'which is no whole number (a numeric target is problemType: "regression")';

/** In a CSV file a rating is text: 3.5 would be the name of a label, one of as many as there are ratings. */
function refuseFractions(
  distinct: readonly string[],
  texts: readonly string[],
  values: readonly LabelValue[],
  source: string,
): void {
  if (!distinct.every((text) => text.trim() !== "" && Number.isFinite(Number(text)))) return;
  const row = texts.findIndex((text) => !Number.isInteger(Number(text)));
  if (row < 0) return;
  throw new ThawError(
    "BAD_DATA",
    `${source}: row ${values[row]?.row} has the label ${texts[row]}, ${fraction}. If these are names, give all of them: labels: [...].`,
  );
}

const isInteger = (text: string): boolean => /^(?:0|-?[1-9]\d*)$/.test(text);

function indexInto(names: readonly string[], text: string, row: number, source: string): number {
  const named = names.indexOf(text);
  if (named >= 0) return named;
  const index = isInteger(text) ? Number(text) : -1;
  if (index >= 0 && index < names.length) return index;
  throw new ThawError(
    "BAD_DATA",
    `${source}: row ${row} has the label ${JSON.stringify(text)}, which is neither one of ${names.join(", ")} nor an index from 0 to ` +
      `${names.length - 1}. Correct the row or the option labels.`,
  );
}

function indexNames(texts: readonly string[], values: readonly LabelValue[], source: string): string[] {
  const outside = texts.findIndex((text) => Number(text) < 0 || Number(text) > maxLabelIndex);
  if (outside >= 0) {
    throw new ThawError(
      "BAD_DATA",
      `${source}: row ${values[outside]?.row} has the label ${texts[outside]}, outside the range 0 to ${maxLabelIndex}. ` +
        'Turn it into a name: label: (row) => (Number(row.label) > 0 ? "positive" : "negative").',
    );
  }
  const highest = texts.reduce((max, text) => Math.max(max, Number(text)), 0);
  return Array.from({ length: highest + 1 }, (_, i) => String(i));
}
