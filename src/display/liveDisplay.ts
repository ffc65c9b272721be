/** One display that is rewritten in place while something runs, wherever the program runs. */
import type { DisplayBundle } from "./bundle.ts";
import { chooseScreen, type Screen } from "./screens.ts";

/** A bundle, or how to make it: then it is only made when it will be shown. */
export type Showable = DisplayBundle | (() => DisplayBundle);

export interface LiveDisplay {
  /** Shows `bundle` in place of the last one: at once, or after what is left of the interval, whichever update is then the last. */
  update(bundle: Showable): void;
  /** Shows what is still waiting and ends the display. Updates after this are ignored. */
  close(): void;
}

export interface LiveDisplayOptions {
  /** Least time between two redraws in milliseconds. Default: 200. */
  readonly intervalMs?: number;
  /** Where to draw. Default: the notebook this runs in, else the terminal or log at stderr. */
  readonly screen?: Screen;
}

/** Opens a display and shows `initial` in it. */
export function openDisplay(
  initial: DisplayBundle,
  { intervalMs = 200, screen = chooseScreen() }: LiveDisplayOptions = {},
): LiveDisplay {
  let waiting: Showable | undefined;
  let timer: NodeJS.Timeout | undefined;
  let shownAt = performance.now();
  let isClosed = false;

  const flush = (): void => {
    clearTimeout(timer);
    timer = undefined;
    if (waiting === undefined) return;
    const bundle = typeof waiting === "function" ? waiting() : waiting;
    waiting = undefined;
    screen.show(bundle);
    shownAt = performance.now(); // after drawing, so that a slow screen does not take all the time there is
  };

  screen.show(initial);
  return {
    update(bundle) {
      if (isClosed) return;
      waiting = bundle;
      const left = shownAt + intervalMs - performance.now();
      if (left <= 0) flush();
      // Unreferenced: a display must not keep a program alive that is done.
      else timer ??= setTimeout(flush, left).unref();
    },
    close() {
      if (isClosed) return;
      flush();
      isClosed = true;
      screen.close();
    },
  };
}
