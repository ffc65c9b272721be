/** A progress bar with its numbers, as HTML and as a line of text. */
import { escapeHtml } from "../display/escapeHtml.ts";
import { formatSeconds } from "../display/numbers.ts";

export interface Bar {
  /** What advances, for screen readers: `"Training, step"`. */
  readonly label: string;
  readonly done: number;
  readonly total: number;
  readonly elapsedSeconds: number;
  /** Undefined while nothing is known yet. */
  readonly remainingSeconds?: number | undefined;
  /** Units per second, written as it/s. */
  readonly perSecond?: number | undefined;
  /** Written last: `"epoch 0.12/3"`. */
  readonly note?: string;
  /** Over: no time is left to tell. */
  readonly isDone?: boolean;
}

/** `[ 37/939 00:12 < 05:04, 2.96 it/s, epoch 0.12/3 ]`, and `[ 939/939 05:10, epoch 3/3 ]` when it is over. */
export function barNumbers({ done, total, elapsedSeconds, remainingSeconds, perSecond, note, isDone }: Bar): string {
  const left = isDone || remainingSeconds === undefined ? "" : ` < ${clock(remainingSeconds)}`;
  const speed =
    isDone || perSecond === undefined || !Number.isFinite(perSecond) ? "" : `, ${perSecond.toFixed(2)} it/s`;
  return `[ ${done}/${total} ${clock(elapsedSeconds)}${left}${speed}${note === undefined ? "" : `, ${note}`} ]`;
}

export function barHtml(bar: Bar): string {
  const label = escapeHtml(`${bar.label} ${bar.done} of ${bar.total}`);
  return (
    `<div><progress aria-label="${label}" value="${bar.done}" max="${Math.max(1, bar.total)}" ` +
    `style="width: 300px; height: 20px; vertical-align: middle"></progress> ${escapeHtml(barNumbers(bar))}</div>`
  );
}

/** `#######-------------  35% [ ... ]` */
export function barText(bar: Bar): string {
  const fraction = Math.min(1, bar.done / Math.max(1, bar.total));
  const filled = Math.floor(20 * fraction);
  const percent = `${Math.floor(100 * fraction)}%`.padStart(4);
  return `${"#".repeat(filled)}${"-".repeat(20 - filled)} ${percent} ${barNumbers(bar)}`;
}

/** mm:ss, or h:mm:ss */
function clock(seconds: number): string {
  return formatSeconds(seconds).padStart(5, "0");
}
