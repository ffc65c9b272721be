/** Thaw: fine-tune Hugging Face sequence classifiers layer by layer, and prove what was trained. */
import "./checkNode.ts";

export type { DatasetOptions, SeparatedOptions, TextFileOptions } from "./data/options.ts";
export type { Row } from "./data/rows.ts";
export type { SplitOptions } from "./data/split.ts";
export { type Example, type Split, TextDataset } from "./data/textDataset.ts";
export { Table } from "./display/table.ts";
export { tf } from "./engine/tensorflow.ts";
export { ThawError } from "./errors.ts";
export { type Comparison, compareRuns } from "./figures/compareRuns.ts";
export { Figure } from "./figures/figure.ts";
export type { Selection } from "./freezing/selection.ts";
export type { TrainerEvent } from "./history/events.ts";
export type { HistoryRow, RunRecord, RunStatus, StageOutcome, StageRecord } from "./history/record.ts";
export { sampleData } from "./hub/sampleData.ts";
export { AutoModelForSequenceClassification, type FromPretrainedOptions } from "./models/autoModel.ts";
export type { Parameter } from "./models/parameter.ts";
export type { SequenceClassifier } from "./models/sequenceClassifier.ts";
export { type ExportOptions, exportOnnx } from "./onnx/exportOnnx.ts";
export { AdamW } from "./optim/adamW.ts";
export {
  type ClassifyOptions,
  type PipelineOptions,
  pipeline,
  type TextClassificationPipeline,
  type TextPairInput,
} from "./pipeline/pipeline.ts";
export type { Plan, StagePlan } from "./plan/plan.ts";
export { checkStages, type Stage } from "./plan/stage.ts";
export { classifierOnly, lastLayers, progressive } from "./recipes/recipes.ts";
export {
  getConstantSchedule,
  getConstantScheduleWithWarmup,
  getCosineScheduleWithWarmup,
  getLinearScheduleWithWarmup,
} from "./schedule/schedule.ts";
export { sessionInfo } from "./session/sessionInfo.ts";
export { AutoTokenizer } from "./tokenizer/autoTokenizer.ts";
export type { BatchEncoding } from "./tokenizer/rows.ts";
export type { Tokenizer } from "./tokenizer/tokenizer.ts";
export type { TrainingArguments } from "./trainer/arguments.ts";
export type { LabelScore, Prediction } from "./trainer/predictions.ts";
export { Run } from "./trainer/run.ts";
export { type PredictOptions, Trainer, type TrainerOptions, type TrainOptions } from "./trainer/trainer.ts";
