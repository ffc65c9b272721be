/** Rows of float32 values, text by text. */
export interface RowStore {
  /** Bytes in use. */
  readonly bytes: number;
  /** Where these bytes are. */
  readonly place: "memory" | "disk";
  /** Takes the rows of one text, once; the array is not to be changed afterwards. */
  write(text: number, rows: Float32Array): void;
  /** Copies the rows of one text to the start of `target`, and returns their number of values. */
  read(text: number, target: Float32Array): number;
  dispose(): void;
}

export class MemoryRows implements RowStore {
  readonly place = "memory";
  bytes = 0;
  readonly #rows = new Map<number, Float32Array>();

  write(text: number, rows: Float32Array): void {
    this.#rows.set(text, rows);
    this.bytes += rows.byteLength;
  }

  read(text: number, target: Float32Array): number {
    const rows = this.#rows.get(text) as Float32Array;
    target.set(rows);
    return rows.length;
  }

  dispose(): void {
    this.#rows.clear();
    this.bytes = 0;
  }
}
