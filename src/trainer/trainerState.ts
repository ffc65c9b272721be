/** What a saved model remembers of its training, in Hugging Face's files and words. */
import type { HistoryRow, RunRecord } from "../history/history.ts";
import { accuracyMetric, type ModelMetric } from "../history/metrics.ts";
import type { Plan } from "../plan/plan.ts";
import type { ResolvedArguments } from "./arguments.ts";
import type { JsonFiles } from "./saveModel.ts";

/** `training_args.json` and `trainer_state.json`; the plan, and the epoch whose weights are saved, stand in the latter. */
export function trainerState(
  args: ResolvedArguments,
  plan: Plan,
  history: readonly HistoryRow[],
  best?: RunRecord["best"],
  { key, greaterIsBetter }: ModelMetric = accuracyMetric,
): JsonFiles {
  const bestRow = history.find(({ epoch }) => epoch === best?.epoch);
  const { outputDir: _, ...rest } = args; // a path of the machine says nothing to others
  return {
    "training_args.json": snakeCased({ ...rest, metricForBestModel: snakeCase(key), greaterIsBetter }),
    "trainer_state.json": {
      epoch: history.at(-1)?.epoch ?? 0,
      global_step: history.at(-1)?.step ?? 0,
      best_metric: best?.[key] ?? null,
      best_global_step: bestRow?.step ?? null,
      stages: plan.stages.map(({ stage, trainable, row }) => ({
        name: row.name,
        trains: row.trains,
        epochs: stage.epochs,
        steps: row.steps,
        trainable: [...trainable],
      })),
      log_history: history.map(snakeCased),
    },
  };
}

function snakeCased(object: object): Record<string, unknown> {
  return Object.fromEntries(Object.entries(object).map(([name, value]) => [snakeCase(name), value]));
}

/** `evalMacroF1` -> `eval_macro_f1` */
function snakeCase(name: string): string {
  return name.replace(/(?<=[a-z0-9])[A-Z]/g, (letter) => `_${letter}`).toLowerCase();
}
