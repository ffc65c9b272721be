/** Principal component analysis: the two directions in which points spread most, and the points in them. */
import { randomNormal } from "../tensor/random.ts";

/** The principal components of a set of vectors, and the places of the vectors on them. */
export interface PrincipalComponents {
  /** The coordinates of each point in the two directions, `[points][2]`; 0 in a direction that does not exist. */
  readonly points: readonly (readonly [number, number])[];
  /** The directions as unit vectors, `[2][width]`; their largest entry is positive, as in scikit-learn. */
  readonly components: readonly Float64Array[];
  /** The share of the variance in each direction, from 0 to 1. */
  readonly varianceRatio: readonly [number, number];
}

/** Directions that are iterated together: the more, the faster the first two are found. */
const blockSize = 8;
const mostRounds = 500;

/**
 * Projects `rows [points][width]` onto the first two eigenvectors of their covariance, in float64. The eigenvectors are
 * found by subspace iteration with a Rayleigh-Ritz step (Saad 2011, Numerical Methods for Large Eigenvalue Problems,
 * algorithm 5.3), from a fixed start: the same rows give the same bits.
 */
export function principalComponents(rows: readonly ArrayLike<number>[]): PrincipalComponents {
  const width = rows[0]?.length ?? 0;
  const centred = centre(rows, width);
  const total = centred.reduce((sum, row) => sum + dot(row, row), 0);
  const block = total === 0 ? [] : iterate(centred, width, total);
  const components = [0, 1].map((k) => signed(block[k]?.vector ?? new Float64Array(width)));
  const ratio = (k: number) => (total === 0 ? 0 : (block[k]?.value ?? 0) / total);
  return {
    points: centred.map((row) => [dot(row, components[0] as Float64Array), dot(row, components[1] as Float64Array)]),
    components,
    varianceRatio: [ratio(0), ratio(1)],
  };
}

function centre(rows: readonly ArrayLike<number>[], width: number): Float64Array[] {
  const mean = new Float64Array(width);
  for (const row of rows)
    for (let j = 0; j < width; j++) mean[j] = (mean[j] as number) + (row[j] as number) / rows.length;
  return rows.map((row) => Float64Array.from(row, (value, j) => value - (mean[j] as number)));
}

interface EigenPair {
  readonly value: number;
  readonly vector: Float64Array;
}

/** Finds the first eigenpairs of `rows^T rows`, the largest first; fewer than two where the rows span less. */
function iterate(rows: readonly Float64Array[], width: number, total: number): EigenPair[] {
  const count = Math.min(blockSize, width, rows.length);
  let basis = orthonormal(
    Array.from({ length: count }, (_, i) => Float64Array.from(randomNormal(0, `component ${i}`, width))),
  );
  let pairs: EigenPair[] = [];
  for (let round = 0; round < mostRounds; round++) {
    const images = basis.map((vector) => applied(rows, vector));
    const before = pairs;
    pairs = ritz(basis, images).filter(({ value }) => value > 1e-14 * total);
    const moved = pairs.slice(0, 2).map(({ vector }, k) => 1 - Math.abs(dot(vector, before[k]?.vector ?? vector)));
    if (round > 0 && before.length === pairs.length && moved.every((by) => by < 1e-15)) break;
    basis = orthonormal(images);
  }
  return pairs.slice(0, 2);
}

/** Computes `rows^T (rows vector)`. */
function applied(rows: readonly Float64Array[], vector: Float64Array): Float64Array {
  const image = new Float64Array(vector.length);
  for (const row of rows) {
    const share = dot(row, vector);
    for (let j = 0; j < image.length; j++) image[j] = (image[j] as number) + share * (row[j] as number);
  }
  return image;
}

/** Makes vectors orthonormal by Gram and Schmidt, twice over; those that depend on the others are left out. */
function orthonormal(vectors: readonly Float64Array[]): Float64Array[] {
  const basis: Float64Array[] = [];
  for (const given of vectors) {
    const vector = given.slice();
    const size = Math.sqrt(dot(vector, vector));
    for (const other of [...basis, ...basis]) {
      const share = dot(vector, other);
      for (let j = 0; j < vector.length; j++) vector[j] = (vector[j] as number) - share * (other[j] as number);
    }
    const length = Math.sqrt(dot(vector, vector));
    if (length > 1e-10 * size) basis.push(vector.map((value) => value / length));
  }
  return basis;
}

/** Finds the eigenpairs within the span of `basis`, the largest first; `images` are those of the basis. */
function ritz(basis: readonly Float64Array[], images: readonly Float64Array[]): EigenPair[] {
  const { values, vectors } = jacobi(basis.map((left) => images.map((right) => dot(left, right))));
  return values
    .map((value, k) => ({
      value,
      vector: combination(
        basis,
        vectors.map((row) => row[k] as number),
      ),
    }))
    .sort((a, b) => b.value - a.value);
}

function combination(basis: readonly Float64Array[], shares: readonly number[]): Float64Array {
  return Float64Array.from(basis[0] ?? [], (_, j) =>
    basis.reduce((sum, vector, i) => sum + (shares[i] as number) * (vector[j] as number), 0),
  );
}

/** Finds the eigenvalues of a small symmetric matrix and its eigenvectors, in columns, by Jacobi's rotations. */
function jacobi(matrix: readonly (readonly number[])[]): { values: number[]; vectors: number[][] } {
  const size = matrix.length;
  const a = matrix.map((row, i) => row.map((value, j) => (value + (matrix[j]?.[i] as number)) / 2));
  const vectors = a.map((_, i) => a.map((__, j) => Number(i === j)));
  const at = (i: number, j: number) => (a[i] as number[])[j] as number;
  for (let sweep = 0; sweep < 30; sweep++) {
    let off = 0;
    for (let p = 0; p < size; p++) {
      for (let q = p + 1; q < size; q++) {
        if (at(p, q) === 0) continue;
        off = Math.max(off, Math.abs(at(p, q)) / (Math.abs(at(p, p)) + Math.abs(at(q, q)) + Number.MIN_VALUE));
        const theta = (at(q, q) - at(p, p)) / (2 * at(p, q));
        const tangent = (theta < 0 ? -1 : 1) / (Math.abs(theta) + Math.sqrt(theta * theta + 1));
        const cosine = 1 / Math.sqrt(tangent * tangent + 1);
        for (const row of [...a, ...vectors]) rotate(row, p, q, cosine, tangent * cosine);
        for (let j = 0; j < size; j++) {
          const [above, below] = [at(p, j), at(q, j)];
          (a[p] as number[])[j] = cosine * above - tangent * cosine * below;
          (a[q] as number[])[j] = tangent * cosine * above + cosine * below;
        }
      }
    }
    if (off < 1e-16) break;
  }
  return { values: a.map((_, i) => at(i, i)), vectors };
}

function rotate(row: number[], p: number, q: number, cosine: number, sine: number): void {
  const [left, right] = [row[p] as number, row[q] as number];
  row[p] = cosine * left - sine * right;
  row[q] = sine * left + cosine * right;
}

/** Turns a vector so that its largest entry is positive. */
function signed(vector: Float64Array): Float64Array {
  const largest = vector.reduce((top, value) => (Math.abs(value) > Math.abs(top) ? value : top), 0);
  return largest < 0 ? vector.map((value) => -value) : vector;
}

function dot(a: Float64Array, b: Float64Array): number {
  let sum = 0;
  for (let j = 0; j < a.length; j++) sum += (a[j] as number) * (b[j] as number);
  return sum;
}
