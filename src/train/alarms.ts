/**
 * Alarms: what goes wrong in a run, with the numbers behind it and what to do. Those of this file hold before the first
 * step, or are read from predictions; `alarmWatch.ts` finds those that arise while a stage trains.
 */
import type { TextDataset } from "../data/textDataset.ts";
import { listed, listedRows } from "../display/listed.ts";
import { formatCount, formatPercent, formatRate } from "../display/numbers.ts";
import type { NeverPredicted } from "../evaluate/evaluateLogits.ts";
import type { SequenceClassifier } from "../models/sequenceClassifier.ts";
import type { Plan, PlannedStage } from "../plan/plan.ts";
import { stageSchedule } from "../schedule/stageSchedule.ts";
import type { ModelMetric } from "../task/metrics.ts";
import type { ProblemType } from "../task/task.ts";

/** The stable codes of the alarms; docs/alarms.md explains each. */
export type AlarmCode =
  | "DIVERGENCE"
  | "HEAD_RATE"
  | "IMBALANCE"
  | "LEAKAGE"
  | "NEVER_PREDICTED"
  | "NOT_LEARNING"
  | "OVERFITTING"
  | "SEED_NOISE"
  | "TRUNCATED";

/** Something that goes wrong in a run, as plain data. */
export interface Alarm {
  /** The stable code: `"NOT_LEARNING"`. */
  readonly code: AlarmCode;
  /** Index of the stage in the plan; absent if the alarm is about the data or the whole run. */
  readonly stage?: number;
  /** Number of epochs done when the alarm arose, over the whole run; absent before the first step. */
  readonly epoch?: number;
  /** Optimizer steps taken when the alarm arose, over the whole run; absent before the first step. */
  readonly step?: number;
  /** One or two full sentences: the number behind the alarm, and what to do. */
  readonly sentence: string;
  /** The numbers behind the alarm by their names. */
  readonly values: Readonly<Record<string, number | readonly number[]>>;
}

/** The facts about a data set that alarms are made of; a `DataRecord` has them. */
interface DataFacts {
  readonly problemType: ProblemType;
  readonly rows: number;
  /** Number of examples that were truncated. */
  readonly cut: number;
  readonly labelCounts: Readonly<Record<string, number>>;
}

/** The facts about a run before its first step, from which alarms are found. */
interface Beginning {
  readonly model: SequenceClassifier;
  readonly plan: Plan;
  readonly metric: ModelMetric;
  readonly data: { readonly train: DataFacts };
  readonly trainDataset: TextDataset;
  readonly evalDataset: TextDataset | undefined;
  /** Number of tokens to which examples are truncated. */
  readonly maxLength: number;
  /** Whether the loss weighs the labels against their frequencies. */
  readonly isWeighted?: boolean;
}

/** Returns the alarms that hold before the first step. */
export function alarmsBefore(beginning: Beginning): Alarm[] {
  const { model, plan, metric, data, trainDataset, evalDataset, maxLength, isWeighted = false } = beginning;
  return [
    ...(evalDataset === undefined ? [] : leakage(trainDataset, evalDataset)),
    ...truncated(data.train, maxLength),
    ...(isWeighted ? [] : imbalance(data.train, metric)),
    ...plan.stages.flatMap((stage, index) => headRate(stage, index, plan, model)),
  ];
}

/** Texts are the same for this comparison if they differ only in case, white space and Unicode's forms of a letter. */
const comparable = (text: string): string => text.normalize("NFKC").toLowerCase().replace(/\s+/g, " ").trim();

const keysOf = ({ texts, textPairs }: TextDataset): string[] =>
  texts.map((text, i) =>
    textPairs === undefined ? comparable(text) : JSON.stringify([text, textPairs[i] as string].map(comparable)),
  );

/**
 * Finds examples of the evaluation data that are training examples too. There is no threshold: each such example is
 * measured by what was learnt by heart.
 */
export function leakage(train: TextDataset, evaluation: TextDataset): Alarm[] {
  const known = new Set(keysOf(train));
  const rows = keysOf(evaluation).flatMap((key, i) => (known.has(key) ? [evaluation.rows[i] as number] : []));
  if (rows.length === 0) return [];
  const [examples, share] = [rows.length, rows.length / evaluation.length];
  return [
    {
      code: "LEAKAGE",
      sentence:
        `${formatCount(examples)} of ${formatCount(evaluation.length)} validation examples (${formatPercent(share)}) are in the ` +
        `training data too (${listedRows(rows)} of the validation data), so validation shows what was learnt by heart. Leave ` +
        "them out of one of the two, as docs/alarms.md shows.",
      values: { examples, share, rows: rows.slice(0, 5) },
    },
  ];
}

/** "Most" is more than half: the median example is no longer whole. */
export const isMostlyCut = ({ cut, rows }: Pick<DataFacts, "cut" | "rows">): boolean => cut > rows / 2;

