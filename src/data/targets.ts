/** The numbers that a regression learns. */
import { ThawError } from "../errors.ts";
import type { LabelledContent, LabelReading, LabelValue } from "./labels.ts";
import { rowFunction } from "./options.ts";
import { shown } from "./rows.ts";

/**
 * A number for each value, or a list of as many as there are outputs. `names` are those of the outputs. Throws `BAD_DATA`
 * where a value is no number that float32 holds, or rows have different numbers of them.
 */
export function readTargets(values: readonly LabelValue[], { names, source, column }: LabelReading): LabelledContent {
  const rows = values.map(({ value, row }) => {
    const numbers = (Array.isArray(value) ? value : [value]).map(numberOf);
    if (numbers.length > 0 && numbers.every((number) => Number.isFinite(Math.fround(number)))) return numbers;
    const isGerman = typeof value === "string" && /^\s*-?\d+,\d+\s*$/.test(value);
    const isHuge = numbers.every(Number.isFinite) && numbers.length > 0;
    throw new ThawError(
      "BAD_DATA",
      `${source}: the target in row ${row} is ${shown(value)}, which is no number${isHuge ? " that float32 holds" : ""}. ` +
        (isGerman
          ? `Where a comma stands for the point, write ${rowFunction("label", column, (cell) => `Number(String(${cell}).replace(",", "."))`)}.`
          : "Correct the row, or leave it out by a label function that returns undefined there."),
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
  return { labels: Float32Array.from(rows.flat()), labelNames, problemType: "regression", notes: [] };
}

function numberOf(value: unknown): number {
  if (typeof value === "string" && value.trim() !== "") return Number(value);
  return typeof value === "number" || typeof value === "bigint" ? Number(value) : Number.NaN;
}
