/** Copies of weights, to give the model back those of its best epoch. */
import type { Parameter } from "../models/parameter.ts";
import type { SequenceClassifier } from "../models/sequenceClassifier.ts";

export class KeptWeights {
  readonly #model: SequenceClassifier;
  readonly #names: ReadonlySet<string>;
  readonly #weights = new Map<string, Float32Array>();

  /** Keeps the named parameters: those that train at any time in the run. */
  constructor(model: SequenceClassifier, names: ReadonlySet<string>) {
    this.#model = model;
    this.#names = names;
  }

  /** Keeps the present values in the place of those before. */
  keep(): void {
    for (const name of this.#names) {
      const [kept, now] = [this.#weights.get(name), this.#parameter(name).data()];
      if (kept === undefined) this.#weights.set(name, now);
      else kept.set(now); // a second set beside the first would double the memory
    }
  }

  /** Gives the model the values that were kept last; where none were, it does nothing. */
  restore(): void {
    for (const [name, values] of this.#weights) this.#parameter(name).assign(values);
  }

  #parameter(name: string): Parameter {
    return this.#model.parameters.get(name) as Parameter;
  }
}