function truncated(train: DataFacts, maxLength: number): Alarm[] {
  if (!isMostlyCut(train)) return [];
  const { cut, rows } = train;
  return [
    {
      code: "TRUNCATED",
      sentence:
        `${formatCount(cut)} of ${formatCount(rows)} training examples (${formatPercent(cut / rows)}) are longer than ` +
        `${formatCount(maxLength)} tokens (maxLength) and are cut there, so the model never sees most of the texts whole. ` +
        "Raise maxLength, leave it out where the model takes more, or split the texts into parts.",
      values: { examples: cut, share: cut / rows, maxLength },
    },
  ];
}

/**
 * A classifier that is right in 9 of 10 examples of balanced data has odds of 9 to 1 for the right label of a typical
 * example. At a ratio of 9 the frequencies alone outweigh these odds: it gives the frequent label to most examples of
 * the rare one.
 */
const heaviestRatio = 9;

/** Finds labels that are so rare that their frequency outweighs what a text says. */
function imbalance({ problemType, labelCounts, rows }: DataFacts, { key }: ModelMetric): Alarm[] {
  if (problemType !== "single_label_classification" || key === "evalMacroF1") return [];
  const counts = Object.entries(labelCounts).filter(([, count]) => count > 0);
  if (counts.length < 2) return [];
  const [rarest, ...others] = counts.toSorted(([, a], [, b]) => a - b) as [[string, number], ...[string, number][]];
  const most = others.at(-1) as [string, number];
  const ratio = most[1] / rarest[1];
  if (ratio < heaviestRatio) return [];
  const named = ([name, count]: [string, number]) => `"${name}" (${formatCount(count)})`;
  return [
    {
      code: "IMBALANCE",
      sentence:
        `The training data has ${ratio.toFixed(1)} times as many examples of ${named(most)} as of ${named(rarest)}, and a ` +
        `model that never gives the rare label is right in ${formatPercent(1 - rarest[1] / rows)} of them. Weigh the labels ` +
        'by classWeights: "balanced", or choose the best epoch by metricForBestModel: "macroF1".',
      values: { ratio, rarest: rarest[1], mostFrequent: most[1] },
    },
  ];
}

/**
 * The highest rate at which encoders are usually fine-tuned (BERT 2e-5 to 5e-5, RoBERTa 1e-5 to 3e-5, ELECTRA base 1e-4).
 */
const highestEncoderRate = 1e-4;

/**
 * Finds stages in which a fresh head trains alone at an encoder's rate. AdamW moves a weight by about the learning rate
 * per step at most, so by the sum of the rates in a stage: where that is less than the size of the random values that the
 * weights begin with, the head stays close to where it was made.
 */
function headRate({ trainable, row }: PlannedStage, index: number, plan: Plan, model: SequenceClassifier): Alarm[] {
  const { headLearningRate: rate, learningRate, steps } = row;
  if (rate === undefined || learningRate !== undefined || rate > highestEncoderRate) return [];
  const earlier = plan.stages.slice(0, index);
  const fresh = model.newlyInitialized.filter(
    (name) => trainable.has(name) && !earlier.some((other) => other.trainable.has(name)),
  );
  const values = fresh.map((name) => model.parameters.get(name)).filter((parameter) => parameter?.shape.length === 2);
  if (values.length === 0) return [];
  const size = Math.max(...values.map((parameter) => rootMeanSquare(parameter?.data() ?? new Float32Array())));
  const schedule = stageSchedule(row);
  let way = 0;
  for (let step = 0; step < steps; step++) way += rate * schedule(step);
  if (way >= size) return [];
  return [
    {
      code: "HEAD_RATE",
      stage: index,
      sentence:
        `The fresh head trains alone at ${formatRate(rate)}, an encoder's rate: in ${formatCount(steps)} steps its weights can ` +
        `move by about ${formatRate(way)}, less than the ${formatRate(size)} of the random values they begin with. Set ` +
        "headLearningRate: 1e-3 for this stage.",
      values: { headLearningRate: rate, steps, reach: way, initialSize: size },
    },
  ];
}

const rootMeanSquare = (values: Float32Array): number =>
  Math.sqrt(values.reduce((sum, value) => sum + value * value, 0) / Math.max(1, values.length));

/**
 * Makes the alarm about labels that are never predicted, which a high accuracy can hide: their recall is 0. `where`: `"the
 * validation of epoch 3"`.
 */
export function neverPredictedAlarm({ labels, rows }: NeverPredicted, where: string): Alarm {
  const names = listed(
    labels.map(({ name, examples }) => `"${name}" (${formatCount(examples)} ${examples === 1 ? "has" : "have"} it)`),
  );
  return {
    code: "NEVER_PREDICTED",
    sentence:
      `In ${where} the model gave none of the ${formatCount(rows)} examples the ` +
      `${labels.length === 1 ? "label" : "labels"} ${names}: recall 0. Train longer or at a higher rate, give it more ` +
      'examples of the label, or weigh the labels by classWeights: "balanced".',
    values: { labels: labels.length, examples: labels.reduce((sum, { examples }) => sum + examples, 0), rows },
  };
}
