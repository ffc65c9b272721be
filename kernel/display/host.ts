/** What libraries find at `globalThis[Symbol.for("thaw.host")]`, and what users have as `display(...)` and `clearOutput()`. */
import { randomUUID } from "node:crypto";
import { types } from "node:util";
import type { Interrupts } from "../interrupt/interrupts.ts";
import { type Bundle, toBundle } from "./mime.ts";
import type { Reporter } from "./reporter.ts";

/** How a bundle is shown: under a name that later updates refer to, or as such an update. */
export interface DisplayOptions {
  readonly displayId?: string;
  /** Replace the display called `displayId` instead of adding one. Default: false. */
  readonly update?: boolean;
}

/** The host contract; a library that runs in cells knows only this shape. */
export interface Host {
  display(bundle: Bundle, options?: DisplayOptions): void;
  readonly signal: AbortSignal | undefined;
}

/** A display that was shown and can be replaced. */
export interface DisplayHandle {
  readonly displayId: string;
  update(value: unknown): Promise<void>;
}

export function createHost(reporter: Reporter, interrupts: Interrupts): Host {
  return {
    display({ data, metadata = {} }, { displayId, update = false } = {}) {
      const transient = displayId === undefined ? {} : { display_id: displayId };
      reporter.output(update ? "update_display_data" : "display_data", { data, metadata, transient });
    },
    get signal() {
      return interrupts.signal;
    },
  };
}

/**
 * `display(value)` for cells: shows the value's rich form, or a bundle given as `{ data, metadata }`.
 * With `{ displayId }` the display gets that name; the returned handle replaces what is shown.
 */
export function createDisplay(host: Host) {
  return async (value: unknown, options: DisplayOptions = {}): Promise<DisplayHandle> => {
    const displayId = options.displayId ?? randomUUID();
    host.display(await bundleOf(value), { ...options, displayId });
    return {
      displayId,
      update: async (next) => host.display(await bundleOf(next), { displayId, update: true }),
    };
  };
}

/** `clearOutput({ wait })` for cells: empties the cell's output, with `wait` only when the next output comes. */
export function createClearOutput(reporter: Reporter) {
  return ({ wait = false }: { readonly wait?: boolean } = {}): void => reporter.output("clear_output", { wait });
}

async function bundleOf(value: unknown): Promise<Bundle> {
  return isBundle(value) ? value : await toBundle(value);
}

function isBundle(value: unknown): value is Bundle {
  if (typeof value !== "object" || value === null || types.isProxy(value)) return false;
  const keys = Object.keys(value);
  const { data } = value as { data?: unknown };
  if (typeof data !== "object" || data === null || !keys.every((key) => key === "data" || key === "metadata"))
    return false;
  return Object.keys(data).length > 0 && Object.keys(data).every((type) => type.includes("/"));
}
