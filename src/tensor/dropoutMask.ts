/**
 * Dropout masks as native/dropout.h defines them, value by value. A factor depends on the site's seed pair, on its row
 * and on its column alone, so composed, WebAssembly and native ops drop the same values.
 */
import { multiplyHigh } from "./random.ts";

/** One place of a model where values are dropped, in one forward pass. */
export interface DropoutSite {
  /** Probability of a value to become zero. */
  readonly rate: number;
  /** Two integers of 32 bits that no other site has. */
  readonly seed: readonly [number, number];
}

/** Makes the mask of a site row by row; each factor is `1 / (1 - rate)` or 0. */
export class DropoutMask {
  readonly #threshold: number;
  readonly #kept: number;
  readonly #site = new Word64();
  readonly #key = new Word64();

  constructor({ rate, seed: [high, low] }: DropoutSite) {
    const single = Math.fround(rate); // the op's attribute is a float32
    this.#threshold = Math.trunc(single * 2 ** 24);
    this.#kept = Math.fround(1 / Math.fround(1 - single));
    this.#site.set(low, high).mix();
  }

  /** Writes the factors of columns 0 to `width - 1` of row `row` into `factors`, from index `first` on. */
  fill(factors: Float32Array, row: number, width: number, first: number): void {
    const [key, threshold, kept] = [this.#key, this.#threshold, this.#kept];
    key.set(this.#site.low, this.#site.high).add(row).mix();
    const { low, high } = key;
    for (let column = 0; column < width; column++) {
      let x = (Math.imul(column, 0x9e3779b9) + low) | 0;
      x = Math.imul(x ^ (x >>> 16), 0x7feb352d);
      x = Math.imul(((x ^ (x >>> 15)) + high) | 0, 0x846ca68b);
      x = Math.imul(x ^ (x >>> 16), 0x7feb352d);
      factors[first + column] = x >>> 8 >= threshold ? kept : 0;
    }
  }
}

/** An unsigned integer of 64 bits in two halves: BigInt takes ten times as long. */
class Word64 {
  low = 0;
  high = 0;

  set(low: number, high: number): this {
    this.low = low | 0;
    this.high = high | 0;
    return this;
  }

  /** Adds an integer from 0 to 2^53. */
  add(value: number): this {
    return this.#plus(value >>> 0, Math.floor(value / 2 ** 32));
  }

  /** One step of splitmix64 (Steele, Lea and Flood 2014). */
  mix(): this {
    return this.#plus(0x7f4a7c15, 0x9e3779b9)
      .#xorShifted(30)
      .#times(0x1ce4e5b9, 0xbf58476d)
      .#xorShifted(27)
      .#times(0x133111eb, 0x94d049bb)
      .#xorShifted(31);
  }

  #plus(low: number, high: number): this {
    const sum = (this.low >>> 0) + low;
    return this.set(sum, this.high + high + (sum >= 2 ** 32 ? 1 : 0));
  }

  /** `x ^ (x >> bits)` for fewer than 32 bits. */
  #xorShifted(bits: number): this {
    const { low, high } = this;
    return this.set(low ^ ((low >>> bits) | (high << (32 - bits))), high ^ (high >>> bits));
  }

  #times(low: number, high: number): this {
    const crossed = Math.imul(this.low, high) + Math.imul(this.high, low);
    return this.set(Math.imul(this.low, low), multiplyHigh(this.low >>> 0, low) + crossed);
  }
}
