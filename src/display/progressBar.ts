/** A progress bar with its numbers, as HTML and as a line of text. */
import { escapeHtml } from "../../shared/text.ts";
import { formatByteRate, formatBytesOf, formatSeconds } from "./numbers.ts";

/** The state of a progress bar. */
export interface Bar {
  /** The name of what advances, for screen readers: `"Training, step"`. */
  readonly label: string;
  readonly done: number;
  readonly total: number;
  readonly elapsedSeconds: number;
  /** The time that is left; undefined while nothing is known yet. */
  readonly remainingSeconds?: number | undefined;
  /** Units per second. */
  readonly perSecond?: number | undefined;
  /**
   * The unit of `done` and `total`. Bytes are written in MB and MB/s; anything else (default) as it is, and as it/s.
   */
  readonly unit?: "bytes";
  /** A text that is written last: `"epoch 0.12/3"`. */
  readonly note?: string;
  /** Whether it is over: then no time is left to show. */
  readonly isDone?: boolean;
}

/**
 * Formats the numbers of a bar: `[ 37/939 00:12 < 05:04, 2.96 it/s, epoch 0.12/3 ]`, or `[ 40.9/90.9 MB 00:12 < 00:16,
 * 3.1 MB/s ]`; when it is over `[ 939/939 05:10, epoch 3/3 ]`.
 */
function barNumbers(bar: Bar): string {
  const { done, total, elapsedSeconds, remainingSeconds, perSecond, note, isDone } = bar;
  const inBytes = bar.unit === "bytes";
  const count = inBytes ? formatBytesOf(done, total) : `${done}/${total}`;
  const left = isDone || remainingSeconds === undefined ? "" : ` < ${clock(remainingSeconds)}`;
  const isKnown = !isDone && perSecond !== undefined && Number.isFinite(perSecond);
  const speed = isKnown ? `, ${inBytes ? formatByteRate(perSecond) : `${perSecond.toFixed(2)} it/s`}` : "";
  return `[ ${count} ${clock(elapsedSeconds)}${left}${speed}${note === undefined ? "" : `, ${note}`} ]`;
}

/** Renders a bar as HTML. */
export function barHtml(bar: Bar): string {
  const amount = bar.unit === "bytes" ? formatBytesOf(bar.done, bar.total) : `${bar.done} of ${bar.total}`;
  const label = escapeHtml(`${bar.label} ${amount}`);
  return (
    `<div><progress aria-label="${label}" value="${bar.done}" max="${Math.max(1, bar.total)}" ` +
    `style="width: min(300px, 34%); height: 20px; vertical-align: middle"></progress> ${escapeHtml(barNumbers(bar))}</div>`
  );
}

/** Renders a bar as text: `#######-------------  35% [ ... ]`. `width` is that of the bar alone, in characters. */
export function barText(bar: Bar, width = 20): string {
  const fraction = Math.min(1, bar.done / Math.max(1, bar.total));
  const filled = Math.floor(width * fraction);
  const percent = `${Math.floor(100 * fraction)}%`.padStart(4);
  return `${"#".repeat(filled)}${"-".repeat(width - filled)} ${percent} ${barNumbers(bar)}`;
}

/** Formats seconds as mm:ss, or h:mm:ss. */
function clock(seconds: number): string {
  return formatSeconds(seconds).padStart(5, "0");
}
