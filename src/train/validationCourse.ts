/** The validation values of a run that the schedule of a stage depends on. */
import type { ValidationCourse } from "../schedule/settings.ts";
import type { JoinedSchedule } from "../schedule/stageSchedule.ts";
import type { ModelMetric } from "../task/metrics.ts";
import type { HistoryRow } from "./runRecord.ts";

/**
 * Returns the values of the metric in this stage (by its index) and in the stages whose schedule it goes on with, counted in
 * optimizer steps of this stage.
 */
export function validationCourse(
  history: readonly HistoryRow[],
  { stage, joined }: { readonly stage: number; readonly joined?: JoinedSchedule | undefined },
  { key, greaterIsBetter }: ModelMetric,
): ValidationCourse {
  const firstStage = stage - (joined?.stagesBefore ?? 0);
  const start = history.filter((row) => row.stage < stage).at(-1)?.step ?? 0;
  const values = history
    .filter((row) => firstStage <= row.stage && row.stage <= stage)
    .flatMap((row) => {
      const value = row[key];
      return value === undefined ? [] : [{ step: row.step - start, value }];
    });
  return { greaterIsBetter, values };
}
