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
import { elementsOf } from "../tensor/shape.ts";
import { tf } from "../tensor/tensorflow.ts";

/** A dropout generator: it hands out one seed pair per mask of a forward pass, in the order of the model's dropout sites. */
export class DropoutRng {
  readonly #seed: number;
  readonly #step: number;
  #site = 0;

  /** `step` counts forward passes in training, so that no two of them share a mask. */
  constructor(seed: number, step: number) {
    this.#seed = seed;
    this.#step = step;
  }

  /**
   * Returns the seed pair of the next mask: the seed, and step and site in one integer. A pass has at most 512 sites.
   */
  next(): readonly [number, number] {
    const site = this.#site;
    this.#site += 1;
    return [this.#seed | 0, (this.#step * 512 + site) | 0];
  }

  /** Returns a generator for a mask shared by all layers of a pass, at a site that `next` never reaches. */
  shared(): DropoutRng {
    const shared = new DropoutRng(this.#seed, this.#step);
    shared.#site = 511;
    return shared;
  }

  /** Returns a copy, which hands out the same seed pairs as this generator from here on. */
  copy(): DropoutRng {
    const copy = new DropoutRng(this.#seed, this.#step);
    copy.#site = this.#site;
    return copy;
  }
}

/** The dropout inside an op; it is applied only with a dropout generator, so not in evaluation. */
export interface DropoutOptions {
  /** Probability of a value to become zero. */
  readonly dropoutRate: number;
  /** Generator of the masks; undefined in evaluation. */
  readonly dropoutRng: DropoutRng | undefined;
}

/** Returns the generator's next site; without a generator or at rate 0, a site that drops nothing and takes no seed. */
export const siteOf = ({ dropoutRate, dropoutRng }: DropoutOptions): DropoutSite =>
  dropoutRate > 0 && dropoutRng !== undefined ? { rate: dropoutRate, seed: dropoutRng.next() } : noDropout;

type Dropout = (x: Tensor, rate: number, dropoutRng: DropoutRng | undefined) => Tensor;

/** Dropout at one site, for rates above 0. */
const dropoutBy =
  (drop: (x: Tensor, site: DropoutSite) => Tensor): Dropout =>
  (x, dropoutRate, dropoutRng) => {
    const site = siteOf({ dropoutRate, dropoutRng });
    return site.rate === 0 ? x : drop(x, site);
  };

/** The composed form of `dropout`, which keeps the mask. */
export const composedDropout = dropoutBy((x, site) =>
  differentiable({ x }, () => {
    const mask = maskOf(x.shape, site);
    return {
      value: multiply(x, mask),
      saved: { mask },
      gradient: (dy, { mask }) => ({ x: () => multiply(dy, mask) }),
    };
  }),
);

/** The fused form of `dropout`, which computes the mask again in the backward pass. */
export const fusedDropout = dropoutBy((x, site) =>
  differentiable({ x }, () => ({
    value: nativeDropout(x, site),
    gradient: (dy) => ({ x: () => nativeDropout(dy, site) }),
  })),
);

/**
 * Zeroes each value with probability `rate` and scales the others by `1 / (1 - rate)`. Without a dropout generator or
 * at rate 0 it returns `x` itself.
 */
export const dropout = choose(fusedDropout, composedDropout);

/** The factors of a site for all rows of a tensor whose last dimension are the columns. */
function maskOf(shape: readonly number[], site: DropoutSite): Tensor {
  const width = shape.at(-1) as number;
  const factors = new Float32Array(elementsOf(shape));
  const mask = new DropoutMask(site);
  for (let row = 0; row * width < factors.length; row++) mask.fill(factors, row, width, row * width);
  return tf.tensor(factors, [...shape]);
}
