/**
 * The report of a run: a table of its stages, and sentences about what it began from and ended with, with the evidence that
 * frozen weights did not change.
 */
import { displaySymbol, type MimeBundle } from "../../shared/mimeBundle.ts";
import { escapeHtml } from "../../shared/text.ts";
import { listed } from "../display/listed.ts";
import {
  formatBytes,
  formatCount,
  formatDuration,
  formatEpoch,
  formatNumber,
  formatPercent,
  formatSeconds,
} from "../display/numbers.ts";
import { type Column, Table } from "../display/table.ts";
import { describeMetric, formatMetric, kindOf, type MetricKey } from "../task/metrics.ts";
import type { Alarm } from "../train/alarms.ts";
import type {
  BestRecord,
  Evidence,
  HistoryRow,
  InterruptedStatus,
  RunRecord,
  StageRecord,
} from "../train/runRecord.ts";
import type { StageEvidence } from "../train/stageEvidence.ts";
import { alarmHtml, alarmLine } from "./alarmLines.ts";

/** The report of a run: its table and sentences. It shows itself where a cell ends with it. */
export interface Report {
  /** One row per stage: what it trained, its epochs, cost, time and best validation metric. */
  readonly stages: Table;
  /** The alarms of the run: each says what went wrong, by which number, and what to do. */
  readonly alarms: readonly Alarm[];
  /**
   * The findings in this order: where and why the run did not finish; its result; stages that ended early; weights that had
   * been trained or changed before; the evidence for frozen weights, and that of each stage; the run's notices.
   */
  readonly sentences: readonly string[];
  /** Writes the table, the alarms and the sentences as plain text. */
  toString(): string;
  /** Shows the report as HTML and text where a cell ends with it. */
  [displaySymbol](): MimeBundle;
}

/** Makes the report of a run, which may have been stopped or may have failed. */
export function runReport(run: RunRecord): Report {
  const stages = stageTable(run);
  const { alarms = [] } = run;
  const sentences = [
    ...statusSentence(run),
    resultSentence(run),
    ...run.stages.flatMap(endSentence),
    ...startSentence(run),
    evidenceSentence(run.evidence),
    ...stageEvidence(run),
    ...run.notices,
  ];
  const text = [stages.toString(), "", ...alarms.map(alarmLine), ...sentences].join("\n");
  const html = [
    stages.toHtml(),
    ...alarms.map(alarmHtml),
    ...sentences.map((sentence) => `<p>${escapeHtml(sentence)}</p>`),
  ].join("");
  return {
    stages,
    alarms,
    sentences,
    toString: () => text,
    [displaySymbol]: () => ({ "text/html": `<div>${html}</div>`, "text/plain": text }),
    [Symbol.for("nodejs.util.inspect.custom")]: () => text,
  };
}

const right = "right" as const;

interface StageColumn extends Column {
  readonly cell: (stage: StageRecord) => string;
}

function stageTable({ stages, metric: { key } }: RunRecord): Table {
  const isForecast = stages.some(({ plan }) => plan.predictedSeconds !== undefined);
  const columns: StageColumn[] = [
    { title: "Stage", cell: ({ plan }) => plan.name },
    { title: "Trains", cell: ({ plan }) => plan.trains },
    { title: "Epochs", align: right, cell: epochsOf },
    { title: "Trainable parameters", align: right, cell: ({ plan }) => formatCount(plan.trainableParameters) },
    { title: "Predicted cost", align: right, cell: ({ plan }) => formatPercent(plan.relativeCost) },
  ];
  if (isForecast) {
    columns.push({
      title: "Predicted time",
      align: right,
      cell: ({ plan: { predictedSeconds } }) => (predictedSeconds === undefined ? "" : formatSeconds(predictedSeconds)),
    });
  }
  columns.push({ title: "Time", align: right, cell: timeOf });
  if (stages.some(({ outcome }) => (outcome?.prefixSeconds ?? 0) > 0)) {
    columns.push({ title: "of it frozen layers", align: right, cell: frozenTimeOf });
  }
  if (isForecast) {
    columns.push(
      { title: "Predicted memory", align: right, cell: ({ plan }) => memory(plan.predictedMemory) },
      { title: "Peak memory", align: right, cell: peakOf },
    );
  }
  columns.push({
    title: `Best validation ${kindOf(key).name}`,
    align: right,
    cell: ({ outcome }) => bestOf(outcome?.best, key),
  });
  return new Table({ columns, rows: stages.map((stage) => columns.map(({ cell }) => cell(stage))) });
}

