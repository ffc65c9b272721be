/** A training run while it goes on: its progress, epochs, alarms and notices, in one display that is rewritten in place. */
import type { DisplayBundle } from "../../shared/mimeBundle.ts";
import { escapeHtml } from "../../shared/text.ts";
import { type LiveDisplay, type LiveDisplayOptions, openDisplay } from "../display/liveDisplay.ts";
import { formatCount, formatEpoch, formatNumber } from "../display/numbers.ts";
import { type Bar, barHtml, barText } from "../display/progressBar.ts";
import { describeMetric, kindOf } from "../task/metrics.ts";
import type { TrainerEvent } from "../train/events.ts";
import type { RunRecord, RunStatus } from "../train/runRecord.ts";
import { alarmHtml, alarmLine } from "./alarmLines.ts";
import { epochTable, type UpcomingLine } from "./epochTable.ts";
import { liveCurves } from "./liveCurves.ts";
import { RunProgress } from "./runProgress.ts";

export interface LiveViewOptions extends LiveDisplayOptions {
  /** A clock in seconds from any fixed point. Default: the process's own clock. */
  readonly clock?: () => number;
}

/**
 * Shows the events of a run: `for await (const event of loop) view.show(event)`. The display opens at the first event and
 * closes with `end`; call `close()` where the loop ends in another way, so that the last state is shown.
 */
export class LiveView {
  readonly #progress: RunProgress;
  readonly #options: LiveViewOptions;
  #display: LiveDisplay | undefined;
  #ended: RunStatus | undefined;

  constructor(options: LiveViewOptions = {}) {
    this.#options = options;
    this.#progress = new RunProgress(options.clock ?? (() => performance.now() / 1000));
  }

