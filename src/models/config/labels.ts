/** The labels of a classifier: how many, what they are called, and whether two lists of names mean the same labels. */
import { ThawError } from "../../errors.ts";
import { badConfig, type ConfigSource, type JsonObject, type ProblemType, problemTypes } from "./config.ts";

/** How the labels of a model are named. */
export interface LabelOptions {
  /** Outputs of the head. Default: as many as `id2label` has, else what the model's config says (2 where it says nothing). */
  readonly numLabels?: number;
  /**
   * Names of the labels: a list in order, or an object by index, `{ 0: "negative", 1: "positive" }`. Default: the config's
   * where the number is the same, else `LABEL_0`, `LABEL_1`, ...
   */
  readonly id2label?: readonly string[] | Readonly<Record<number, string>>;
  /** The indices of the labels by name, `{ negative: 0, positive: 1 }`, in place of `id2label`. */
  readonly label2id?: Readonly<Record<string, number>>;
  /**
   * "single_label_classification", "multi_label_classification" (any number of labels per example) or "regression".
   * Default: the config's where the number of labels is the same; else for one label "regression", and for more what the
   * data is that it is first trained on: lists of labels are several labels per example, all else one.
   */
  readonly problemType?: ProblemType;
}

/** The labels of a config once the options are taken in. */
interface ResolvedLabels {
  readonly names: readonly string[];
  /** Undefined where neither the config nor the options say it. */
  readonly problemType: ProblemType | undefined;
}

/** The most labels that a model may have: more are an index or a size that was taken for a number of labels. */
const maxLabels = 100_000;
const pythonInteger = /^\s*([+-]?\d+(?:_\d+)*)\s*$/;

/**
 * Resolves the labels of a config with these options. The file's own are read as Python reads them, and need not be
 * readable where the options name all of them. Throws `BAD_CONFIG` for the file, `BAD_LABEL` for the options.
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
  /** Where they come from: a plain list of texts by index, an `id2label` that is more or less than that, or nowhere. */
  readonly source: "plain" | "odd" | "none";
  /** A sentence where an output has no name. */
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
  if (typeof id2label !== "object" || Array.isArray(id2label)) {
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
 * Makes the label keys that a config is saved with. Python reads from them what it read from the file, whose own stand
 * where nothing was changed and they are more than a list of texts.
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

const isObject = (value: unknown): value is JsonObject =>
  typeof value === "object" && value !== null && !Array.isArray(value);

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

/** A comparison of two lists of label names. Where both indices are absent the lists mean the same. */
interface LabelMatch {
  /** The first index whose name is not among the known ones. */
  readonly unknown?: number;
  /** The first index whose name stands at another index among the known ones. */
  readonly moved?: number;
  /** The known order, with every name that was found spelt as in the first place. */
  readonly inOrder: readonly string[];
}

/**
 * Compares names of labels, index by index. Upper and lower case, spaces, `_` and `-` make no difference, and a name that only
 * says its index (`1`, `LABEL_1`) fits every name that is no number itself.
 */
export function matchLabels(names: readonly string[], known: readonly string[]): LabelMatch {
  const exactly = firstPlaces(known);
  const spelt = firstPlaces(known.map(plain));
  /** Where a name stands among the known ones; -1: nowhere. */
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

/** Whether a name says nothing but its index, as `transformers` writes it for want of a name. */
const saysIndex = (name: string, index: number): boolean => name === String(index) || plain(name) === `label ${index}`;

/** Whether no label has a name that says more than its index. */
export const areNameless = (names: readonly string[]): boolean => names.every(saysIndex);
