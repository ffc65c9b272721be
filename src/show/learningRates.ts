/** Shows the results of learning-rate range tests: a figure, a table, and the settings to write. */
import { type DisplayBundle, displaySymbol, inspectSymbol, type MimeBundle } from "../../shared/mimeBundle.ts";
import { formatCount, formatRate } from "../display/numbers.ts";
import { Table } from "../display/table.ts";
import type { Stage } from "../plan/stage.ts";
import { type LearningRateCurve, stagesWithRates, suggestedRates } from "../train/findLearningRate.ts";
import type { Figure } from "./figure/figure.ts";
import { learningRateFigure } from "./learningRateFigure.ts";

/**
 * The curves of learning-rate range tests with what they suggest. A notebook shows the figure; printing it prints the
 * table and the advice.
 */
export class LearningRates {
  /** The curve of each test: of each stage the head's, then the body's. */
  readonly curves: readonly LearningRateCurve[];
  /**
   * The stages of the plan with the suggested rates (those of `valley`, rounded to two digits) in place of their own, for
   * a new trainer. A stage or a part that was not tested keeps what it has.
   */
  readonly stages: readonly Stage[];

  /** @internal */
  constructor(curves: readonly LearningRateCurve[], stages: readonly Stage[]) {
    this.curves = curves;
    this.stages = stagesWithRates(stages, curves);
  }

  /** The settings to write, in a sentence: `"Try headLearningRate: 1.7e-3."` */
  get advice(): string {
    const tested = [...new Map(this.curves.map(({ stage, name }) => [stage, name]))];
    const settings = tested.flatMap(([stage, name]) => {
      const rates = Object.entries(suggestedRates(this.curves, stage));
      const written = rates.map(([key, rate]) => `${key}: ${rate.toExponential()}`).join(", ");
      return written === "" ? [] : [tested.length === 1 ? written : `${written} in stage ${stage} (${name})`];
    });
    const missing = this.curves.filter(({ suggestions }) => suggestions === undefined);
    return [
      ...(settings.length === 0 ? [] : [`Try ${settings.join("; ")}.`]),
      ...missing.map(
        ({ stage, name, part, rates }) =>
          `There is no suggestion for the ${part} of stage ${stage} (${name}): its loss exploded after ${formatCount(rates.length)} ` +
          "steps. Test again with a lower startLr.",
      ),
    ].join(" ");
  }

  /** One row per test: the rate in the plan, the three suggestions, and how the test ended. */
  get table(): Table {
    const right = "right" as const;
    return new Table({
      columns: [
        { title: "Stage" },
        { title: "Part" },
        { title: "Rate in the plan", align: right },
        { title: "Suggested (valley)", align: right },
        { title: "Steepest fall", align: right },
        { title: "Lowest loss / 10", align: right },
        { title: "Tested up to", align: right },
        { title: "Ended" },
      ],
      rows: this.curves.map(({ name, part, planned, suggestions, rates, ended }) => [
        name,
        part,
        formatRate(planned),
        ...(["valley", "steep", "minimum"] as const).map((rule) => {
          const rate = suggestions?.[rule];
          return rate === undefined ? "" : formatRate(rate);
        }),
        formatRate(rates.at(-1) ?? 0),
        `${ended}, ${formatCount(rates.length)} steps`,
      ]),
      notes: [this.advice],
    });
  }

  /** The loss against the learning rate, one panel per stage. */
  get figure(): Figure {
    return learningRateFigure(this.curves, this.advice);
  }

  /** Writes the table and the advice as text. */
  toString(): string {
    return this.table.toString();
  }

  /** Draws the figure as live plotly and PNG, with the table as text. */
  async toBundle(): Promise<DisplayBundle> {
    const bundle = await this.figure.toBundle();
    return { ...bundle, data: { ...bundle.data, "text/plain": this.toString() } };
  }

  /** Shows the figure where a cell ends with the value. */
  async [displaySymbol](): Promise<MimeBundle> {
    return (await this.toBundle()).data;
  }

  /** Prints the table and the advice in Node. */
  [inspectSymbol](): string {
    return this.toString();
  }
}
