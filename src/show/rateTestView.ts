/** Learning-rate range tests while they go on: one display with a bar, which ends with their table. */
import { type DisplayBundle, displaySymbol } from "../../shared/mimeBundle.ts";
import { escapeHtml } from "../../shared/text.ts";
import { type LiveDisplay, type LiveDisplayOptions, openDisplay } from "../display/liveDisplay.ts";
import { barHtml, barText } from "../display/progressBar.ts";
import type { RateTestEvent } from "../train/findLearningRate.ts";
import type { LearningRates } from "./learningRates.ts";

/** Shows the events of range tests. The display opens at the first event; `close` ends it, with what was found if anything was. */
export class RateTestView {
  readonly #options: LiveDisplayOptions;
  readonly #startedAt = performance.now();
  #display: LiveDisplay | undefined;

  constructor(options: LiveDisplayOptions = {}) {
    this.#options = options;
  }

  /** Shows an event. */
  show(event: RateTestEvent): void {
    const bundle = () => this.#bundle(event);
    if (this.#display === undefined) this.#display = openDisplay(bundle(), this.#options);
    else this.#display.update(bundle);
  }

  /** Ends the display, with the table of what was found in place of the bar. */
  close(found?: LearningRates): void {
    if (found !== undefined) this.#display?.update({ data: found.table[displaySymbol]() });
    this.#display?.close();
  }

  #bundle({ kind, done, total, name, part }: RateTestEvent): DisplayBundle {
    const seconds = (performance.now() - this.#startedAt) / 1000;
    const label = kind === "prefix" ? "Running the frozen layers once, text" : "Testing learning rates, step";
    const bar = {
      ...{ label, done, total, elapsedSeconds: seconds },
      remainingSeconds: kind === "step" ? (seconds / done) * (total - done) : undefined,
    };
    const line = `Testing the learning rate of the ${part}, ${name}`;
    return {
      data: {
        "text/html": `<div><div>${escapeHtml(line)}</div>${barHtml(bar)}</div>`,
        "text/plain": `${barText(bar)} ${line}`,
      },
    };
  }
}
