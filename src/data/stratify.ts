/** Splits that keep the share of every group of rows. */
import { ThawError } from "../errors.ts";
import { shuffled } from "../rng/shuffle.ts";
import type { Strata } from "./strata.ts";

/** Below 1: a fraction of all rows. From 1 on: a number of rows. */
export type PartSize = number;

/** The number of rows that a size means. Errors: `BAD_SPLIT`. */
export function rowsOf(size: PartSize, total: number, part: string): number {
  if (size >= 0 && size < 1) return Math.round(size * total);
  if (Number.isSafeInteger(size) && size >= 1) return size;
  throw new ThawError(
    "BAD_SPLIT",
    `The size of ${part} must be a fraction from 0 to below 1 or a whole number of rows, got ${size}.`,
  );
}

/**
 * Disjoint sets of row indices of the given sizes, each in ascending order with every group's share (largest remainders).
 * Earlier sets do not depend on the sizes of later ones.
 */
export function stratifiedRows(
  { groups: labels, count: labelCount }: Strata,
  sizes: readonly number[],
  seed: number,
  stream: string,
): Uint32Array[] {
  const wanted = sizes.reduce((sum, size) => sum + size, 0);
  if (wanted > labels.length) {
    throw new ThawError(
      "BAD_SPLIT",
      `The parts ask for ${wanted} rows, but there are ${labels.length}. Ask for fewer.`,
    );
  }
  let pools = poolsByLabel(labels, labelCount, seed, stream);
  return sizes.map((size) => {
    const counts = sharesOf(
      size,
      pools.map((pool) => pool.length),
    );
    const rows = pools.flatMap((pool, label) => pool.slice(0, counts[label]));
    pools = pools.map((pool, label) => pool.slice(counts[label]));
    return Uint32Array.from(rows).sort();
  });
}

/** Rows of each label, each list in random order. */
function poolsByLabel(labels: Int32Array, labelCount: number, seed: number, stream: string): number[][] {
  const pools: number[][] = Array.from({ length: labelCount }, () => []);
  labels.forEach((label, row) => {
    pools[label]?.push(row);
  });
  return pools.map((pool, label) =>
    Array.from(shuffled(pool.length, seed, `${stream}/${label}`), (place) => pool[place] as number),
  );
}

/** `size` divided in proportion to `available`, in whole numbers, the largest remainders rounded up. */
function sharesOf(size: number, available: readonly number[]): number[] {
  const total = available.reduce((sum, count) => sum + count, 0);
  const exact = available.map((count) => (total === 0 ? 0 : (size * count) / total));
  const shares = exact.map(Math.floor);
  const byRemainder = [...exact.keys()].sort((a, b) => ((exact[b] ?? 0) % 1) - ((exact[a] ?? 0) % 1) || a - b);
  const left = size - shares.reduce((sum, share) => sum + share, 0);
  for (const i of byRemainder.slice(0, left)) shares[i] = (shares[i] ?? 0) + 1;
  return shares;
}
