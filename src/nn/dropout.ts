/**
 * Dropout with masks from a counter: the same seed, step and place in the model always give the same mask, whether
 * TensorFlow with or without the ops of native/ computes, or WebAssembly.
 */
import type { Tensor } from "@tensorflow/tfjs-core";
import { differentiable } from "../tensor/differentiable.ts";
import { DropoutMask, type DropoutSite } from "../tensor/dropoutMask.ts";
import { choose } from "../tensor/native.ts";
import { nativeDropout, noDropout } from "../tensor/nativeOps.ts";
import { multiply } from "../tensor/ops.ts";
import { tf } from "../tensor/tensorflow.ts";

/** Hands out one seed pair per mask of a forward pass, in the order of the model's dropout sites. */
export class DropoutRng {
  readonly #seed: number;
  readonly #step: number;
  #site = 0;

  /** `step` counts forward passes in training, so that no two of them share a mask. */
  constructor(seed: number, step: number) {
    this.#seed = seed;
    this.#step = step;
  }

  /** The seed pair of the next mask: (seed, step and site in one integer). At most 512 sites a pass. */
  next(): readonly [number, number] {
    const site = this.#site;
    this.#site += 1;
    return [this.#seed | 0, (this.#step * 512 + site) | 0];
  }

  /** A dropout generator of its own for a mask that all layers of a pass share: it stands where `next` does not come. */
  shared(): DropoutRng {
    const shared = new DropoutRng(this.#seed, this.#step);
    shared.#site = 511;
    return shared;
  }

  /** A dropout generator of its own that hands out what this one is about to. */
  copy(): DropoutRng {
    const copy = new DropoutRng(this.#seed, this.#step);
    copy.#site = this.#site;
    return copy;
  }
}

/** The dropout of an op that has some inside. */
export interface DropoutOptions {
  /** Applied only with a dropout generator. */
  readonly dropoutRate: number;
  readonly dropoutRng: DropoutRng | undefined;
}

/** The next site of the dropout generator; one that drops nothing, and takes no number, at rate 0 or without a dropout generator. */
export const siteOf = ({ dropoutRate, dropoutRng }: DropoutOptions): DropoutSite =>
  dropoutRate > 0 && dropoutRng !== undefined ? { rate: dropoutRate, seed: dropoutRng.next() } : noDropout;

/** Zeroes each value with probability `rate` and scales the others by `1 / (1 - rate)`. Without a dropout generator: the identity. */
export function composedDropout(x: Tensor, rate: number, dropoutRng: DropoutRng | undefined): Tensor {
  if (rate === 0 || dropoutRng === undefined) return x;
  const site = siteOf({ dropoutRate: rate, dropoutRng });
  return differentiable([x], (save) => {
    const mask = maskOf(x.shape, site);
    save(mask);
    return { value: multiply(x, mask), gradient: (dy, [mask]) => [multiply(dy, mask as Tensor)] };
  });
}

/** The factors of a site for all rows of a tensor whose last dimension are the columns. */
function maskOf(shape: readonly number[], site: DropoutSite): Tensor {
  const width = shape.at(-1) as number;
  const factors = new Float32Array(shape.reduce((product, size) => product * size, 1));
  const mask = new DropoutMask(site);
  for (let row = 0; row * width < factors.length; row++) mask.fill(factors, row, width, row * width);
  return tf.tensor(factors, [...shape]);
}

/** The same with the mask computed again in the backward pass. */
export function fusedDropout(x: Tensor, rate: number, dropoutRng: DropoutRng | undefined): Tensor {
  if (rate === 0 || dropoutRng === undefined) return x;
  const site = siteOf({ dropoutRate: rate, dropoutRng });
  return differentiable([x], () => ({
    value: nativeDropout(x, site),
    gradient: (dy) => [nativeDropout(dy, site)],
  }));
}

export const dropout = choose(fusedDropout, composedDropout);
