/** Thaw: fine-tune Hugging Face sequence classifiers layer by layer, and prove what was trained. */
import "./platform/checkNode.ts";

export type { Example } from "./data/examples.ts";
export type { DatasetOptions, SeparatedOptions, TextFileOptions } from "./data/options.ts";
export type { Row } from "./data/rows.ts";
export type { SplitOptions } from "./data/split.ts";
export { type Split, TextDataset } from "./data/textDataset.ts";
export { Table } from "./display/table.ts";
export { ThawError } from "./errors.ts";
export type { Prediction } from "./evaluate/predictions.ts";
export { type ExportOptions, exportOnnx } from "./exportOnnx.ts";
export type { Selection } from "./freezing/selection.ts";
export { sampleData } from "./hub/thawFolder.ts";
export { AutoModelForSequenceClassification, type FromPretrainedOptions } from "./models/autoModel.ts";
export type { Parameter } from "./models/parameter.ts";
export type { SequenceClassifier } from "./models/sequenceClassifier.ts";
export { AdamW } from "./optim/adamW.ts";
export {
  type ClassifyOptions,
  type PipelineOptions,
  pipeline,
  type TextClassificationPipeline,
  type TextPairInput,
} from "./pipeline.ts";
export type { TrainingArguments } from "./plan/arguments.ts";
export type { Plan, StagePlan } from "./plan/plan.ts";
export { checkStages, type Stage } from "./plan/stage.ts";
export { classifierOnly, lastLayers, progressive } from "./recipes/recipes.ts";
export { Run } from "./run.ts";
export {
  getConstantSchedule,
  getConstantScheduleWithWarmup,
  getCosineScheduleWithWarmup,
  getLinearScheduleWithWarmup,
} from "./schedule/schedule.ts";
export { type Comparison, compareRuns } from "./show/compareRuns.ts";
export { Figure } from "./show/figure/figure.ts";
export type { LabelScore } from "./task/scores.ts";
export { tf } from "./tensor/tensorflow.ts";
export { AutoTokenizer } from "./tokenizer/autoTokenizer.ts";
export type { BatchEncoding } from "./tokenizer/rows.ts";
export type { Tokenizer } from "./tokenizer/tokenizer.ts";
export type { TrainerEvent } from "./train/events.ts";
export type { HistoryRow, RunRecord, RunStatus, StageOutcome, StageRecord } from "./train/runRecord.ts";
export { sessionInfo } from "./train/sessionInfo.ts";
export type { PredictOptions, TrainerOptions, TrainOptions } from "./train/trainerOptions.ts";
export { Trainer } from "./trainer.ts";
