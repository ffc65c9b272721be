/** The alarm of a comparison: seeds that disagree more than the strategies do. */
import { formatCount, formatPercent } from "../display/numbers.ts";
import { formatMetric, type MetricKey } from "../task/metrics.ts";
import type { Alarm } from "../train/alarms.ts";
import { fisherTail } from "../train/statistics.ts";

/** The values of one metric under one strategy, one per run. */
export interface StrategyValues {
  readonly name: string;
  readonly values: readonly number[];
}

/** The usual level of a single test: a comparison is one. */
const level = 0.05;

/**
 * Finds comparisons in which chance explains the differences between strategies: a one-way analysis of variance of the
 * runs' metric, strategies against seeds. It needs two strategies and a strategy with two runs.
 */
export function seedNoise(strategies: readonly StrategyValues[], key: MetricKey, where: string): Alarm[] {
  const groups = strategies.filter(({ values }) => values.length > 0);
  const all = groups.flatMap(({ values }) => values);
  const [between, within] = [groups.length - 1, all.length - groups.length];
  if (between < 1 || within < 1) return [];
  const means = groups.map(({ values }) => meanOf(values));
  const middle = meanOf(all);
  const squaresBetween = groups.reduce(
    (sum, { values }, i) => sum + values.length * ((means[i] as number) - middle) ** 2,
    0,
  );
  const squaresWithin = groups.reduce(
    (sum, { values }, i) => sum + values.reduce((rest, value) => rest + (value - (means[i] as number)) ** 2, 0),
    0,
  );
  if (squaresWithin === 0) return []; // the seeds agree
  const variance = squaresWithin / within;
  const chance = fisherTail(squaresBetween / between / variance, between, within);
  if (chance < level) return [];
  const [seedSpread, range] = [Math.sqrt(variance), Math.max(...means) - Math.min(...means)];
  return [
    {
      code: "SEED_NOISE",
      sentence:
        `Seeds disagree too much to tell the strategies apart: within a strategy the ${where} differs by ` +
        `${formatMetric(key, seedSpread)} (standard deviation), between strategies by ${formatMetric(key, range)} at most, and ` +
        `chance alone gives such differences in ${formatPercent(chance, 0)} of comparisons (analysis of variance). ` +
        moreSeeds(variance, range),
      values: { seedDeviation: seedSpread, range, probability: chance, strategies: groups.length, runs: all.length },
    },
  ];
}

/**
 * Says how many seeds per strategy would show the largest difference at the level of 5 % with a probability of 80 %: `2
 * (1.96 + 0.84)^2 variance / difference^2`, from the normal quantiles.
 */
function moreSeeds(variance: number, difference: number): string {
  const seeds = Math.ceil((2 * 2.8 ** 2 * variance) / difference ** 2);
  const beyondUse = 100;
  return seeds <= beyondUse
    ? `Run about ${formatCount(Math.max(3, seeds))} seeds of each, or evaluate on more examples.`
    : `More than ${beyondUse} seeds of each would be needed: take the cheapest of these strategies.`;
}

const meanOf = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length;
