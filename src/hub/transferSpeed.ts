/** How fast bytes come, as of late. */

/** As far back as the speed looks: long enough not to jump, short enough to notice another network. */
const windowSeconds = 10;
const markEverySeconds = 0.5;

export class TransferSpeed {
  /** Bytes that had come at a time; the first mark is the window's edge. */
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

  /** Bytes a second; undefined before anything has come. */
  perSecond(now: number): number | undefined {
    while ((this.#marks[1]?.at ?? now) < now - windowSeconds) this.#marks.shift();
    const edge = this.#marks[0];
    if (edge === undefined || this.#bytes === edge.bytes || now <= edge.at) return undefined;
    return (this.#bytes - edge.bytes) / (now - edge.at);
  }
}
