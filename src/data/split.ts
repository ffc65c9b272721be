/** Splits a data set into disjoint parts, each with its share of every label. */
import { formatPercent } from "../display/numbers.ts";
import { ThawError } from "../errors.ts";
import { type OptionNames, refuseUnknown } from "../options.ts";
import type { Labels, ProblemType } from "../task/task.ts";
import { shuffled } from "../tensor/random.ts";
import { shown } from "./rows.ts";

/** The size of a part: a fraction of all examples if below 1, else a number of examples. */
export type PartSize = number;

/** Options of `split`: how large its parts are, and its seed. */
export interface SplitOptions {
  /** Size of the training part. Default: the examples not in the other parts. */
  readonly train?: PartSize;
  /** Size of the validation part, on which each epoch is evaluated. Default: 0. */
  readonly validation?: PartSize;
  /** Size of the test part, to be evaluated once at the end. Default: 0. */
  readonly test?: PartSize;
  /** Seed of the split: the same seed gives the same split. Default: 0. */
  readonly seed?: number;
}

const names: OptionNames<SplitOptions> = { validation: true, test: true, train: true, seed: true };
const ofSklearn = {
  trainSize: "train",
  testSize: "test (or validation)",
  validationSize: "validation",
  validationSplit: "validation",
  valSize: "validation",
  randomState: "seed",
  ...Object.fromEntries(["val", "valid", "dev", "eval"].map((name) => [name, "validation"])),
  shuffle: "not needed: every split is drawn at random by its seed",
  stratify: "not needed: every part has its share of each label",
  stratifyByColumn: "not needed: every part has its share of each label",
};

/** The number of examples of each part. */
export interface PartSizes {
  readonly train: number;
  readonly validation: number;
  readonly test: number;
}

/** Largest difference from 1 that rounding causes in a sum of fractions. */
const tolerance = 1e-9;

/**
 * Computes how many of `total` examples each part gets: fractions rounded to the nearest number, `test` first and
 * `train` last, so that shares which add up to 1 give every example to one part, none of them more than one example off
 * its share. Throws `BAD_SPLIT` and `BAD_ARGUMENT`.
 */
export function partSizes(options: SplitOptions, total: number): PartSizes {
  if (
    typeof options !== "object" ||
    options === null ||
    ["train", "validation", "test"].every((part) => !(part in options))
  ) {
    refuseUnknown(options ?? {}, names, { kind: "option of split", elsewhere: ofSklearn });
    throw new ThawError(
      "BAD_ARGUMENT",
      "A split needs the size of a part by its name: split({ validation: 0.2 }), for example.",
    );
  }
  refuseUnknown(options, names, { kind: "option of split", elsewhere: ofSklearn });
  const { train, validation = 0, test = 0 } = options;
  const given = Object.entries({ train, validation, test }).flatMap(([part, size]) =>
    size === undefined ? [] : [{ part, size }],
  );
  const counts = given.map(({ part, size }) => countOf(size, total, part));
  const shares = given.map(({ size }) => (size < 1 ? size : size / total));
  const asked = shares.reduce((sum, share) => sum + share, 0);
  if (asked > 1 + tolerance) {
    const sum = counts.reduce((a, b) => a + b, 0);
    throw new ThawError(
      "BAD_SPLIT",
      given.some(({ size }) => size > 0 && size < 1)
        ? `The parts ask for ${formatPercent(asked)} of the examples (${given.flatMap(({ part, size }) => (size > 0 ? [`${part} ${size}`] : [])).join(", ")}). Ask for ` +
            "1 in all, or less."
        : `The parts ask for ${sum} examples, but there are ${total}. Ask for fewer.`,
    );
  }
  const testCount = Math.min(countOf(test, total, "test"), total);
  const validationCount = Math.min(countOf(validation, total, "validation"), total - testCount);
  const rest = total - testCount - validationCount;
  const isAll = train === undefined || (train < 1 && asked > 1 - tolerance);
  return {
    train: isAll ? rest : Math.min(countOf(train, total, "train"), rest),
    validation: validationCount,
    test: testCount,
  };
}

/** Computes the number of examples that a size means. Throws `BAD_SPLIT`. */
export function countOf(size: PartSize, total: number, part: string): number {
  const isNumber = typeof size === "number";
  if (isNumber && size >= 0 && size < 1) return Math.round(size * total);
  if (isNumber && Number.isSafeInteger(size) && size >= 1) return size;
  throw new ThawError(
    "BAD_SPLIT",
    `The size of ${part} must be a fraction from 0 to below 1 or a whole number of examples, got ${shown(size)}. Write ${part}: 0.2 for a fifth of them.`,
  );
}

/** The labels of a data set as its constructor takes them. */
interface Labelled {
  readonly length: number;
  readonly labels: Labels;
  readonly labelNames: readonly string[];
  readonly problemType: ProblemType;
}

/**
 * Draws disjoint sets of places in the data set, each of one of the sizes and in ascending order, with every stratum's
 * share (largest remainders). Earlier sets do not depend on the sizes of later ones. Throws `BAD_SPLIT`.
 */
