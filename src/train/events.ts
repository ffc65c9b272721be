/** The events of a run: a closed union, so that a view that forgets a case does not compile. */
import type { StagePlan } from "../plan/plan.ts";
import type { ModelMetric } from "../task/metrics.ts";
import type { HistoryRow, RunRecord, StageOutcome } from "./runRecord.ts";

/** Something that happens in a run, as `trainer.events()` yields it; `kind` tells the cases apart. */
export type TrainerEvent =
  | {
      readonly kind: "begin";
      readonly stages: readonly StagePlan[];
      /** Number of optimizer steps and epochs that are planned; a stage that ends early leaves some of them out. */
      readonly totalSteps: number;
      readonly totalEpochs: number;
      /** The metric that the best epoch is chosen by. */
      readonly metric: ModelMetric;
    }
  /** A stage of this index begins. */
  | { readonly kind: "stage"; readonly stage: number }
  /** A stage has ended, after all of its epochs or earlier. */
  | { readonly kind: "stageEnd"; readonly stage: number; readonly outcome: StageOutcome }
  /** The frozen layers are being run once: `done` of `total` texts. */
  | { readonly kind: "prefix"; readonly done: number; readonly total: number }
  /** There is something that the user should know; it stands in the run's report too. */
  | { readonly kind: "notice"; readonly notice: string }
  /** One optimizer step is over. `loss` is the running mean of the epoch. */
  | { readonly kind: "step"; readonly step: number; readonly epoch: number; readonly loss: number }
  /** The validation data is being evaluated: `done` of `total` texts. */
  | { readonly kind: "evaluate"; readonly done: number; readonly total: number }
  /** An epoch is over and evaluated (where there is something to evaluate on). */
  | { readonly kind: "epoch"; readonly row: HistoryRow }
  /** The run has finished; this is its record. */
  | { readonly kind: "end"; readonly run: RunRecord };
