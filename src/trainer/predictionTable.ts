/** Predictions as people read them: a row a text. The values themselves stay as they are. */
import { displaySymbol } from "../display/bundle.ts";
import { listed } from "../display/listed.ts";
import { formatNumber, formatPercent } from "../display/numbers.ts";
import { type Column, Table } from "../display/table.ts";
import type { LabelScore, Prediction } from "./predictions.ts";

/** The same list, which a notebook shows as a table. `names`: of the labels, or of the outputs of a regression. */
export function shownAsTable(predictions: readonly Prediction[], names: readonly string[]): readonly Prediction[] {
  const show = () => predictionTable(predictions, names)[displaySymbol]();
  return Object.defineProperty(predictions, displaySymbol, { value: show });
}

/** The label with its probability; of several labels all of a text; of regression the numbers, under their names. */
export function predictionTable(predictions: readonly Prediction[], names: readonly string[]): Table {
  const columns = columnsOf(predictions[0], names);
  return new Table({
    columns: [{ title: "text", align: "right" }, ...columns],
    rows: predictions.map((prediction, i) => [i, ...columns.map(({ cell }) => cell(prediction))]),
  });
}

interface PredictionColumn extends Column {
  readonly cell: (prediction: Prediction) => string;
}

function columnsOf(first: Prediction | undefined, names: readonly string[]): readonly PredictionColumn[] {
  if (first?.values !== undefined) {
    return names.map((title, i) => ({
      title,
      align: "right",
      cell: ({ values = [] }) => formatNumber(values[i] as number),
    }));
  }
  if (first?.labels !== undefined) {
    return [
      { title: "labels", cell: ({ labels = [] }) => (labels.length === 0 ? "none" : listed(labels.map(scored))) },
      { title: "most probable", cell: scored },
    ];
  }
  return [
    { title: "label", cell: ({ label }) => label },
    { title: "probability", align: "right", cell: ({ score }) => formatPercent(score) },
  ];
}

const scored = ({ label, score }: LabelScore): string => `${label} ${formatPercent(score)}`;