/** Writes "3", or "3 of 10" where the stage did not run all of its epochs. */
function epochsOf({ plan, outcome }: StageRecord): string {
  if (outcome === undefined) return `0 of ${plan.epochs}`;
  return outcome.epochs === plan.epochs ? String(plan.epochs) : `${outcome.epochs} of ${plan.epochs}`;
}

const timeOf = ({ outcome }: StageRecord): string =>
  outcome === undefined ? "not run" : formatDuration(outcome.seconds);

const frozenTimeOf = ({ outcome }: StageRecord): string =>
  outcome === undefined || outcome.prefixSeconds === 0 ? "" : formatDuration(outcome.prefixSeconds);

const memory = (bytes: number | undefined): string => (bytes === undefined ? "" : formatBytes(bytes));

/** A stage's own peak is not known where the process had held more memory before it. */
function peakOf({ outcome }: StageRecord): string {
  if (outcome === undefined) return "";
  return outcome.peakMemory === undefined ? "no more than before" : memory(outcome.peakMemory);
}

function bestOf(best: BestRecord | undefined, key: MetricKey): string {
  if (best === undefined) return "";
  const value = best[key];
  return `${value === undefined ? "not defined" : formatMetric(key, value)} (epoch ${formatEpoch(best.epoch)})`;
}

/**
 * Says where a run stopped: `"stopped at step 7 of 50, in epoch 2 of 10 (training)"`; undefined for a run that finished.
 */
export function stopInWords({ status, stages }: Pick<RunRecord, "status" | "stages">): string | undefined {
  if (status.state === "finished") return undefined;
  const steps = stages.reduce((sum, { plan }) => sum + plan.steps, 0);
  const epochs = stages.reduce((sum, { plan }) => sum + plan.epochs, 0);
  const verb = { stopped: "stopped", failed: "failed", running: "running, as yet" }[status.state];
  return `${verb} at step ${formatCount(status.step)} of ${formatCount(steps)}, ${placeOf(status, epochs)} (${status.during})`;
}

function placeOf({ epoch, during }: InterruptedStatus, epochs: number): string {
  const isWithin = during === "training" || !Number.isInteger(epoch);
  return isWithin
    ? `in epoch ${Math.floor(epoch) + 1} of ${epochs}`
    : `after ${formatEpoch(epoch)} of ${epochs} epochs`;
}

function statusSentence(run: RunRecord): string[] {
  const { status } = run;
  const words = stopInWords(run);
  if (words === undefined || status.state === "finished") return [];
  const reason = status.reason === undefined ? "" : `: ${status.reason.replace(/\.$/, "")}`;
  const code = status.code === undefined ? "" : ` (${status.code})`;
  return [`The run was ${words.replace(/^failed/, "ended by an error")}${reason}${code}.`];
}

function resultSentence(run: RunRecord): string {
  const { seconds, args, trainableParameters, totalParameters } = run;
  const trained =
    `Trained ${formatCount(trainableParameters)} of ${formatCount(totalParameters)} parameters ` +
    `(${formatPercent(trainableParameters / totalParameters)}) in ${formatSeconds(seconds)}, seed ${args.seed}`;
  return `${trained}; ${weightsInWords(run)}.`;
}

/** Says which epoch's weights the model has, and their validation metric. */
function weightsInWords({ weights, best, history, metric: { key }, data }: RunRecord): string {
  const { name } = kindOf(key);
  const of = Number.isInteger(weights.epoch)
    ? `epoch ${formatEpoch(weights.epoch)}`
    : `step ${formatCount(weights.step)}, within epoch ${Math.floor(weights.epoch) + 1}`;
  const has = weights.step === 0 ? "no step changed the model" : `the model has the weights of ${of}`;
  if (data.evaluation === undefined) return `${has}; nothing was held out, so there is no validation ${name}`;
  if (best === undefined) return `${has}; no epoch was evaluated`;
  const worth = (epoch: HistoryRow | BestRecord): string => {
    const [value, loss] = [epoch[key], epoch.evalLoss];
    if (value !== undefined) return `validation ${describeMetric(key, value)}`;
    return `validation ${name} not defined${loss === undefined ? "" : `, loss ${formatNumber(loss)}`}`;
  };
  const row = history.find(({ epoch }) => epoch === weights.epoch);
  if (row?.epoch === best.epoch) return `${has}, ${worth(row)}`;
  return `${has}${row === undefined ? "" : `, ${worth(row)}`}; the best epoch was ${formatEpoch(best.epoch)}, ${worth(best)}`;
}

