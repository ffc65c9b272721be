/** A run, finished, stopped or failed: its record, its curves and its report. */
import { type DisplayBundle, displaySymbol, type MimeBundle } from "../shared/mimeBundle.ts";
import { ThawError } from "./errors.ts";
import type { TrainingArguments } from "./plan/arguments.ts";
import type { Stage } from "./plan/stage.ts";
import { join, readFile } from "./platform/files.ts";
import type { Figure } from "./show/figure/figure.ts";
import { type Report, runReport } from "./show/report.ts";
import { trainingFigure } from "./show/trainingFigure.ts";
import type { Metrics } from "./task/metrics.ts";
import { type RunRecord, recordVersion } from "./train/runRecord.ts";
import { recordIn } from "./train/saveModel.ts";

/**
 * A run, finished, stopped or failed. `run.record` is the whole run as plain data, and its fields are also fields of
 * the run. A notebook shows its curves; printing it prints its report.
 */
export class Run {
  /**
   * Metrics of the run on test data. Set them with `run.test = await trainer.evaluate(test)`: `compareRuns` and the
   * record then include them.
   */
  test?: Metrics;
  readonly #record: RunRecord;

  /** Makes a run from its record: that of `run.record` or of a saved folder. */
  constructor(record: RunRecord) {
    this.#record = record;
    if (record.test !== undefined) this.test = record.test;
  }

  /** Opens the run whose record is in a folder written by `saveModel`. Errors: `MISSING_FILE`, `BAD_DATA`. */
  static async open(folder: string): Promise<Run> {
    const file = join(folder, "trainer_state.json");
    let record: RunRecord | undefined;
    try {
      record = recordIn(JSON.parse(await readFile(file, "utf8")));
    } catch (cause) {
      throw new ThawError(
        "MISSING_FILE",
        `There is no readable trainer_state.json in ${folder}: save the model again.`,
        { cause },
      );
    }
    if (record?.version === recordVersion) return new Run(record);
    throw new ThawError(
      "BAD_DATA",
      `${file} holds no record of a run by this version of Thaw: the model was saved without a run, or by another program. ` +
        "Train it and save it again.",
    );
  }

  /** The whole run as plain data. */
  get record(): RunRecord {
    return { ...this.#record, ...(this.test === undefined ? {} : { test: this.test }) };
  }

  /** Whether the run finished, or else where and why it ended. */
  get status() {
    return this.#record.status;
  }

  /**
   * The stages of the run with every setting decided. With `args`, the same data and the same seed they train the same
   * weights.
   */
  get plan(): readonly Stage[] {
    return this.#record.stages.map(({ plan }) => plan.resolved);
  }

  /** The training arguments of the run, for use in another trainer. */
  get args(): TrainingArguments {
    return this.#record.args as TrainingArguments;
  }

  /** The plan and the outcome of each stage. */
  get stages() {
    return this.#record.stages;
  }

  /** The log: one row per epoch, as in Hugging Face's `log_history`. */
  get history() {
    return this.#record.history;
  }

  /** The metric that the best epoch was chosen by. */
  get metric() {
    return this.#record.metric;
  }

  /** The best epoch; undefined if none was evaluated. */
  get best() {
    return this.#record.best;
  }

  /** Hashes of the weights at the start and the end of the run, and the step after which the model had the latter. */
  get weights() {
    return this.#record.weights;
  }

  /** The model that was trained, and the weights it began from. */
  get model() {
    return this.#record.model;
  }

  /** The data sets, without their texts. */
  get data() {
    return this.#record.data;
  }

  /** Hashes that prove that frozen weights did not change. */
  get evidence() {
    return this.#record.evidence;
  }

  /** The software versions and hardware that the numbers depend on besides data and plan. */
  get versions() {
    return this.#record.versions;
  }

  /** The alarms of the run in the order in which they arose: each says what went wrong, by which number, and what to do. */
  get alarms() {
    return this.#record.alarms ?? [];
  }

  /** Notices: sentences about the run that a reader of its numbers should know. */
  get notices() {
    return this.#record.notices;
  }

  /** Wall time of the whole run in seconds. */
  get seconds() {
    return this.#record.seconds;
  }

  /** Seed of the order of the data and of dropout. */
  get seed(): number {
    return this.#record.args.seed as number;
  }

  /** Number of values in all parameters of the model. */
  get totalParameters() {
    return this.#record.totalParameters;
  }

  /** Number of values in the parameters that trained at any time in the run. */
  get trainableParameters() {
    return this.#record.trainableParameters;
  }

  /** Makes the report: stages, best epoch, and the evidence that frozen weights did not change. */
  report(): Report {
    return runReport(this.record);
  }

  /** Makes the figure: loss, metrics and learning rates over the epochs, with the borders of the stages. */
  figure(): Figure {
    return trainingFigure(this.record);
  }

  /** Returns the record, which JSON represents completely. */
  toJSON(): RunRecord {
    return this.record;
  }

  /** Returns the report as text. */
  toString(): string {
    return this.report().toString();
  }

  /** Returns the curves, live and as a picture, and the report as text. */
  async toBundle(): Promise<DisplayBundle> {
    const bundle = await this.figure().toBundle();
    return { ...bundle, data: { ...bundle.data, "text/plain": this.toString() } };
  }

  /** Returns what a notebook shows: the curves, with the report as text. */
  async [displaySymbol](): Promise<MimeBundle> {
    return (await this.toBundle()).data;
  }

  [Symbol.for("nodejs.util.inspect.custom")](): string {
    return this.toString();
  }
}
