/** What a run did, stage by stage, and the evidence that what was frozen did not move. */
import { inspect } from "node:util";
import { displaySymbol, type MimeBundle } from "../display/bundle.ts";
import { escapeHtml } from "../display/escapeHtml.ts";
import { formatBytes, formatCount, formatPercent, formatSeconds } from "../display/numbers.ts";
import { Table } from "../display/table.ts";
import type { Evidence, RunRecord, StageRecord } from "../history/history.ts";
import { accuracyMetric, describeMetric, formatMetric, type MetricKey, metricKinds } from "../history/metrics.ts";

/** Tables and sentences that show themselves. */
export interface Report {
  readonly stages: Table;
  /** One sentence each: the result, then the evidence; with several stages, then that of the stages; then notices. */
  readonly sentences: readonly string[];
  toString(): string;
  [displaySymbol](): MimeBundle;
  [inspect.custom](): string;
}

export function runReport(run: RunRecord): Report {
  const stages = stageTable(run.stages, (run.metric ?? accuracyMetric).key);
  const sentences = [
    resultSentence(run),
    evidenceSentence(run.evidence),
    ...stageEvidence(run),
    ...(run.notices ?? []),
  ];
  const text = [stages.toString(), "", ...sentences].join("\n");
  const html = stages.toHtml() + sentences.map((sentence) => `<p>${escapeHtml(sentence)}</p>`).join("");
  return {
    stages,
    sentences,
    toString: () => text,
    [displaySymbol]: () => ({ "text/html": `<div>${html}</div>`, "text/plain": text }),
    [inspect.custom]: () => text,
  };
}

function stageTable(stages: readonly StageRecord[], key: MetricKey): Table {
  const right = "right" as const;
  const isForecast = stages.some(({ predictedSeconds }) => predictedSeconds !== undefined);
  return new Table({
    columns: [
      { title: "Stage" },
      { title: "Trains" },
      { title: "Epochs", align: right },
      { title: "Trainable parameters", align: right },
      { title: "Predicted cost", align: right },
      ...(isForecast ? [{ title: "Predicted time", align: right }] : []),
      { title: "Time", align: right },
      ...(isForecast
        ? [
            { title: "Predicted memory", align: right },
            { title: "Peak memory", align: right },
          ]
        : []),
      { title: `Best validation ${metricKinds[key].name}`, align: right },
    ],
    rows: stages.map((stage) => [
      stage.name,
      stage.trains,
      stage.epochs,
      formatCount(stage.trainableParameters),
      formatPercent(stage.relativeCost),
      ...(isForecast ? [stage.predictedSeconds === undefined ? "" : formatSeconds(stage.predictedSeconds)] : []),
      stage.seconds === undefined ? "not run" : formatSeconds(stage.seconds),
      ...(isForecast ? [memory(stage.predictedMemory), peakOf(stage)] : []),
      bestOf(stage, key),
    ]),
  });
}

const memory = (bytes: number | undefined): string => (bytes === undefined ? "" : formatBytes(bytes));

/** Where the process had held more before, only that is known. */
function peakOf({ seconds, peakMemory }: StageRecord): string {
  return seconds !== undefined && peakMemory === undefined ? "no more than before" : memory(peakMemory);
}

function bestOf({ bestMetric, bestEpoch }: StageRecord, key: MetricKey): string {
  if (bestMetric === undefined) return "";
  return formatMetric(key, bestMetric) + (bestEpoch === undefined ? "" : ` (epoch ${bestEpoch})`);
}

function resultSentence({ best, metric: { key } = accuracyMetric, ...run }: RunRecord): string {
  const { seconds, seed, trainableParameters, totalParameters } = run;
  const trained =
    `Trained ${formatCount(trainableParameters)} of ${formatCount(totalParameters)} parameters ` +
    `(${formatPercent(trainableParameters / totalParameters)}) in ${formatSeconds(seconds)}, seed ${seed}`;
  const value = best?.[key];
  if (best === undefined || value === undefined)
    return `${trained}; nothing was held out, so there is no validation ${metricKinds[key].name}.`;
  return `${trained}; the model has the weights of epoch ${best.epoch}, validation ${describeMetric(key, value)}.`;
}

/** Says what was frozen over the whole run, and that its bytes are those from before it. */
export function evidenceSentence(evidence: Evidence): string {
  const { frozenParameters, frozenTensors, before, after, changed, optimizerBytesForFrozen } = evidence;
  if (frozenTensors === 0) return "Nothing was frozen during the whole run.";
  const tensors = `${formatCount(frozenTensors)} ${frozenTensors === 1 ? "tensor" : "tensors"}`;
  const subject = `${formatCount(frozenParameters)} parameters in ${tensors} stayed frozen`;
  const hashes = `SHA-256 ${before.slice(0, 12)} before, ${after.slice(0, 12)} after`;
  const moved =
    changed.length === 0 && before === after
      ? `0 bytes changed (${hashes})`
      : `but ${changed.length} of these tensors changed (${hashes}): ${changed.slice(0, 3).join(", ")}`;
  return `${subject}: ${moved}; optimizer state held for them: ${formatCount(optimizerBytesForFrozen)} bytes.`;
}

/** What each of several stages froze. A run whose stages changed one byte of it fails, so there is nothing else to say. */
function stageEvidence({ stages, totalParameters }: RunRecord): string[] {
  const froze = stages.filter((stage) => stage.seconds !== undefined && stage.trainableParameters < totalParameters);
  if (stages.length < 2 || froze.length === 0) return [];
  const list = froze.map((stage) => `${stage.name}: ${formatCount(totalParameters - stage.trainableParameters)}`);
  return [`Parameters frozen within a stage, hashed before and after it, 0 bytes changed: ${list.join("; ")}.`];
}
