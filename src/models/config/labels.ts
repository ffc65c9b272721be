/** The labels of a classifier: their number, their names, and whether two lists of names mean the same labels. */
import { ThawError } from "../../errors.ts";
import { isObject } from "../../platform/foreignFile.ts";
import { type ProblemType, problemTypes } from "../../task/task.ts";
import { badConfig, type ConfigSource, type JsonObject } from "./config.ts";

/** Options for the number, names and problem type of a model's labels. */
export interface LabelOptions {
  /**
   * Number of outputs of the head. Default: the number of names in `id2label`, else the model config's number (2 if it
   * has none).
   */
  readonly numLabels?: number;
  /**
   * Names of the labels: a list in order, or an object by index, `{ 0: "negative", 1: "positive" }`. Default: the
   * config's names if their number is the same, else `LABEL_0`, `LABEL_1`, ...
   */
  readonly id2label?: readonly string[] | Readonly<Record<number, string>>;
  /** The indices of the labels by name, `{ negative: 0, positive: 1 }`, in place of `id2label`. */
  readonly label2id?: Readonly<Record<string, number>>;
  /**
   * "single_label_classification", "multi_label_classification" (any number of labels per example) or "regression".
   * Default: the config's if the number of labels is the same; else "regression" for one label, and for more the type
   * of the first training data: "multi_label_classification" if its labels are lists, else
   * "single_label_classification".
   */
  readonly problemType?: ProblemType;
}

/** The labels of a config after applying the options. */
interface ResolvedLabels {
  readonly names: readonly string[];
  /** The problem type; undefined if neither the config nor the options set it. */
  readonly problemType: ProblemType | undefined;
}

/** The largest number of labels of a model. A larger number is most likely an index or a size mistaken for it. */
const maxLabels = 100_000;
const pythonInteger = /^\s*([+-]?\d+(?:_\d+)*)\s*$/;

/**
 * Resolves the labels of a config with these options. The config's own labels are read as Python reads them; they may
 * be unreadable if the options name all labels. Throws `BAD_CONFIG` for the file, `BAD_LABEL` for the options.
 */
export function resolveLabels(source: ConfigSource, options: LabelOptions = {}): ResolvedLabels {
  const asked = askedNames(options);
  let inFile: readonly string[] | undefined;
  try {
    inFile = labelsInFile(source).names;
  } catch (error) {
    if (asked === undefined && options.numLabels === undefined) throw error;
  }
  const count = checkedCount(options.numLabels ?? asked?.length ?? inFile?.length ?? 2);
  if (asked !== undefined && asked.length !== count) {
    throw new ThawError(
      "BAD_LABEL",
      `numLabels is ${count}, but there are ${asked.length} names: ${asked.join(", ")}.`,
    );
  }
  const names = asked ?? (inFile?.length === count ? inFile : placeholders(count));
  const isSameCount = inFile === undefined || inFile.length === count;
  const typeInFile = isSameCount ? problemTypeInFile(source, count) : undefined;
  return { names, problemType: checkedType(options.problemType, count) ?? typeInFile };
}

/** Names labels that have no names as `transformers` does. */
const placeholders = (count: number): string[] => Array.from({ length: count }, (_, i) => `LABEL_${i}`);

interface FileLabels {
  readonly names: readonly string[];
  /** Source of the names: a plain `id2label` with one string per index, an irregular one ("odd"), or none. */
  readonly source: "plain" | "odd" | "none";
  /** Sentence for the user if an output has no name. */
  readonly notice?: string;
}

/**
 * Reads the labels of a file as `PreTrainedConfig` of transformers 5.23 does: names of any type, under keys that Python's
 * `int` takes; as many outputs as there are keys, whichever these are; `num_labels` wins where it is another number, and
 * takes the names away.
 */
