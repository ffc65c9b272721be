import { expect, test } from "vitest";
import { meanSquaredError, regressionMetrics } from "../../src/task/regression.ts";
import { golden } from "../golden/read.ts";
import { testLoss } from "./goldenLosses.ts";

testLoss(meanSquaredError, "mean_squared_error", (output, target) => (output - target) ** 2);

interface MetricsCase {
  name: string;
  targets: number[][];
  predictions: number[][];
  mse: number;
  mae: number;
  r2: number | null;
  pearson: number | null;
  spearman: number | null;
}

test.each(golden<{ regression: MetricsCase[] }>("task_metrics.json").regression)(
  "$name: equal to scikit-learn and SciPy, undefined where they are",
  (expected) => {
    const { targets, predictions } = expected;
    const mine = regressionMetrics(predictions.flat(), targets.flat(), (targets[0] as number[]).length);
    for (const key of ["mse", "mae", "r2", "pearson", "spearman"] as const) {
      if (expected[key] === null) expect(mine[key], key).toBeUndefined();
      else expect(mine[key], key).toBeCloseTo(expected[key], 10);
    }
  },
);
