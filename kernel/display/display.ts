/** `display(value)` for cells: shows it where the cell is, and replaces it later. */
import { randomUUID } from "node:crypto";
import { types } from "node:util";
import type { DisplayOptions, Host } from "./host.ts";
import { type Bundle, toBundle } from "./mime.ts";

/** A display that was shown and can be replaced. Shows nothing itself when a cell ends with it. */
export interface DisplayHandle {
  readonly displayId: string;
  update(value: unknown): void;
}

/** The displays of one kernel. */
export class Displays {
  readonly #host: Host;
  readonly #pending = new Set<Promise<void>>();

  constructor(host: Host) {
    this.#host = host;
  }

  /**
   * Shows the rich form of `value`, or a bundle given as `{ data, metadata }`, under `options.displayId`
   * (default: a new name). A rich form that takes time is shown before the cell ends.
   */
  readonly show = (value: unknown, options: DisplayOptions = {}): DisplayHandle => {
    const displayId = options.displayId ?? randomUUID();
    this.#put(value, { ...options, displayId });
    const update = (next: unknown): void => this.#put(next, { displayId, update: true });
    return Object.defineProperty({ displayId, update }, Symbol.for("Jupyter.display"), { value: () => ({}) });
  };

  /** Resolves when everything asked for has been shown; rejects with what a rich form threw. */
  async settled(): Promise<void> {
    const pending = [...this.#pending];
    this.#pending.clear();
    await Promise.all(pending);
  }

  #put(value: unknown, options: DisplayOptions): void {
    const bundle = isBundle(value) ? value : toBundle(value);
    if (!types.isPromise(bundle)) {
      this.#host.display(bundle, options);
      return;
    }
    const shown = bundle.then((settled) => this.#host.display(settled, options));
    shown.catch(() => {}); // `settled` reports it
    this.#pending.add(shown);
  }
}

function isBundle(value: unknown): value is Bundle {
  if (typeof value !== "object" || value === null || types.isProxy(value)) return false;
  const { data } = value as { data?: unknown };
  if (typeof data !== "object" || data === null) return false;
  if (!Object.keys(value).every((key) => key === "data" || key === "metadata")) return false;
  return Object.keys(data).length > 0 && Object.keys(data).every((type) => type.includes("/"));
}
