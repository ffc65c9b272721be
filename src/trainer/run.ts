/** A finished run: its numbers as plain data, its curves and its report. */
import { inspect } from "node:util";
import { type DisplayBundle, displaySymbol, type MimeBundle } from "../display/bundle.ts";
import type { Figure } from "../figures/figure.ts";
import { trainingFigure } from "../figures/trainingFigure.ts";
import type { BestRecord, Evidence, HistoryRow, RunRecord, StageRecord } from "../history/history.ts";
import { accuracyMetric, type ModelMetric } from "../history/metrics.ts";
import { type Report, runReport } from "../report/runReport.ts";

/** A finished run: its numbers as plain data, its curves and its report. */
export class Run implements RunRecord {
  readonly history: readonly HistoryRow[];
  readonly stages: readonly StageRecord[];
  readonly totalParameters: number;
  readonly trainableParameters: number;
  readonly seconds: number;
  readonly seed: number;
  readonly metric: ModelMetric;
  readonly best?: BestRecord;
  readonly evidence: Evidence;
  readonly notices: readonly string[];

  constructor(record: RunRecord) {
    this.history = record.history;
    this.stages = record.stages;
    this.totalParameters = record.totalParameters;
    this.trainableParameters = record.trainableParameters;
    this.seconds = record.seconds;
    this.seed = record.seed;
    this.metric = record.metric ?? accuracyMetric;
    if (record.best !== undefined) this.best = record.best;
    this.evidence = record.evidence;
    this.notices = record.notices ?? [];
  }

  /** Stages, best epoch, and the evidence that what was frozen did not move. */
  report(): Report {
    return runReport(this);
  }

  /** Loss, metrics and learning rate over the epochs, with the borders of the stages. */
  figure(): Figure {
    return trainingFigure(this);
  }

  toString(): string {
    return this.report().toString();
  }

  /** The curves, live and as a picture; the report as text. */
  async toBundle(): Promise<DisplayBundle> {
    const bundle = await this.figure().toBundle();
    return { ...bundle, data: { ...bundle.data, "text/plain": this.toString() } };
  }

  async [displaySymbol](): Promise<MimeBundle> {
    return (await this.toBundle()).data;
  }

  [inspect.custom](): string {
    return this.toString();
  }
}
