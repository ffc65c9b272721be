/** Runs one cell: rewritten, evaluated, its value shown, its error described. */
import type { ExecuteOrder } from "../channels/thread.ts";
import type { ToBundle } from "../display/mime.ts";
import type { Reporter } from "../display/reporter.ts";
import { type Interrupts, KernelInterrupt } from "../interrupt/interrupts.ts";
import type { Magics } from "../magics/magics.ts";
import { runCell } from "../parents/currentCell.ts";
import type { Evaluator, Outcome } from "./evaluate.ts";
import { firstOf } from "./firstOf.ts";
import type { Sources } from "./sources.ts";
import { CellSyntaxError } from "./syntaxError.ts";
import { describeError, describeRefusal, type ErrorReport } from "./traceback.ts";
import { transformCell } from "./transform.ts";

/** What an executor works with; all of it lives on the main thread. */
export interface ExecutorParts {
  readonly evaluator: Evaluator;
  readonly interrupts: Interrupts;
  readonly reporter: Reporter;
  readonly sources: Sources;
  readonly magics: Magics;
  /** The value of the last expression of the cell that ran last; asked for once per cell. */
  readonly takeResult: () => unknown;
  readonly toBundle: ToBundle;
  /** Resolves when everything the cell displays has been shown. */
  readonly displaysSettled: () => Promise<void>;
}

export class Executor {
  readonly #parts: ExecutorParts;
  /** The cell whose code may still speak. */
  #running: number | undefined;

  constructor(parts: ExecutorParts) {
    this.#parts = parts;
  }

  /** Runs the cell and reports everything it causes, its end last. Never throws. */
  async run(order: ExecuteOrder): Promise<void> {
    const { interrupts, reporter } = this.#parts;
    this.#running = order.cell;
    const givenUp = interrupts.begin();
    let report: ErrorReport | undefined;
    try {
      report = await firstOf(
        runCell(order.cell, () => this.#perform(order)),
        givenUp,
      );
    } catch (error) {
      report = this.#describe(error);
    }
    this.#running = undefined;
    const expressions = report === undefined ? await this.#userExpressions(order.userExpressions) : {};
    interrupts.end();
    if (report !== undefined) reporter.output("error", report);
    const payload = this.#parts.magics.takePayloads();
    const content =
      report === undefined
        ? { status: "ok", execution_count: order.count, payload, user_expressions: expressions }
        : { status: "error", execution_count: order.count, ...report };
    reporter.post({ type: "done", cell: order.cell, failed: report !== undefined, content: JSON.stringify(content) });
  }

  async #perform({ cell: number, code, count, silent }: ExecuteOrder): Promise<ErrorReport | undefined> {
    const { evaluator, magics, reporter, sources, takeResult, displaysSettled } = this.#parts;
    // a cell that is not counted must not take the name of the one before it: stacks would show the wrong text
    const name = sources.has(`In[${count}]`) ? `In[${count}.${number}]` : `In[${count}]`;
    sources.add(name, code, undefined);
    const prepared = await magics.prepare(code);
    const cell = transformCell(prepared?.code ?? code, name);
    sources.add(name, code, cell.edit);
    takeResult();
    const outcome = await evaluator.run(cell.code, name);
    if (this.#running !== number) return undefined; // given up while it awaited; another cell may run by now
    const value = takeResult();
    prepared?.ended();
    if (outcome.kind !== "value") return this.#report(outcome, cell.code, name);
    await displaysSettled();
    if (value === undefined || silent) return undefined;
    const { data, metadata = {} } = await this.#parts.toBundle(value);
    if (Object.keys(data).length > 0) reporter.output("execute_result", { execution_count: count, data, metadata });
    return undefined;
  }

  #report(outcome: Outcome & { kind: "thrown" | "terminated" }, code: string, name: string): ErrorReport {
    if (outcome.kind === "terminated") return this.#describe(new KernelInterrupt());
    const { thrown, position } = outcome;
    const refused = thrown instanceof SyntaxError && !(thrown instanceof CellSyntaxError) && !hasPlace(thrown, name);
    if (!refused || position.line > code.split("\n").length) return this.#describe(thrown);
    const place = this.#parts.sources.locate(name, position.line + 1, position.column + 1);
    return describeRefusal(thrown.message, place, this.#parts.sources);
  }

  #describe(thrown: unknown): ErrorReport {
    return describeError(thrown, this.#parts.sources);
  }

  async #userExpressions(expressions: Readonly<Record<string, string>>): Promise<Record<string, unknown>> {
    const results: Record<string, unknown> = {};
    for (const [key, expression] of Object.entries(expressions)) {
      try {
        const cell = transformCell(String(expression), "expression");
        const outcome = await this.#parts.evaluator.run(cell.code, "expression");
        const value = this.#parts.takeResult();
        if (outcome.kind === "thrown") throw outcome.thrown;
        const { data, metadata = {} } = await this.#parts.toBundle(value);
        results[key] = { status: "ok", data, metadata };
      } catch (error) {
        results[key] = { status: "error", ...this.#describe(error) };
      }
    }
    return results;
  }
}

/** Whether the error came out of running code: then its stack names a line of the cell. */
function hasPlace(error: Error, name: string): boolean {
  return String(error.stack).includes(`${name}:`);
}
