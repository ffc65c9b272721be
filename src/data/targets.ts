/** The numbers that a regression learns. */
import type { Labels, ProblemType } from "../config/config.ts";
import { ThawError } from "../errors.ts";
import type { LabelValue } from "./labels.ts";

/** What texts are labelled with, and what the labels or outputs are called. */
export interface LabelledContent {
  readonly labels: Labels;
  readonly labelNames: readonly string[];
  readonly problemType: ProblemType;
}

/** A number, or a list of as many as there are outputs, for each row; `names` are those of the outputs. Errors: `BAD_DATA`. */
export function readTargets(
  values: readonly LabelValue[],
  names: readonly string[] | undefined,
  source: string,
): LabelledContent {
  const rows = values.map(({ value, row }) => {
    const numbers = (Array.isArray(value) ? value : [value]).map(numberOf);
    if (numbers.length > 0 && numbers.every(Number.isFinite)) return numbers;
    throw new ThawError(
      "BAD_DATA",
      `${source}: the target in row ${row} is ${JSON.stringify(value)}, which is no number. Correct the row, or leave it out ` +
        "by a label function that returns undefined.",
    );
  });
  const outputs = names?.length ?? rows[0]?.length ?? 1;
  const odd = rows.findIndex(({ length }) => length !== outputs);
  if (odd >= 0) {
    throw new ThawError(
      "BAD_DATA",
      `${source}: row ${values[odd]?.row} has ${rows[odd]?.length} targets, but there are ${outputs} outputs. Give every row as ` +
        "many.",
    );
  }
  const labelNames = names ?? Array.from({ length: outputs }, (_, i) => `LABEL_${i}`);
  return { labels: Float32Array.from(rows.flat()), labelNames, problemType: "regression" };
}

function numberOf(value: unknown): number {
  if (typeof value === "string" && value.trim() !== "") return Number(value);
  return typeof value === "number" ? value : Number.NaN;
}