  /**
   * Takes an event, in microseconds: the view is drawn at most twice a second, whatever the number of events. A browser on the
   * same machine takes some 20 ms of the training's cores for each.
   */
  show(event: TrainerEvent): void {
    this.#progress.take(event);
    if (this.#display === undefined) this.#display = openDisplay(this.#bundle(), { intervalMs: 500, ...this.#options });
    else this.#display.update(() => this.#bundle());
    if (event.kind === "end") this.close();
  }

  /** Shows the last state and ends the display. The status of a run that did not finish is written beside the bar. */
  close(status?: RunStatus): void {
    if (this.#display === undefined) return;
    if (status !== undefined && this.#progress.run === undefined) {
      this.#ended = status;
      this.#display.update(() => this.#bundle());
    }
    this.#display.close();
    this.#display = undefined;
  }

  #bundle(): DisplayBundle {
    const { rows, alarms, metric, totalEpochs, notices, stages, prefixSeconds, losses, liveStages, run } =
      this.#progress;
    const [stage, bar, side] = [this.#stageLine(), this.#bar(), this.#sideBar()];
    const content = { rows, stages, metric, prefixSeconds, alarms };
    const isLive = bar.isDone !== true;
    // While it goes on, nothing may move: epochs to come have rows already, lines are not wrapped, and an idle bar keeps its place.
    const table = isLive
      ? epochTable({ ...content, upcoming: this.#upcoming(), mostRows: 12 })
      : epochTable({ ...content });
    const shownSide = side ?? { label: "Evaluating, text", done: 0, total: 0, elapsedSeconds: 0 };
    const sideHtml = `${oneLine(escapeHtml(shownSide.label))}${oneLine(barHtml(shownSide))}`;
    const html = [
      isLive ? oneLine(escapeHtml(stage)) : `<div>${escapeHtml(stage)}</div>`,
      oneLine(barHtml(bar)),
      // of a finished run the figure tells more, and in a notebook that is not trusted, where SVG is taken away, it stays
      run === undefined ? liveCurves({ losses: losses.points, rows, stages: liveStages, metric, totalEpochs }) : "",
      isLive || rows.length > 0 ? `<div style="overflow-x:auto">${table.toHtml({ nowrap: true })}</div>` : "",
      isLive ? `<div${side === undefined ? ' style="visibility:hidden"' : ""}>${sideHtml}</div>` : "",
      ...alarms.map(alarmHtml),
      ...notices.map((notice) => `<div>${escapeHtml(notice)}</div>`),
    ].join("");
    const text = [
      `${barText(bar)} ${stage}`, // one line with everything: it is all that a log shows
      ...(rows.length === 0 ? [] : [epochTable(content).toString()]),
      ...(side === undefined ? [] : [`${barText(side)} ${side.label}`]),
      ...alarms.map(alarmLine),
      ...notices,
    ].join("\n");
    return { data: { "text/html": `<div>${html}</div>`, "text/plain": text } };
  }

  /** Lists the rows that the table will have: epochs to come, and passes through the frozen layers that the plan expects. */
  #upcoming(): UpcomingLine[] {
    const { liveStages, rows, prefixSeconds, stage: present } = this.#progress;
    const reached = rows.at(-1)?.epoch ?? 0;
    return liveStages.flatMap(({ plan, firstEpoch }, stage) => {
      if (stage < present) return [];
      const epochs = Array.from({ length: plan.epochs }, (_, i) => ({ stage, epoch: firstEpoch + i + 1 }));
      const toCome = epochs.filter(({ epoch }) => epoch > reached);
      const passes = plan.cost.prefix > 0 && (prefixSeconds.get(stage) ?? 0) === 0 && toCome.length === plan.epochs;
      return [...(passes ? [{ stage }] : []), ...toCome];
    });
  }

  #stageLine(): string {
    const { stages, stage, run, loss } = this.#progress;
    if (run !== undefined) return [`Training done${bestInWords(run)}`, ...this.#earlyEnds()].join("; ");
    const current = stages[stage];
    if (current === undefined) return "Training";
    const { name, trains, trainableParameters } = current;
    const soFar = loss === undefined ? "" : `, training loss ${loss.toFixed(4)}`;
    const line = `Stage ${stage + 1} of ${stages.length}, ${name}: trains ${trains} (${formatCount(trainableParameters)} parameters)${soFar}`;
    return [line, ...this.#earlyEnds()].join("; ");
  }

  /** Names the stages that ended early: `'patience 1 ended stage "head" after 3 of 10 epochs'`. */
  #earlyEnds(): string[] {
    const { stages, outcomes } = this.#progress;
    return [...outcomes].flatMap(([index, { ended, epochs }]) => {
      const stage = stages[index];
      if (ended !== "patience" || stage === undefined) return [];
      return [`patience ${stage.patience} ended stage "${stage.name}" after ${epochs} of ${stage.epochs} epochs`];
    });
  }

  #bar(): Bar {
    const { step, totalSteps, epoch, totalEpochs, elapsedSeconds, remainingSeconds, secondsPerStep, run, savedStep } =
      this.#progress;
    const note = `epoch ${Math.round(100 * epoch) / 100}/${totalEpochs}`;
    const saved = savedStep === undefined ? [] : [`saved at step ${formatCount(savedStep)}`];
    return {
      label: "Training, step",
      done: step,
      total: totalSteps,
      elapsedSeconds,
      remainingSeconds,
      perSecond: secondsPerStep === undefined ? undefined : 1 / secondsPerStep,
      note: [note, ...saved, ...endInWords(this.#ended)].join(", "),
      isDone: run !== undefined || this.#ended !== undefined,
    };
  }

  #sideBar(): Bar | undefined {
    const side = this.#progress.sideTask;
    if (side === undefined || this.#ended !== undefined) return undefined;
    const { kind, done, total, seconds } = side;
    const perSecond = seconds > 0 && done > 0 ? done / seconds : undefined;
    return {
      label: kind === "evaluate" ? "Evaluating, text" : "Running the frozen layers once, text",
      done,
      total,
      elapsedSeconds: seconds,
      remainingSeconds: perSecond === undefined ? undefined : (total - done) / perSecond,
      perSecond,
    };
  }
}

/** Names the best epoch: `": best validation accuracy 84.1% at epoch 8"`. */
function bestInWords({ best, metric: { key } }: RunRecord): string {
  if (best === undefined) return "";
  const [value, loss] = [best[key], best.evalLoss];
  if (value !== undefined) return `: best validation ${describeMetric(key, value)} at epoch ${formatEpoch(best.epoch)}`;
  const lowest =
    loss === undefined ? "" : `; lowest validation loss ${formatNumber(loss)} at epoch ${formatEpoch(best.epoch)}`;
  return `: validation ${kindOf(key).name} not defined${lowest}`;
}

/** Says how a run ended that did not finish: `"stopped"`, or `"failed: NON_FINITE"`. */
function endInWords(status: RunStatus | undefined): string[] {
  if (status === undefined || status.state === "finished") return [];
  return [status.code === undefined ? status.state : `${status.state}: ${status.code}`];
}

/** Keeps HTML on one line, cut at the width of the page. */
const oneLine = (html: string): string =>
  `<div style="white-space:nowrap;overflow:hidden;text-overflow:ellipsis">${html}</div>`;
