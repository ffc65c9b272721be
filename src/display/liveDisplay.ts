/**
 * One display that is rewritten in place while something runs: in this project's kernel, in Deno's, on a terminal, or
 * in a log.
 */
import { currentHost, type Host } from "../../shared/host.ts";
import type { DisplayBundle } from "../../shared/mimeBundle.ts";

/** A bundle, or a function that makes it, which is only called when the bundle will be shown. */
type Showable = DisplayBundle | (() => DisplayBundle);

/** A display that is open. */
export interface LiveDisplay {
  /** Shows `bundle` in place of the last one: at once, or when the interval is over if it is then the newest. */
  update(bundle: Showable): void;
  /** Shows an update that is still waiting and ends the display. Updates after this are ignored. */
  close(): void;
}

/** Options of a live display. */
export interface LiveDisplayOptions {
  /** The least time between two redraws in milliseconds. Default: 200. */
  readonly intervalMs?: number;
  /** The screen to draw on. Default: the notebook this runs in, else the terminal or log at stderr. */
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

/** The place where one display is drawn. `show` replaces what the last `show` drew. */
export interface Screen {
  show(bundle: DisplayBundle): void;
  close(): void;
}

/** The part of a stream that a terminal or log needs; `process.stderr` has it. */
interface TextStream {
  write(text: string): unknown;
  readonly isTTY?: boolean;
  readonly columns?: number;
  readonly rows?: number;
}

/** Sends a message of the Jupyter protocol from a cell (`Deno.jupyter.broadcast`). */
type Broadcast = (type: string, content: Record<string, unknown>) => Promise<void>;

/**
 * Returns the notebook around this process, else stderr: rewritten in place on a terminal, a line now and then in a
 * log.
 */
function chooseScreen(): Screen {
  const host = currentHost();
  if (host !== undefined) return hostScreen(host);
  const broadcast = denoBroadcast();
  if (broadcast !== undefined) return denoScreen(broadcast);
  return process.stderr.isTTY ? terminalScreen(process.stderr) : logScreen(process.stderr);
}

/** Draws in a notebook of this project's kernel. */
function hostScreen(host: Host): Screen {
  const displayId = globalThis.crypto.randomUUID();
  let isOpen = false;
  return {
    show(bundle) {
      host.display(bundle, { displayId, update: isOpen });
      isOpen = true;
    },
    close() {},
  };
}

/** Draws in a notebook of Deno's kernel. */
export function denoScreen(broadcast: Broadcast): Screen {
  const transient = { display_id: globalThis.crypto.randomUUID() };
  let sent: Promise<unknown> | undefined;
  return {
    show({ data, metadata = {} }) {
      const type = sent === undefined ? "display_data" : "update_display_data";
      // One after the other; a notebook that has gone away must not end the training.
      sent = (sent ?? Promise.resolve())
        .then(() => broadcast(type, { data, metadata, transient }))
        .catch(() => undefined);
    },
    close() {},
  };
}

/**
 * Draws on a terminal by rewriting its lines in place. Long lines are cut, so that the cursor's way up is known; of too
 * many lines the first are dropped.
 */
export function terminalScreen(stream: TextStream): Screen {
  let drawn = 0;
  return {
    show(bundle) {
      const width = Math.max(20, (stream.columns ?? 80) - 1);
      const lines = textOf(bundle)
        .split("\n")
        .slice(-Math.max(1, (stream.rows ?? 24) - 1));
      const up = drawn > 0 ? `\x1b[${drawn}A\x1b[0J` : "";
      stream.write(`${up}${lines.map((line) => [...line].slice(0, width).join("")).join("\n")}\n`);
      drawn = lines.length;
    },
    close() {},
  };
}

/**
 * Writes the first line of the text at most every `intervalSeconds` (default 10), and all of the last state at the end.
 */
export function logScreen(stream: TextStream, intervalSeconds = 10): Screen {
  let writtenAt = Number.NEGATIVE_INFINITY;
  let last = "";
  return {
    show(bundle) {
      last = textOf(bundle);
      if (performance.now() - writtenAt < 1000 * intervalSeconds || last === "") return;
      writtenAt = performance.now();
      stream.write(`${last.split("\n", 1)[0]}\n`);
    },
    close() {
      if (last !== "") stream.write(`${last}\n`);
    },
  };
}

function textOf({ data }: DisplayBundle): string {
  return String(data["text/plain"] ?? "");
}

/**
 * Returns Deno's function; undefined outside Deno, and in Deno programs that are no notebook (where the property throws
 * when it is read).
 */
function denoBroadcast(): Broadcast | undefined {
  const { Deno } = globalThis as { Deno?: { readonly jupyter?: { readonly broadcast?: Broadcast } } };
  try {
    return Deno?.jupyter?.broadcast;
  } catch {
    return undefined;
  }
}
