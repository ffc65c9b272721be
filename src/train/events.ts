/** The events of a run: a closed union, so that a view that forgets a case does not compile. */
import type { StagePlan } from "../plan/plan.ts";
import type { ModelMetric } from "../task/metrics.ts";
import type { Alarm } from "./alarms.ts";
import type { HistoryRow, RunRecord, StageOutcome } from "./runRecord.ts";

/** An event of a run, as `trainer.events()` yields it; `kind` distinguishes the cases. */
export type TrainerEvent =
  | {
      readonly kind: "begin";
      readonly stages: readonly StagePlan[];
      /** Number of planned optimizer steps and epochs; a stage that ends early skips some of them. */
      readonly totalSteps: number;
      readonly totalEpochs: number;
      /** The metric that the best epoch is chosen by. */
      readonly metric: ModelMetric;
    }
  /** The stage with this index begins. */
  | { readonly kind: "stage"; readonly stage: number }
  /** A stage has ended, after all of its epochs or earlier. */
  | { readonly kind: "stageEnd"; readonly stage: number; readonly outcome: StageOutcome }
  /** The pass through the frozen layers has processed `done` of `total` examples. */
  | { readonly kind: "prefix"; readonly done: number; readonly total: number }
  /** A notice for the user, which the run's report repeats. */
  | { readonly kind: "notice"; readonly notice: string }
  /** Something goes wrong in the run; the run's report repeats it. */
  | { readonly kind: "alarm"; readonly alarm: Alarm }
  /** An optimizer step has finished. `loss` is the running mean of the epoch, `stepLoss` the loss of this step alone. */
  | {
      readonly kind: "step";
      readonly step: number;
      readonly epoch: number;
      readonly loss: number;
      readonly stepLoss: number;
    }
  /** The evaluation has processed `done` of `total` examples of the validation data. */
  | { readonly kind: "evaluate"; readonly done: number; readonly total: number }
  /** An epoch has finished and been evaluated (if there is validation data). */
  | { readonly kind: "epoch"; readonly row: HistoryRow }
  /** A row of the log within an epoch: after an evaluation, or after every `loggingSteps` steps. */
  | { readonly kind: "log"; readonly row: HistoryRow }
  /** A checkpoint has been saved in this folder. */
  | { readonly kind: "save"; readonly folder: string; readonly step: number }
  /** The run goes on from the checkpoint in this folder; `history` is the log up to it. */
  | {
      readonly kind: "resume";
      readonly folder: string;
      readonly step: number;
      readonly epoch: number;
      readonly stage: number;
      /** Number of steps that this stage has taken already. */
      readonly stageSteps: number;
      readonly history: readonly HistoryRow[];
    }
  /** The run has finished; this is its record. */
  | { readonly kind: "end"; readonly run: RunRecord };
