/** The displays of cells: each is shown where its cell is, in the order of the calls, and can be replaced later. */
import { randomUUID } from "node:crypto";
import { types } from "node:util";
import { type DisplayBundle, type DisplayOptions, displaySymbol } from "../../../shared/mimeBundle.ts";
import type { ToBundle } from "../display/mimeBundle.ts";
import { isBundle, isData, sendableBundle } from "../display/mimeData.ts";
import type { Diagnostics } from "../display/recogniser.ts";
import { tryOr } from "../interrupt/kernelInterrupt.ts";
import type { Reporter } from "../output/reporter.ts";

/** A display that was shown and can be replaced. As the value of a cell it shows nothing. */
export interface DisplayHandle {
  readonly displayId: string;
  update(value: unknown, options?: ShowOptions): void;
}

/** Options of `display` in a cell. */
export interface ShowOptions extends DisplayOptions {
  /** Whether the value is itself the data of a bundle: `{ "text/html": "<b>hi</b>" }`. Default: false. */
  readonly raw?: boolean;
}

/** The displays that one cell has requested and that are still pending. */
interface Pending {
  readonly shown: Set<Promise<void>>;
  failures: unknown[];
  over: boolean;
}

/** The displays of one kernel. */
export class Displays {
  readonly #reporter: Reporter;
  readonly #toBundle: ToBundle;
  readonly #diagnostics: Diagnostics;
  /** The newest request under each display id whose value is still awaited. */
  readonly #newest = new Map<string, object>();
  #pending: Pending = { shown: new Set(), failures: [], over: false };

  constructor(reporter: Reporter, toBundle: ToBundle, diagnostics: Diagnostics) {
    this.#reporter = reporter;
    this.#toBundle = toBundle;
    this.#diagnostics = diagnostics;
  }

  /** Shows the rich form of `value`, or a bundle given as `{ data, metadata }`, under `options.displayId` (default: a new name). */
  readonly show = (value: unknown, options: ShowOptions = {}): DisplayHandle => {
    const displayId = String(options.displayId ?? randomUUID());
    void this.put(value, { ...options, displayId });
    const update = (next: unknown, { raw = false }: ShowOptions = {}): void =>
      void this.put(next, { displayId, update: true, raw });
    return Object.defineProperty({ displayId, update }, displaySymbol, { value: () => ({}) });
  };

  /**
   * Shows a value as `show` does. One that is awaited holds its place by an empty display, which is then updated. The
   * promise never rejects: a failure is the running cell's.
   */
  put(value: unknown, { raw = false, ...options }: ShowOptions): Promise<void> | undefined {
    const bundle = this.#bundleOf(value, raw);
    if (types.isPromise(bundle)) return this.#await(bundle, options.displayId ?? randomUUID(), options.update === true);
    if (options.displayId !== undefined) this.#newest.delete(options.displayId);
    this.#reporter.display(bundle, options);
    return undefined;
  }

  /** Begins a cell: failures of earlier requests are no longer any cell's. */
  begin(): void {
    this.#pending.over = true;
    this.#pending = { shown: new Set(), failures: [], over: false };
  }

  /** Resolves when all displays that the cell requested have been shown; rejects with the first failure. */
  async settled(): Promise<void> {
    const pending = this.#pending;
    while (pending.shown.size > 0) await Promise.all(pending.shown);
    pending.over = true;
    if (pending.failures.length > 0) throw pending.failures[0];
  }

  #bundleOf(value: unknown, raw: boolean): DisplayBundle | Promise<DisplayBundle> {
    const ownBundle = tryOr(
      () => (raw && isData(value) ? { data: value } : isBundle(value) ? value : undefined),
      () => undefined,
    );
    return ownBundle === undefined ? this.#toBundle(value) : sendableBundle(ownBundle);
  }

  #await(bundle: Promise<DisplayBundle>, displayId: string, update: boolean): Promise<void> {
    if (!update) this.#reporter.display({ data: { "text/plain": "" } }, { displayId });
    const pending = this.#pending;
    const request = {};
    this.#newest.set(displayId, request);
    const shown = bundle
      .then((settled) => {
        if (this.#newest.get(displayId) === request) this.#reporter.display(settled, { displayId, update: true });
      })
      .catch((error: unknown) => {
        if (pending.over)
          this.#diagnostics.warn(`What was to be displayed failed: ${this.#diagnostics.describe(error)}`);
        else pending.failures.push(error);
      })
      .finally(() => {
        if (this.#newest.get(displayId) === request) this.#newest.delete(displayId);
        pending.shown.delete(shown);
      });
    pending.shown.add(shown);
    return shown;
  }
}
