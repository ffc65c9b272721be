/** All rows of a table that gradients have touched so far: the moments of the others are still zero. */
export class RowUnion {
  #rows: Int32Array | undefined = new Int32Array(0);

  /** Adds rows (in rising order; undefined = all) and returns the union: in rising order, undefined = all. */
  add(rows: Int32Array | undefined): Int32Array | undefined {
    if (rows === undefined || this.#rows === undefined) {
      this.#rows = undefined;
      return undefined;
    }
    const known = new Set(this.#rows);
    const added = rows.filter((row) => !known.has(row));
    if (added.length > 0) this.#rows = Int32Array.from([...this.#rows, ...added]).sort();
    return this.#rows;
  }
}