export function stratified(data: Labelled, sizes: readonly number[], seed: number, stream: string): Uint32Array[] {
  const wanted = sizes.reduce((sum, size) => sum + size, 0);
  if (wanted > data.length) {
    throw new ThawError(
      "BAD_SPLIT",
      `The parts ask for ${wanted} examples, but there are ${data.length}. Ask for fewer.`,
    );
  }
  if (typeof seed !== "number")
    throw new ThawError("BAD_SEED", `A seed is a whole number, got ${shown(seed)}. Use seed: 0.`);
  let pools = poolsOf(strataOf(data), seed, stream);
  return sizes.map((size) => {
    const counts = sharesOf(
      size,
      pools.map((pool) => pool.length),
    );
    const places = pools.flatMap((pool, stratum) => pool.slice(0, counts[stratum]));
    pools = pools.map((pool, stratum) => pool.slice(counts[stratum]));
    return Uint32Array.from(places).sort();
  });
}

/** Lists the places of each stratum, in random order. */
function poolsOf({ groups, count }: Strata, seed: number, stream: string): number[][] {
  const pools: number[][] = Array.from({ length: count }, () => []);
  groups.forEach((group, place) => {
    pools[group]?.push(place);
  });
  return pools.map((pool, group) =>
    Array.from(shuffled(pool.length, seed, `${stream}/${group}`), (place) => pool[place] as number),
  );
}

/** Divides `size` in proportion to `available`, in whole numbers, the largest remainders rounded up. */
function sharesOf(size: number, available: readonly number[]): number[] {
  const total = available.reduce((sum, count) => sum + count, 0);
  const exact = available.map((count) => (total === 0 ? 0 : (size * count) / total));
  const shares = exact.map(Math.floor);
  const byRemainder = [...exact.keys()].sort((a, b) => ((exact[b] ?? 0) % 1) - ((exact[a] ?? 0) % 1) || a - b);
  const left = size - shares.reduce((sum, share) => sum + share, 0);
  for (const i of byRemainder.slice(0, left)) shares[i] = (shares[i] ?? 0) + 1;
  return shares;
}

/** The group that each example belongs to, and how many groups there are. */
interface Strata {
  readonly groups: Int32Array;
  readonly count: number;
}

/** Examples that a set of labels needs to be a group of its own. */
const smallestSet = 10;
/** Examples of a quantile at least, and quantiles at most. */
const smallestQuantile = 5;
const quantiles = 10;

/**
 * Groups the examples into strata. One label per example: its label. Several: its set of labels, but a set of fewer
 * than 10 examples joins the others of its rarest label. Regression: the tenth of the first target (fewer where a tenth
 * would be fewer than 5 examples). Without labels: one group.
 */
function strataOf({ labels, labelNames, problemType, length }: Labelled): Strata {
  if (labelNames.length === 0) return { groups: new Int32Array(length), count: 1 };
  switch (problemType) {
    case "single_label_classification":
      return { groups: Int32Array.from(labels), count: labelNames.length };
    case "multi_label_classification":
      return labelSetStrata(labels, labelNames.length);
    case "regression":
      return quantileStrata(Float32Array.from(labels).filter((_, cell) => cell % labelNames.length === 0));
  }
}

function labelSetStrata(cells: ArrayLike<number>, labelCount: number): Strata {
  const sets = Array.from({ length: cells.length / labelCount }, (_, example) =>
    Array.from({ length: labelCount }, (_, label) => label).filter(
      (label) => cells[example * labelCount + label] === 1,
    ),
  );
  const frequency = new Array<number>(labelCount).fill(0);
  for (const label of sets.flat()) frequency[label] = (frequency[label] as number) + 1;
  const sizes = new Map<string, number>();
  for (const set of sets) sizes.set(set.join(), (sizes.get(set.join()) ?? 0) + 1);
  const rarest = (set: readonly number[]) =>
    set.reduce((least, label) => ((frequency[label] as number) < (frequency[least] as number) ? label : least));
  return numbered(
    sets.map((set) =>
      set.length === 0 || (sizes.get(set.join()) as number) >= smallestSet
        ? `set ${set.join()}`
        : `with ${rarest(set)}`,
    ),
  );
}

/** Groups targets by quantile; equal targets are in the same group. */
function quantileStrata(targets: Float32Array): Strata {
  const sorted = targets.slice().sort();
  const count = Math.max(1, Math.min(quantiles, Math.floor(targets.length / smallestQuantile)));
  const rankOf = new Map<number, number>();
  sorted.forEach((target, rank) => {
    if (!rankOf.has(target)) rankOf.set(target, rank);
  });
  const groups = Int32Array.from(targets, (target) =>
    Math.floor(((rankOf.get(target) as number) * count) / targets.length),
  );
  return { groups, count };
}

/** Numbers groups in the order of their names, so that the order of the examples does not matter. */
function numbered(groupNames: readonly string[]): Strata {
  const index = new Map([...new Set(groupNames)].sort().map((name, i) => [name, i]));
  return { groups: Int32Array.from(groupNames, (name) => index.get(name) as number), count: index.size };
}