/** Says why a stage ended before all of its epochs were done. */
function endSentence({ plan, outcome }: StageRecord): string[] {
  if (outcome?.ended !== "patience") return [];
  const worse = plan.patience === 1 ? "1 epoch" : `${plan.patience} epochs in a row`;
  return [
    `Stage "${plan.name}" ended after ${outcome.epochs} of ${plan.epochs} epochs: patience ${plan.patience}, no better ` +
      `validation in ${worse}.`,
  ];
}

/** Says where a run did not begin from pretrained weights with a fresh head. */
function startSentence({ model: { start, name, earlierSteps }, weights }: RunRecord): string[] {
  const hash = `SHA-256 ${weights.start.slice(0, 12)}`;
  const from = name === null ? "the model" : name;
  const steps = `${formatCount(earlierSteps)} ${earlierSteps === 1 ? "step" : "steps"}`;
  switch (start) {
    case "pretrained":
      return [];
    case "trained":
      return [
        earlierSteps > 0
          ? `It began from trained weights (${hash}): earlier runs had taken ${steps} with this model.`
          : `It began from trained weights (${hash}): ${from} came with its head.`,
      ];
    case "edited":
      return [
        `It began from weights (${hash}) that were changed by hand after ${from} was loaded` +
          `${earlierSteps > 0 ? ` and after ${steps} of earlier runs` : ""}.`,
      ];
  }
}

/** Says what was frozen over the whole run, and that its bytes are those from before it. */
export function evidenceSentence(evidence: Evidence): string {
  const { frozenParameters, frozenTensors, before, after, changed, optimizerBytesForFrozen } = evidence;
  if (frozenTensors === 0) return "Nothing was frozen during the whole run.";
  const tensors = `${formatCount(frozenTensors)} ${frozenTensors === 1 ? "tensor" : "tensors"}`;
  const subject = `${formatCount(frozenParameters)} parameters in ${tensors} stayed frozen`;
  if (after === null)
    return `${subject}; their bytes were not hashed again at the end (SHA-256 ${before.slice(0, 12)} before).`;
  const hashes = `SHA-256 ${before.slice(0, 12)} before, ${after.slice(0, 12)} after`;
  const moved =
    changed.length === 0 && before === after
      ? `0 bytes changed (${hashes})`
      : `but ${changed.length} of these tensors changed (${hashes}): ${listed(changed.slice(0, 3))}`;
  return `${subject}: ${moved}; optimizer state held for them: ${formatCount(optimizerBytesForFrozen)} bytes.`;
}

/** Says of each stage what was frozen and hashed, what the optimizer held, and which random tensors trained. */
function stageEvidence({ stages }: RunRecord): string[] {
  return stages.flatMap(({ plan, outcome }) => {
    const evidence = outcome?.evidence;
    if (evidence === undefined) return [];
    const { frozen, optimizer, steps, newlyInitialized } = evidence;
    const hashes = `SHA-256 ${frozen.before.slice(0, 12)} before, ${frozen.after.slice(0, 12)} after`;
    const count = (number: number, noun: string) => `${formatCount(number)} ${number === 1 ? noun : `${noun}s`}`;
    const parts = [
      frozen.tensors === 0
        ? "nothing frozen"
        : `${count(frozen.tensors, "tensor")} frozen (${formatCount(frozen.parameters)} parameters), ` +
          `${count(frozen.changed.length, "tensor")} changed (${hashes})`,
      `the optimizer updated ${formatCount(optimizer.updated)} of ${count(optimizer.trainable, "trainable tensor")} and holds ` +
        `${formatCount(optimizer.frozen)} frozen ones${stepsInWords(steps)}`,
      ...(optimizer.withoutGradient.length === 0 ? [] : [`no gradient for ${listed(optimizer.withoutGradient)}`]),
      ...randomInWords(newlyInitialized),
    ];
    return [`Stage "${plan.name}": ${parts.join("; ")}.`];
  });
}

/** Writes `", step count 375"`, or the range and the tensors that have taken fewer steps. */
function stepsInWords({ lowest, highest, fewer }: StageEvidence["steps"]): string {
  if (highest === 0) return "";
  if (lowest === highest) return `, step count ${formatCount(highest)}`;
  const names = Object.keys(fewer);
  const shown = names.length <= 3 ? names.join(", ") : `${names.slice(0, 2).join(", ")} and ${names.length - 2} more`;
  return `, step counts ${formatCount(lowest)} to ${formatCount(highest)} (fewer: ${shown})`;
}

function randomInWords({ trained, untrained }: StageEvidence["newlyInitialized"]): string[] {
  return [
    ...(trained.length === 0 ? [] : [`trained from random values: ${listed(trained)}`]),
    ...(untrained.length === 0 ? [] : [`still random: ${listed(untrained)}`]),
  ];
}
