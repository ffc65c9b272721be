/** The gradient of one parameter over several micro-batches, in the memory of one. */
import type { Tensor } from "@tensorflow/tfjs-core";
import { NativeVariable } from "../tensor/variable.ts";

export class GradientSum {
  /** While there is only one. */
  #first: Tensor | undefined;
  #sum: NativeVariable | undefined;

  /** Adds a gradient, in place. It belongs to the sum from then on. */
  add(gradient: Tensor): void {
    if (this.#first === undefined && this.#sum === undefined) {
      this.#first = gradient;
      return;
    }
    if (this.#first !== undefined) {
      this.#sum = new NativeVariable(this.#first.shape, this.#first);
      this.#first.dispose();
      this.#first = undefined;
    }
    this.#sum?.add(gradient);
    gradient.dispose();
  }

  /** Owned by the sum; undefined where nothing was added. */
  get value(): Tensor | undefined {
    return this.#first ?? this.#sum?.value;
  }

  dispose(): void {
    this.#first?.dispose();
    this.#sum?.dispose();
  }
}
