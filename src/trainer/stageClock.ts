/** What a stage came to: its time, its memory, its epochs, its best validation. */
import type { HistoryRow, StageRecord } from "../history/history.ts";
import { accuracyMetric, isBetter, type ModelMetric } from "../history/metrics.ts";

export class StageClock {
  readonly #planned: StageRecord;
  #started = 0;
  #seconds: number | undefined;
  #heldBefore = 0;
  #peakMemory: number | undefined;
  #epochs = 0;
  readonly #metric: ModelMetric;
  #best: { readonly bestMetric: number; readonly bestEpoch: number } | undefined;

  constructor(planned: StageRecord, metric: ModelMetric = accuracyMetric) {
    this.#planned = planned;
    this.#metric = metric;
  }

  start(): void {
    this.#started = performance.now();
    this.#heldBefore = largestResident();
  }

  stop(): void {
    this.#seconds = (performance.now() - this.#started) / 1000;
    const peak = largestResident();
    // a maximum that was reached before says nothing of this stage, nor does one a few pages higher
    if (peak > 1.01 * this.#heldBefore) this.#peakMemory = peak;
  }

  /** An epoch of the stage is over, evaluated or not. */
  epochDone(): void {
    this.#epochs += 1;
  }

  /** Takes an evaluated epoch; true if it is the best of the stage. */
  evaluated(row: HistoryRow): boolean {
    const value = row[this.#metric.key];
    if (value === undefined || !isBetter(value, this.#best?.bestMetric, this.#metric)) return false;
    this.#best = { bestMetric: value, bestEpoch: row.epoch };
    return true;
  }

  /** As planned, with what has been measured; a stage that ended early has the epochs and steps it did. */
  record(): StageRecord {
    const stepsPerEpoch = this.#planned.steps / this.#planned.epochs;
    return {
      ...this.#planned,
      ...(this.#epochs === 0 ? {} : { epochs: this.#epochs, steps: this.#epochs * stepsPerEpoch }),
      ...(this.#seconds === undefined ? {} : { seconds: this.#seconds }),
      ...(this.#peakMemory === undefined ? {} : { peakMemory: this.#peakMemory }),
      ...this.#best,
    };
  }
}

/** Of this process since it began, in bytes. */
function largestResident(): number {
  return 1024 * process.resourceUsage().maxRSS;
}
