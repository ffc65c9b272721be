/** What a plan will do, before it does it. */
import { formatBytes, formatCount, formatPercent, formatRate, formatSeconds } from "../display/numbers.ts";
import { type Cell, type Column, Table } from "../display/table.ts";
import type { StageRecord } from "../history/history.ts";

/** A stage as it is planned, with the rates it will train at. */
export interface PlannedStage extends StageRecord {
  /** Highest learning rate of the encoder layers; absent where only the head trains. */
  readonly learningRate?: number;
  readonly headLearningRate?: number;
  /** Hugging Face's name: `"linear"`. */
  readonly lrSchedulerType?: string;
  readonly warmupSteps?: number;
  /** It trains weights that several layers read. */
  readonly trainsShared?: boolean;
}

/** `totalParameters`: of the whole model, trainable or not. The last row sums up. */
export function planTable(stages: readonly PlannedStage[], totalParameters: number): Table {
  const isForecast = stages.some((stage) => stage.predictedSeconds !== undefined);
  const columns: Column[] = [
    { title: "Stage" },
    { title: "Trains" },
    { title: "Epochs", align: "right" },
    { title: "Steps", align: "right" },
    { title: "Trainable parameters", align: "right" },
    { title: "Learning rate", align: "right" },
    { title: "Head learning rate", align: "right" },
    { title: "Schedule" },
    { title: "Predicted cost", align: "right" },
    ...(isForecast ? predictions : []),
  ];
  const steps = stages.reduce((sum, stage) => sum + stage.steps, 0);
  const epochs = stages.reduce((sum, stage) => sum + stage.epochs, 0);
  const all: Cell[] = ["all", "", epochs, formatCount(steps), "", "", "", "", formatPercent(meanCost(stages))];
  if (isForecast) {
    all.push(formatSeconds(stages.reduce((sum, stage) => sum + (stage.predictedSeconds ?? 0), 0)));
    all.push(formatBytes(Math.max(...stages.map((stage) => stage.predictedMemory ?? 0))));
  }
  return new Table({
    columns,
    rows: [...stages.map((stage) => planRow(stage, totalParameters)), ...(stages.length > 1 ? [all] : [])],
    caption:
      `${stages.length} ${stages.length === 1 ? "stage" : "stages"} over ${formatCount(totalParameters)} parameters. ` +
      "Cost: predicted work, 100% = training everything for as many epochs." +
      (isForecast ? " Time: from what one layer takes on this machine. Memory: the most that the process holds." : "") +
      (stages.some(({ trainsShared }) => trainsShared)
        ? ' "shared" weights serve several layers: a stage that trains them computes everything from layer 0 on.'
        : ""),
  });
}

/** Cost of all stages together relative to training everything for as many epochs. */
export function meanCost(stages: readonly StageRecord[]): number {
  const epochs = stages.reduce((sum, stage) => sum + stage.epochs, 0);
  return epochs === 0 ? 0 : stages.reduce((sum, stage) => sum + stage.relativeCost * stage.epochs, 0) / epochs;
}

function planRow(stage: PlannedStage, totalParameters: number): Cell[] {
  const { firstEpoch, epochs, trainableParameters, learningRate, headLearningRate, lrSchedulerType, warmupSteps } =
    stage;
  const share = formatPercent(trainableParameters / totalParameters);
  const schedule = [lrSchedulerType, warmupSteps ? `${formatCount(warmupSteps)} steps of warmup` : undefined];
  return [
    stage.name,
    stage.trains,
    epochs === 1 ? `${firstEpoch}` : `${firstEpoch}-${firstEpoch + epochs - 1}`,
    formatCount(stage.steps),
    `${formatCount(trainableParameters)} (${share})`,
    learningRate === undefined ? "" : formatRate(learningRate),
    headLearningRate === undefined ? "" : formatRate(headLearningRate),
    schedule.filter(Boolean).join(", "),
    formatPercent(stage.relativeCost),
    ...(stage.predictedSeconds === undefined ? [] : [formatSeconds(stage.predictedSeconds)]),
    ...(stage.predictedMemory === undefined ? [] : [formatBytes(stage.predictedMemory)]),
  ];
}

const predictions: readonly Column[] = [
  { title: "Predicted time", align: "right" },
  { title: "Predicted memory", align: "right" },
];
