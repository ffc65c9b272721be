/** Sinusoids of relative distances (Dai et al. 2019, arXiv:1901.02860; Vaswani et al. 2017, section 3.5). */
import type { Tensor } from "@tensorflow/tfjs-core";
import { markConstant } from "../../tensor/differentiable.ts";
import { tf } from "../../tensor/tensorflow.ts";

export interface SinusoidOptions {
  /** Even. */
  readonly width: number;
  /** Longer distances, in both directions, are taken for this one; undefined = none are. */
  readonly clamp?: number | undefined;
}

/** One table a width and clamp: distances `half - 1` down to `-half`; that of a shorter text is the middle of it. */
const tables = new Map<string, { readonly half: number; readonly values: Float32Array }>();

/**
 * `[2 * length, width]`: a row a distance, in the order of `distances(length)`: all the sines of
 * `distance * 10000 ^ (-2i / width)`, then all the cosines, as PyTorch computes them in float32. A constant.
 */
export function distanceSinusoids(length: number, options: SinusoidOptions): Tensor {
  const { width } = options;
  const key = `${width} ${options.clamp}`;
  let table = tables.get(key);
  if (table === undefined || table.half < length) {
    table = makeTable(2 ** Math.ceil(Math.log2(length)), options);
    tables.set(key, table);
  }
  const first = (table.half - length) * width;
  return markConstant(tf.tensor2d(table.values.slice(first, first + 2 * length * width), [2 * length, width]));
}

/** `10000 ^ (-2i / width)` in float32, for i from 0: `[width / 2]`. */
export function sinusoidFrequencies(width: number): number[] {
  const f = Math.fround;
  return Array.from({ length: width / 2 }, (_, i) => f(1 / f(10_000 ** f((2 * i) / width))));
}

function makeTable(half: number, { width, clamp = Number.POSITIVE_INFINITY }: SinusoidOptions) {
  const frequencies = sinusoidFrequencies(width);
  const values = new Float32Array(2 * half * width);
  for (let row = 0; row < 2 * half; row++) {
    const distance = Math.max(-clamp, Math.min(clamp, half - 1 - row));
    frequencies.forEach((frequency, i) => {
      const angle = Math.fround(distance * frequency);
      values[row * width + i] = Math.sin(angle);
      values[row * width + width / 2 + i] = Math.cos(angle);
    });
  }
  return { half, values };
}
