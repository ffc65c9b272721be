/** Thaw: fine-tune Hugging Face sequence classifiers layer by layer, and prove what was trained. */
import "./checkNode.ts";

export { TextDataset } from "./data/textDataset.ts";
export { Table } from "./display/table.ts";
export { tf } from "./engine/tensorflow.ts";
export { ThawError } from "./errors.ts";
export { compareRuns } from "./figures/compareRuns.ts";
export { Figure } from "./figures/figure.ts";
export type { Selection } from "./freezing/selection.ts";
export type { TrainerEvent } from "./history/events.ts";
export type { HistoryRow, RunRecord } from "./history/history.ts";
export { sampleData } from "./hub/sampleData.ts";
export { AutoModelForSequenceClassification, type FromPretrainedOptions } from "./models/autoModel.ts";
export type { Parameter } from "./models/parameter.ts";
export type { SequenceClassifier } from "./models/sequenceClassifier.ts";
export { type ExportOptions, exportOnnx } from "./onnx/exportOnnx.ts";
export { AdamW } from "./optim/adamW.ts";
export type { Plan } from "./plan/plan.ts";
export type { Stage } from "./plan/stage.ts";
export { classifierOnly, lastLayers, progressive } from "./recipes/recipes.ts";
export {
  getConstantSchedule,
  getConstantScheduleWithWarmup,
  getCosineScheduleWithWarmup,
  getLinearScheduleWithWarmup,
} from "./schedule/schedule.ts";
export { sessionInfo } from "./session/sessionInfo.ts";
export { AutoTokenizer } from "./tokenizer/autoTokenizer.ts";
export type { BatchEncoding } from "./tokenizer/pad.ts";
export type { Tokenizer } from "./tokenizer/tokenizer.ts";
export type { TrainingArguments } from "./trainer/arguments.ts";
export type { Prediction } from "./trainer/predictions.ts";
export { Run } from "./trainer/run.ts";
export { type PredictOptions, Trainer, type TrainerOptions } from "./trainer/trainer.ts";
