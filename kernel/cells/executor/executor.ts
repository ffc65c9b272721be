/** Runs one cell: it is rewritten and evaluated, its value is shown, its error described. */

import type { ExecuteOrder } from "../../shared/messages.ts";
import { startCell } from "../asyncContext/currentCell.ts";
import { cancelTimersOf } from "../asyncContext/timers.ts";
import { endThreadsOf } from "../asyncContext/workerThreads.ts";
import type { ToBundle } from "../display/mimeBundle.ts";
import type { Sources } from "../errors/sources.ts";
import { describeError, type ErrorReport } from "../errors/traceback.ts";
import type { Interrupts } from "../interrupt/interrupts.ts";
import { KernelInterrupt } from "../interrupt/kernelInterrupt.ts";
import type { ModuleLoader } from "../modules/moduleLoader.ts";
import type { Reporter } from "../output/reporter.ts";
import { isA } from "../realm/cellRealm.ts";
import type { CellImports } from "../rewrite/imports.ts";
import { CellSyntaxError } from "../rewrite/parse.ts";
import { transformCell } from "../rewrite/transform.ts";
import type { Disposals } from "./disposals.ts";
import type { Evaluator, Outcome } from "./evaluator.ts";

/** A cell whose magics have been replaced by TypeScript, with the actions for its end. */
export interface PreparedCell {
  readonly code: string;
  /** Prints what `%%time` measured. */
  readonly ended: () => void;
}

/** The part of `Magics` (kernel/cells/magics/magics.ts) that a run of a cell needs. */
interface CellMagics {
  /** Rewrites the magics of a cell; undefined for a cell that has none, which is nearly every one. */
  prepare(code: string): PreparedCell | undefined;
  /** Returns the payload for the frontend, which acts on it after the reply, and clears it. */
  takePayloads(): readonly object[];
}

/** The services that an executor uses; all of them live on the main thread. */
interface ExecutorServices {
  readonly evaluator: Evaluator;
  readonly interrupts: Interrupts;
  readonly reporter: Reporter;
  readonly sources: Sources;
  readonly magics: CellMagics;
  readonly modules: ModuleLoader;
  /** The names that cells have imported. */
  readonly names: CellImports;
  /** The values that the running cell holds by `using`. */
  readonly disposals: Disposals;
  /** Returns the value of the last expression of the cell that ran last; called once per cell. */
  readonly takeResult: () => unknown;
  readonly toBundle: ToBundle;
  /** Releases the promise that the cell awaited last. */
  readonly releaseAwaited: () => void;
  /** Resolves when everything the cell displays has been shown. */
  readonly displaysSettled: () => Promise<void>;
}

/** Runs the cells, one at a time. */
export class Executor {
  readonly #services: ExecutorServices;
  /** The cell whose output is still sent. */
  #running: number | undefined;
  /** The cell whose end has not been reported yet. */
  #unreported: ExecuteOrder | undefined;
  /** The cell that began last. */
  #newest = 0;
  /** The timers of cells up to this one are cancelled. */
  #stopped = 0;

  constructor(services: ExecutorServices) {
    this.#services = services;
  }