export function labelsInFile({ json, file }: ConfigSource): FileLabels {
  const { id2label = null, num_labels: count = null } = json;
  if (count !== null && !(Number.isInteger(count) && (count as number) >= 1 && (count as number) <= maxLabels)) {
    throw odd(file, `"num_labels" is ${JSON.stringify(count)}; it must be an integer from 1 to ${maxLabels}.`);
  }
  if (id2label === null) return { names: placeholders((count as number | null) ?? 2), source: "none" };
  if (!isObject(id2label)) {
    throw odd(
      file,
      `"id2label" is ${excerpt(id2label)}; it must be an object such as {"0": "negative", "1": "positive"}.`,
    );
  }
  const byIndex = new Map<number, unknown>();
  for (const [key, name] of Object.entries(id2label)) {
    const digits = pythonInteger.exec(key)?.[1];
    if (digits === undefined)
      throw odd(file, `"id2label" has the key ${JSON.stringify(key)}, which is no whole number.`);
    const index = Number(digits.replaceAll("_", ""));
    if (byIndex.has(index)) throw odd(file, `"id2label" names label ${index} twice.`);
    byIndex.set(index, name);
  }
  const outputs = (count as number | null) ?? byIndex.size;
  if (outputs < 1 || outputs > maxLabels) {
    throw odd(file, `"id2label" has ${outputs} entries; there must be 1 to ${maxLabels}.`);
  }
  if (outputs !== byIndex.size) return { names: placeholders(outputs), source: "none" };
  const names = placeholders(outputs).map((placeholder, i) => (byIndex.has(i) ? textOf(byIndex.get(i)) : placeholder));
  const isText = [...byIndex.values()].every((name) => typeof name === "string");
  const nameless = names.findIndex((_, i) => !byIndex.has(i));
  if (nameless < 0) return { names, source: isText ? "plain" : "odd" };
  const notice =
    `${file}: "id2label" names ${[...byIndex.keys()].join(", ")}, but the outputs of the model are 0 to ${outputs - 1}: ` +
    `output ${nameless} is called ${names[nameless]}. Give id2label to fromPretrained if you know what it is.`;
  return { names, source: "odd", notice };
}

const textOf = (name: unknown): string => (typeof name === "string" ? name : JSON.stringify(name));

const excerpt = (value: unknown): string => JSON.stringify(value).slice(0, 80);

function odd(file: string, what: string): ThawError {
  return badConfig(file, `${what} Correct it, or give id2label or numLabels to fromPretrained.`);
}

/**
 * Makes the label keys that a config is saved with. Python reads the same labels from them as from the original file.
 * The file's own entries are kept if the names are unchanged and the entries are not a plain list of strings.
 */
export function labelKeys(raw: JsonObject, names: readonly string[]): JsonObject {
  const plain = {
    id2label: Object.fromEntries(names.map((name, index) => [String(index), name])),
    label2id: Object.fromEntries(names.map((name, index) => [name, index])),
  };
  const inFile = attempt(() => labelsInFile({ json: raw, file: "config.json" }));
  const { id2label, label2id } = raw;
  if (inFile === undefined || inFile.source === "none" || !areSame(inFile.names, names)) return plain;
  if (inFile.source === "plain") return { ...plain, ...(isObject(label2id) ? { label2id } : {}) };
  return { id2label, ...(label2id === undefined ? {} : { label2id }) };
}

const areSame = (a: readonly string[], b: readonly string[]): boolean => JSON.stringify(a) === JSON.stringify(b);

function attempt<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch {
    return undefined;
  }
}

/** Reads the label names that options give, in order; undefined where they give none. */
export function askedNames({ id2label, label2id }: Pick<LabelOptions, "id2label" | "label2id">): string[] | undefined {
  const byIndex = id2label === undefined ? undefined : listOf("id2label", Object.entries(id2label ?? {}));
  const byName =
    label2id === undefined
      ? undefined
      : listOf(
          "label2id",
          Object.entries(label2id ?? {}).map(([name, index]) => [String(index), name]),
        );
  if (byIndex !== undefined && byName !== undefined && !areSame(byIndex, byName)) {
    throw new ThawError(
      "BAD_LABEL",
      `id2label says ${byIndex.join(", ")} and label2id ${byName.join(", ")}: give one of them.`,
    );
  }
  return byIndex ?? byName;
}

function listOf(option: string, entries: readonly (readonly [string, unknown])[]): string[] {
  const refuse = (what: string): never => {
    throw new ThawError(
      "BAD_LABEL",
      `${option} ${what}. Write id2label: ["negative", "positive"] with a different name for each label, from index 0 on.`,
    );
  };
  if (entries.length > maxLabels) refuse(`has ${entries.length} names; at most ${maxLabels} are possible`);
  const byIndex = new Map(entries);
  if (byIndex.size !== entries.length) refuse("gives two labels one index");
  const names = entries.map((_, index) => {
    const name = byIndex.has(String(index)) ? byIndex.get(String(index)) : refuse(`has no name for label ${index}`);
    if (typeof name !== "string" && typeof name !== "number") refuse(`calls label ${index} ${JSON.stringify(name)}`);
    return String(name);
  });
  const seen = new Set<string>();
  for (const name of names) {
    if (seen.has(name)) refuse(`has the name ${JSON.stringify(name)} twice`);
    seen.add(name);
  }
  return names;
}

