/** Which metric the best epoch is chosen by. */

import { ThawError } from "../errors.ts";
import type { ProblemType } from "../models/config/config.ts";
import { type MetricKey, type ModelMetric, metricOf } from "../task/metricNames.ts";
import type { ResolvedArguments } from "../train/arguments.ts";

/** What an evaluation gives under each problem type; by the first after the loss the best epoch is chosen. */
const metricsOf: Readonly<Record<ProblemType, readonly MetricKey[]>> = {
  single_label_classification: ["evalLoss", "evalAccuracy", "evalMacroF1"],
  multi_label_classification: ["evalLoss", "evalMicroF1", "evalMacroF1", "evalSubsetAccuracy"],
  regression: ["evalLoss", "evalMse", "evalMae", "evalR2", "evalPearson", "evalSpearman"],
};

/** By `args.metricForBestModel` ("macroF1", "evalMacroF1" or "eval_macro_f1"). Throws `BAD_ARGUMENT` for one that there is not. */
export function modelMetric(
  { metricForBestModel, greaterIsBetter }: Pick<ResolvedArguments, "metricForBestModel" | "greaterIsBetter">,
  problemType: ProblemType,
): ModelMetric {
  const known = metricsOf[problemType];
  const plain = (name: string) => name.replaceAll("_", "").toLowerCase().replace(/^eval/, "");
  const key =
    metricForBestModel === undefined ? known[1] : known.find((each) => plain(each) === plain(metricForBestModel));
  if (key === undefined) {
    throw new ThawError(
      "BAD_ARGUMENT",
      `metricForBestModel is "${metricForBestModel}"; of problem type "${problemType}" there are ${known.join(", ")}.`,
    );
  }
  const metric = metricOf(key);
  return { key, greaterIsBetter: greaterIsBetter ?? metric.greaterIsBetter };
}