  /** Runs the cell and reports everything it causes, its end last. Never throws. */
  async run(order: ExecuteOrder): Promise<void> {
    const { interrupts } = this.#services;
    this.#running = order.cell;
    this.#unreported = order;
    this.#newest = order.cell;
    const givenUp = interrupts.begin(order.cell);
    const evaluated = startCell(order.cell, () => this.#evaluate(order));
    await this.#finish(order, await waitForEnd(evaluated, givenUp), () => interrupts.pending);
  }

  /**
   * Reports the end of a cell that nothing else will report: V8, told to terminate running code, may have terminated
   * lines of the kernel, or thrown away their continuations.
   */
  recover(): void {
    if (this.#unreported !== undefined) void this.#finish(this.#unreported, { failed: true }, () => true);
  }

  /** Ends the cell and reports it. It may be begun a second time where the first did not come to its end. */
  async #finish(order: ExecuteOrder, end: End, isInterrupted: () => boolean): Promise<void> {
    const { disposals, interrupts, magics, modules, reporter } = this.#services;
    if (this.#unreported !== order) return;
    this.#running = undefined;
    const interrupted = isInterrupted();
    const isStopped = interrupted || interrupts.failure !== undefined;
    if (isStopped) {
      this.#services.evaluator.abandon();
      await endThreadsOf(order.cell);
      if (this.#unreported !== order) return;
      void disposals.run(); // what has ended the cell is what there is to tell
    }
    this.#services.releaseAwaited();
    interrupts.end();
    const report = interrupted
      ? this.#describe(interruption(end))
      : end.failed
        ? this.#describe(end.thrown)
        : undefined;
    const ok = { payload: magics.takePayloads(), user_expressions: end.expressions };
    const content = report === undefined ? this.#textOf({ status: "ok", ...ok }, order) : report;
    if (typeof content === "string") reporter.post({ type: "done", cell: order.cell, failed: false, content });
    else {
      reporter.output("error", content);
      const text = JSON.stringify({ status: "error", ...content, execution_count: order.count });
      reporter.post({ type: "done", cell: order.cell, failed: true, content: text });
    }
    this.#unreported = undefined;
    if (!isStopped) return;
    cancelTimersOf(order.cell);
    modules.stopped();
    reporter.mute(order.cell); // what it left behind and cannot be stopped is not heard
  }

  /**
   * Writes the content of the reply; where it is too long to be text, as after `%load` of a huge file, that is the
   * cell's error.
   */
  #textOf(content: object, { count }: ExecuteOrder): string | ErrorReport {
    try {
      return JSON.stringify({ ...content, execution_count: count });
    } catch (error) {
      return this.#describe(error);
    }
  }

  /** Cancels all work that earlier cells have left running. */
  stopAll(): void {
    for (; this.#stopped < this.#newest; this.#stopped++) cancelTimersOf(this.#stopped + 1);
    this.#services.modules.stopped();
  }

  /** Evaluates the cell. Resolves to the values of the user expressions; throws what the cell threw. */
  async #evaluate(order: ExecuteOrder): Promise<Record<string, unknown>> {
    const { cell: number, code, count, silent } = order;
    const { disposals, evaluator, magics, names, reporter, sources, takeResult, displaysSettled } = this.#services;
    // a cell that is not counted must not take the name of the one before it: stacks would show the wrong text
    const name = sources.has(`In[${count}]`) ? `In[${count}.${number}]` : `In[${count}]`;
    sources.add(name, code);
    const prepared = magics.prepare(code);
    const cell = transformCell(prepared?.code ?? code, name, names);
    sources.add(name, code, cell.edit, cell.back);
    names.ran(cell);
    takeResult();
    const outcome = await evaluator.run(cell.code, name);
    if (this.#running !== number) return {}; // given up while it awaited; another cell may run by now
    const value = takeResult();
    prepared?.ended();
    if (outcome.kind === "terminated") {
      await disposals.run();
      throw new KernelInterrupt();
    }
    if (outcome.kind === "thrown") {
      const thrown = { value: this.#syntaxError(outcome, cell.code, name) ?? outcome.thrown };
      throw ((await disposals.run(thrown)) ?? thrown).value;
    }
    await displaysSettled();
    if (value !== undefined && !silent) {
      const { data, metadata = {} } = await this.#services.toBundle(value);
      if (Object.keys(data).length > 0) reporter.output("execute_result", { execution_count: count, data, metadata });
    }
    const left = await disposals.run();
    if (left !== undefined) throw left.value;
    return await this.#userExpressions(order.userExpressions);
  }

  /**
   * Returns the syntax error of a cell that V8 itself refused to compile: the error's stack names no place, the
   * inspector does.
   */
  #syntaxError(
    { thrown, position }: Outcome & { kind: "thrown" },
    code: string,
    name: string,
  ): CellSyntaxError | undefined {
    const isRefused = isA(thrown, SyntaxError) && !isA(thrown, CellSyntaxError) && !hasPlace(thrown, name);
    if (!isRefused || position.line > code.split("\n").length) return undefined;
    const place = this.#services.sources.locate(name, position.line + 1, position.column + 1);
    return new CellSyntaxError(thrown.message, place);
  }

  #describe(thrown: unknown): ErrorReport {
    return describeError(thrown, this.#services.sources);
  }

  async #userExpressions(expressions: Readonly<Record<string, string>>): Promise<Record<string, unknown>> {
    const results: Record<string, unknown> = {};
    for (const [key, expression] of Object.entries(expressions)) {
      try {
        const cell = transformCell(String(expression), "expression", this.#services.names);
        const outcome = await this.#services.evaluator.run(cell.code, "expression");
        const value = this.#services.takeResult();
        if (outcome.kind === "thrown") throw outcome.thrown;
        const { data, metadata = {} } = await this.#services.toBundle(value);
        results[key] = { status: "ok", data, metadata };
      } catch (error) {
        results[key] = { status: "error", ...this.#describe(error) };
      }
    }
    return results;
  }
}

interface End {
  readonly failed: boolean;
  readonly thrown?: unknown;
  readonly expressions?: Record<string, unknown>;
}

/** Waits for the end of the cell: by itself, or because it was given up. */
async function waitForEnd(evaluated: Promise<Record<string, unknown>>, givenUp: Promise<never>): Promise<End> {
  try {
    return { failed: false, expressions: await Promise.race([evaluated, givenUp]) };
  } catch (thrown) {
    return { failed: true, thrown };
  }
}

/** Returns the error of an interrupted cell; its own error, if any, is the cause. */
function interruption({ failed, thrown }: End): KernelInterrupt {
  if (!failed) return new KernelInterrupt();
  return KernelInterrupt.is(thrown) ? thrown : new KernelInterrupt(thrown);
}

/** Whether the error came out of running code: then its stack names a line of the cell. */
function hasPlace(error: Error, name: string): boolean {
  return String(error.stack).includes(`${name}:`);
}
