/** Groups of like rows, of which every part of a split gets its share. */
import type { LabelledContent } from "./targets.ts";

/** A group of each row, and how many groups there are. */
export interface Strata {
  readonly groups: Int32Array;
  readonly count: number;
}

/** Texts that a set of labels needs to be a group of its own. */
const smallestSet = 10;
/** Texts of a quantile at least, and quantiles at most. */
const smallestQuantile = 5;
const quantiles = 10;

/**
 * One label a text: its label. Several: its set of labels, but a set of fewer than 10 texts joins the others of its rarest
 * label. Regression: the tenth of the first target (fewer where a tenth would be fewer than 5 texts).
 */
export function strataOf({ labels, labelNames, problemType }: LabelledContent): Strata {
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
  const texts = cells.length / labelCount;
  const sets = Array.from({ length: texts }, (_, text) =>
    Array.from({ length: labelCount }, (_, label) => label).filter((label) => cells[text * labelCount + label] === 1),
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

/** Equal targets are in the same group. */
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

/** Groups numbered in the order of their names, so that the order of the rows does not matter. */
function numbered(names: readonly string[]): Strata {
  const index = new Map([...new Set(names)].sort().map((name, i) => [name, i]));
  return { groups: Int32Array.from(names, (name) => index.get(name) as number), count: index.size };
}