function checkedCount(count: number): number {
  if (Number.isInteger(count) && count >= 1 && count <= maxLabels) return count;
  throw new ThawError(
    "BAD_LABEL",
    `A model has 1 to ${maxLabels} labels, got ${JSON.stringify(count)}: set numLabels to how many there are, as a number.`,
  );
}

function checkedType(problemType: ProblemType | undefined, count: number): ProblemType | undefined {
  if (problemType !== undefined && !problemTypes.includes(problemType)) {
    throw new ThawError("BAD_LABEL", `problemType is "${problemType}"; known are ${problemTypes.join(", ")}.`);
  }
  if (problemType !== "single_label_classification" || count > 1) return problemType;
  throw new ThawError(
    "BAD_LABEL",
    'One label an example needs 2 labels or more, got 1: set numLabels: 2, or problemType: "regression" for a number.',
  );
}

function problemTypeInFile({ json, file }: ConfigSource, count: number): ProblemType | undefined {
  const value = json.problem_type ?? null;
  if (value === null) return undefined;
  const known = problemTypes.find((type) => type === value);
  if (known === undefined) {
    throw badConfig(file, `"problem_type" is ${JSON.stringify(value)}, must be one of ${problemTypes.join(", ")}.`);
  }
  if (known === "single_label_classification" && count === 1) {
    throw badConfig(file, `"problem_type" single_label_classification needs 2 labels or more: use 2, or "regression".`);
  }
  return known;
}

/** Result of comparing two lists of label names. If both indices are absent, the lists mean the same labels. */
interface LabelMatch {
  /** The first index whose name is not among the known ones. */
  readonly unknown?: number;
  /** The first index whose name stands at another index among the known ones. */
  readonly moved?: number;
  /** The names in the known order, each in the spelling of the first list where it occurs there. */
  readonly inOrder: readonly string[];
}

/**
 * Compares names of labels, index by index. Upper and lower case, spaces, `_` and `-` make no difference, and a name that only
 * says its index (`1`, `LABEL_1`) fits every name that is no number itself.
 */
export function matchLabels(names: readonly string[], known: readonly string[]): LabelMatch {
  const exactly = firstPlaces(known);
  const spelt = firstPlaces(known.map(plain));
  /** Index of each name among the known names; -1 if it is not among them. */
  const places = names.map((name, index) => {
    if (known[index] === name) return index;
    const exact = exactly.get(name);
    if (exact !== undefined) return exact;
    return plain(known[index] ?? "") === plain(name) ? index : (spelt.get(plain(name)) ?? -1);
  });
  const isKnown = (place: number, index: number): boolean => {
    const [name, other] = [names[index] as string, known[index]];
    if (place >= 0 || other === undefined) return true;
    return !(isNumber(name) && isNumber(other)) && (saysIndex(name, index) || saysIndex(other, index));
  };
  const unknown = places.findIndex((place, index) => !isKnown(place, index));
  const moved = places.findIndex((place, index) => place >= 0 && place !== index);
  const indices = firstPlaces(places);
  return {
    ...(unknown < 0 ? {} : { unknown }),
    ...(moved < 0 ? {} : { moved }),
    inOrder: known.map((name, index) => names[indices.get(index) ?? -1] ?? name),
  };
}

function firstPlaces<T>(items: readonly T[]): Map<T, number> {
  return new Map([...items.entries()].reverse().map(([place, item]) => [item, place]));
}

const plain = (name: string): string =>
  name
    .normalize("NFKC")
    .toLowerCase()
    .replace(/[\s_-]+/g, " ")
    .trim();

const isNumber = (name: string): boolean => /^\d+$/.test(name);

/** Tells whether a name is only its index, like the `LABEL_1` of `transformers` for an unnamed label. */
const saysIndex = (name: string, index: number): boolean => name === String(index) || plain(name) === `label ${index}`;

/** Tells whether all names are only their indices. */
export const areNameless = (names: readonly string[]): boolean => names.every(saysIndex);
