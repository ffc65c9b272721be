/** Eight bits for a weight: whole numbers from -127 to 127, stored 128 higher, times a scale for each row. */

/** What is subtracted from a stored byte. */
export const zeroPoint = 128;

export interface EightBits {
  /** As the values it was made of. */
  readonly bytes: Uint8Array;
  /** `[rows]` */
  readonly scales: Float32Array;
}

/**
 * `values [rows, columns]`, row-major: `byte = round(value / scale) + 128`, where the largest value of the row gives its
 * scale, `max |value| / 127`. Off by at most half a scale.
 */
export function eightBits(values: Float32Array, rows: number): EightBits {
  const columns = values.length / rows;
  const bytes = new Uint8Array(values.length);
  const scales = new Float32Array(rows);
  for (let row = 0; row < rows; row++) {
    const own = values.subarray(row * columns, (row + 1) * columns);
    const largest = own.reduce((max, value) => Math.max(max, Math.abs(value)), 0);
    const scale = Math.fround(largest / 127) || 1; // a row of zeros
    scales[row] = scale;
    own.forEach((value, i) => {
      bytes[row * columns + i] = Math.round(value / scale) + zeroPoint;
    });
  }
  return { bytes, scales };
}

/** `[rows, columns]` -> `[columns, rows]` */
export function transposed<T extends Float32Array | Uint8Array>(values: T, rows: number): T {
  const columns = values.length / rows;
  const turned = new (values.constructor as new (length: number) => T)(values.length);
  for (let row = 0; row < rows; row++) {
    for (let column = 0; column < columns; column++) {
      turned[column * rows + row] = values[row * columns + column] as number;
    }
  }
  return turned;
}
