/** Thaw: fine-tune Hugging Face sequence classifiers layer by layer, and prove what was trained. */
import "./platform/checkNode.ts";

export type { CodedError, LibraryErrorCode } from "../shared/codedError.ts";
export type { DisplayBundle, MimeBundle } from "../shared/mimeBundle.ts";
export type { Align } from "../shared/table.ts";
export type { SamplingStrategy, samplingStrategies } from "./data/batches.ts";
export type { DatasetContent, Example } from "./data/examples.ts";
export type { DatasetOptions, SeparatedOptions, TextFileOptions, TextSource } from "./data/options.ts";
export type { Row } from "./data/rows.ts";
export type { PartSize, SplitOptions } from "./data/split.ts";
export { type Split, TextDataset } from "./data/textDataset.ts";
export { type Cell, type Column, type ShownAsTable, Table, type TableContent } from "./display/table.ts";
export {
  type EmbeddingMap,
  type EmbeddingMapModelOptions,
  type EmbeddingMapOptions,
  embeddingMap,
} from "./embeddingMap.ts";
export { ThawError } from "./errors.ts";
export type { ComputeMetrics, EvalPrediction } from "./evaluate/computeMetrics.ts";
export type { EvaluateResult } from "./evaluate/evaluateLogits.ts";
export { type ExplainModelOptions, type ExplainOptions, explain, type Target } from "./explain.ts";
export { type ExportOptions, exportOnnx } from "./exportOnnx.ts";
export type { Block, BlockMap, SelectableModel, Selection } from "./freezing/selection.ts";
export type { ResolveOptions } from "./hub/resolveModel.ts";
export { type SampleName, sampleData } from "./hub/thawFolder.ts";
export { AutoModelForSequenceClassification, type FromPretrainedOptions } from "./models/autoModel.ts";
export type {
  DropoutRates,
  HuggingFaceConfig,
  JsonObject,
  TrainingInput,
  trainingInputs,
} from "./models/config/config.ts";
export type { LabelOptions } from "./models/config/labels.ts";
export type { GivenLabels } from "./models/inputs.ts";
export type { HeadOptions } from "./models/loadPlan.ts";
export type { PaddedBatch } from "./models/packedBatch.ts";
export type { Parameter } from "./models/parameter.ts";
export type { Cut, ForwardOutput, SequenceClassifier } from "./models/sequenceClassifier.ts";
export type { BlockSummary, ModelSummary } from "./models/summary.ts";
export type { DropoutRng } from "./nn/dropout.ts";
export {
  AdamW,
  type AdamWOptions,
  type OptimizerState,
  type ParameterState,
  type Updatable,
  type Update,
} from "./optim/adamW.ts";
export type { MemorySize } from "./options.ts";
export {
  type ClassifyOptions,
  type PipelineOptions,
  pipeline,
  type TextClassificationPipeline,
  type TextPairInput,
} from "./pipeline.ts";
export type { OptionalArgument, ResolvedArguments, TrainingArguments } from "./plan/arguments.ts";
export { checkStages } from "./plan/checkStages.ts";
export type { StageCost } from "./plan/cost.ts";
export type { Plan, PlannedStage, StagePlan } from "./plan/plan.ts";
export { type PlanFile, type ReadPlanOptions, readPlan } from "./plan/planFile.ts";
export type { PrefixDecision } from "./plan/prefix.ts";
export type { Stage } from "./plan/stage.ts";
export {
  classifierOnly,
  lastLayers,
  type ProgressiveOptions,
  progressive,
  type RecipeOptions,
} from "./recipes/recipes.ts";
export { Run } from "./run.ts";
export type { PlateauOptions } from "./schedule/plateau.ts";
export {
  type CosineOptions,
  getConstantSchedule,
  getConstantScheduleWithWarmup,
  getCosineScheduleWithWarmup,
  getCosineWithHardRestartsScheduleWithWarmup,
  getInverseSqrtSchedule,
  getLinearScheduleWithWarmup,
  getPolynomialDecayScheduleWithWarmup,
  getWsdSchedule,
  type InverseSqrtOptions,
  type PolynomialOptions,
  type Schedule,
  type WarmupOptions,
  type WsdOptions,
  type WsdShape,
  type wsdShapes,
} from "./schedule/schedule.ts";
export type { SchedulerKwargs, SchedulerType, schedulerTypes } from "./schedule/settings.ts";
export type { JoinedSchedule, ScheduleStart, StageSchedule, scheduleStarts } from "./schedule/stageSchedule.ts";
export type { RateSuggestions } from "./schedule/suggestRate.ts";
export {
  type annealStrategies,
  getOneCycleSchedule,
  getSlantedTriangularSchedule,
  type OneCycleOptions,
  type SlantedTriangularOptions,
} from "./schedule/triangles.ts";
export type { ExplainedToken } from "./show/attributedTokens.ts";
export {
  type CompareExplanationsOptions,
  compareExplanations,
  type ExplanationComparison,
} from "./show/compareExplanations.ts";
export { type Comparison, compareRuns } from "./show/compareRuns.ts";
export type { MapPoint } from "./show/embeddingMapFigure.ts";
export type { Evaluation, EvaluationDetails, EvaluationInput } from "./show/evaluation.ts";
export type { Explanation, LabelExplanation } from "./show/explanation.ts";
export { Figure } from "./show/figure/figure.ts";
export type { PlotlyFigure } from "./show/figure/plotlyWindow.ts";
export type { LearningRates } from "./show/learningRates.ts";
export type { Report } from "./show/report.ts";
export type { CompareOptions, RunLike, RunSummary, Spread, TestResult } from "./show/runSummary.ts";
export {
  type SuspectedLabel,
  SuspectedLabels,
  type SuspectedLabelsOptions,
  suspectedLabels,
} from "./suspectedLabels.ts";
export type { Calibration, CalibrationBin, LabelScores, ShareInterval } from "./task/labelScores.ts";
export type { ClassWeights } from "./task/lossArguments.ts";
export type { BuiltInMetric, MetricKey, Metrics, ModelMetric, metricKinds } from "./task/metrics.ts";
export type { LabelScore, ScoreFunction } from "./task/scores.ts";
export type { Labels, Prediction, ProblemType, problemTypes } from "./task/task.ts";
export type { Precision, precisions } from "./tensor/precision.ts";
export { tf } from "./tensor/tensorflow.ts";
export type { NativeVariable } from "./tensor/variable.ts";
export { AutoTokenizer, type FromPretrainedTokenizerOptions } from "./tokenizer/autoTokenizer.ts";
export type { BatchEncoding, Side, TokenizerBackend, TruncationStrategy, UnpaddedText } from "./tokenizer/rows.ts";
export type { SaveTokenizerOptions } from "./tokenizer/saved.ts";
export type {
  DecodeOptions,
  EncodeOptions,
  TokenizeOptions,
  Tokenizer,
  TruncationOptions,
} from "./tokenizer/tokenizer.ts";
export type { XenovaEncoding, XenovaOptions, XenovaTokenizer } from "./tokenizer/xenova.ts";
export type { Alarm, AlarmCode } from "./train/alarms.ts";
export type { CallbackAnswer, TrainerCallback, TrainerRequest } from "./train/callbacks.ts";
export type { TrainerEvent } from "./train/events.ts";
export type { FindLearningRateOptions, LearningRateCurve, RatePart } from "./train/findLearningRate.ts";
export type {
  ArgumentValue,
  BestRecord,
  ChainLink,
  DataRecord,
  Evidence,
  HistoryRow,
  InterruptedStatus,
  ModelRecord,
  RunRecord,
  RunStatus,
  recordVersion,
  StageOutcome,
  StageRecord,
  WeightsRecord,
} from "./train/runRecord.ts";
export type { SaveModelOptions } from "./train/saveModel.ts";
export { type SessionInfo, sessionInfo, type Versions } from "./train/sessionInfo.ts";
export type { StageEvidence } from "./train/stageEvidence.ts";
export type { NoOptions, PredictOptions, TrainerOptions, TrainOptions } from "./train/trainerOptions.ts";
export { Trainer } from "./trainer.ts";
