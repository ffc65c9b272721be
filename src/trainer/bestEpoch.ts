/** The weights of the epoch with the best validation accuracy. */
import type { HistoryRow } from "../history/history.ts";
import type { Parameter } from "../models/parameter.ts";
import type { SequenceClassifier } from "../models/sequenceClassifier.ts";

export class BestEpoch {
  readonly #model: SequenceClassifier;
  readonly #names: ReadonlySet<string>;
  readonly #weights = new Map<string, Float32Array>();
  #epoch: { readonly epoch: number; readonly evalAccuracy: number } | undefined;

  /** Keeps copies of the named parameters: those that train at any time in the run. */
  constructor(model: SequenceClassifier, names: ReadonlySet<string>) {
    this.#model = model;
    this.#names = names;
  }

  /** The best epoch so far (from 1); undefined before the first evaluation. */
  get epoch(): { readonly epoch: number; readonly evalAccuracy: number } | undefined {
    return this.#epoch;
  }

  /** Keeps the present weights if this epoch is better than all before it; of equals the first stays. */
  offer({ epoch, evalAccuracy }: HistoryRow): void {
    if (evalAccuracy === undefined || (this.#epoch !== undefined && evalAccuracy <= this.#epoch.evalAccuracy)) return;
    this.#epoch = { epoch, evalAccuracy };
    for (const name of this.#names) {
      const [kept, now] = [this.#weights.get(name), this.#parameter(name).data()];
      if (kept === undefined) this.#weights.set(name, now);
      else kept.set(now); // a second set beside the first would double the memory
    }
  }

  /** Gives the model the weights of the best epoch. Nothing happens where no epoch was evaluated. */
  restore(): void {
    for (const [name, values] of this.#weights) this.#parameter(name).assign(values);
  }

  #parameter(name: string): Parameter {
    return this.#model.parameters.get(name) as Parameter;
  }
}
