/** Shows how far the download of a model is, and how fast, in one display that is rewritten in place. */
import type { DisplayBundle } from "../../shared/mimeBundle.ts";
import { escapeHtml } from "../../shared/text.ts";
import { type LiveDisplay, type LiveDisplayOptions, openDisplay } from "../display/liveDisplay.ts";
import { type Bar, barHtml, barText } from "../display/progressBar.ts";

export interface DownloadProgressOptions extends LiveDisplayOptions {
  /** Seconds from any fixed point. Default: the process's own clock. */
  readonly clock?: () => number;
}

export class DownloadProgress {
  readonly #label: string;
  readonly #total: number;
  readonly #clock: () => number;
  readonly #startedAt: number;
  readonly #speed: TransferSpeed;
  readonly #display: LiveDisplay;
  /** Bytes of the files that are complete; below, those of the file that is under way. */
  #complete = 0;
  #current = 0;
  #end: string | undefined;

  /** Opens the display. `totalBytes` is that of all files together. */
  constructor(id: string, totalBytes: number, options: DownloadProgressOptions = {}) {
    this.#label = `Downloading ${id}`;
    this.#total = totalBytes;
    this.#clock = options.clock ?? (() => performance.now() / 1000);
    this.#startedAt = this.#clock();
    this.#speed = new TransferSpeed(this.#startedAt);
    this.#display = openDisplay(this.#bundle(), options);
  }

  /**
   * Says that `bytes` of the file under way are there, of which `received` have just come: not those that an earlier
   * try left.
   */
  advance(bytes: number, received: number): void {
    this.#current = bytes;
    this.#speed.add(received, this.#clock());
    this.#display.update(() => this.#bundle());
  }

  /** Says that the file under way, of so many bytes, is complete. */
  completeFile(bytes: number): void {
    this.#complete += bytes;
    this.advance(0, 0);
  }

  /** Shows the last state, with how it ended in place of what it does. */
  close(end: string): void {
    this.#end = end;
    this.#display.update(() => this.#bundle());
    this.#display.close();
  }

  #bundle(): DisplayBundle {
    const bar = this.#bar();
    const caption = this.#end ?? this.#label;
    return {
      data: {
        "text/html": `<div><div>${escapeHtml(caption)}</div>${barHtml(bar)}</div>`,
        "text/plain": `${barText(bar, 10)} ${caption}`, // a short bar, so that the name is not cut off
      },
    };
  }

  #bar(): Bar {
    const done = this.#complete + this.#current;
    const now = this.#clock();
    const perSecond = this.#speed.perSecond(now);
    return {
      label: this.#label,
      done,
      total: this.#total,
      unit: "bytes",
      elapsedSeconds: now - this.#startedAt,
      perSecond,
      remainingSeconds: perSecond === undefined ? undefined : (this.#total - done) / perSecond,
      isDone: this.#end !== undefined,
    };
  }
}

/** Seconds over which the speed is measured: long enough not to jump, short enough to notice another network. */
const windowSeconds = 10;
const markEverySeconds = 0.5;

export class TransferSpeed {
  /** The bytes that had come at some times; the first mark is the window's edge. */
  readonly #marks: { readonly at: number; readonly bytes: number }[];
  #bytes = 0;

  /** Times are in seconds, from any fixed point. */
  constructor(now: number) {
    this.#marks = [{ at: now, bytes: 0 }];
  }

  add(bytes: number, now: number): void {
    this.#bytes += bytes;
    const last = this.#marks.at(-1);
    if (last === undefined || now - last.at >= markEverySeconds) this.#marks.push({ at: now, bytes: this.#bytes });
  }

  /** Computes bytes per second over the last ten seconds; undefined before anything has come. */
  perSecond(now: number): number | undefined {
    while ((this.#marks[1]?.at ?? now) < now - windowSeconds) this.#marks.shift();
    const edge = this.#marks[0];
    if (edge === undefined || this.#bytes === edge.bytes || now <= edge.at) return undefined;
    return (this.#bytes - edge.bytes) / (now - edge.at);
  }
}
