/** The weights of the epoch that was best in the validation. */
import type { BestRecord, HistoryRow } from "../history/history.ts";
import { accuracyMetric, isBetter, type ModelMetric } from "../history/metrics.ts";
import type { Parameter } from "../models/parameter.ts";
import type { SequenceClassifier } from "../models/sequenceClassifier.ts";

export class BestEpoch {
  readonly #model: SequenceClassifier;
  readonly #names: ReadonlySet<string>;
  readonly #weights = new Map<string, Float32Array>();
  readonly #metric: ModelMetric;
  #epoch: BestRecord | undefined;

  /** Keeps copies of the named parameters: those that train at any time in the run. */
  constructor(model: SequenceClassifier, names: ReadonlySet<string>, metric: ModelMetric = accuracyMetric) {
    this.#metric = metric;
    this.#model = model;
    this.#names = names;
  }

  /** The best epoch so far (from 1); undefined before the first evaluation. */
  get epoch(): BestRecord | undefined {
    return this.#epoch;
  }

  /** Keeps the present weights if this epoch is better than all before it; of equals the first stays. */
  offer(row: HistoryRow): void {
    const { key } = this.#metric;
    if (!isBetter(row[key], this.#epoch?.[key], this.#metric)) return;
    this.#epoch = { epoch: row.epoch, [key]: row[key] };
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
