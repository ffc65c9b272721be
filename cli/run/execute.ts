/** Runs the code cells of a notebook in order and gathers what they cause. */
import type { Message } from "../../kernel/protocol/wire/message.ts";
import { Kernel } from "./kernel.ts";
import type { Cell, Notebook } from "./notebook.ts";
import { beginCell, endCell, Outputs } from "./record.ts";

/** The settings and handlers of one execution. */
export interface ExecuteOptions {
  /** Folder in which the kernel runs. */
  readonly folder: string;
  /** Whether to go on after a cell that throws. */
  readonly allowErrors: boolean;
  /** The time that a cell may take, in milliseconds; absent: as long as it wants. */
  readonly timeoutMs?: number;
  /** A signal that interrupts the running cell and ends the run when it is aborted. */
  readonly interrupt: AbortSignal;
  /** `number` counts the cells that run, from 1. */
  readonly onCell: (cell: Cell, number: number, total: number) => void;
  readonly onPrint: (name: string, text: string) => void;
  /** A cell has ended, and the notebook can be saved. */
  readonly onCellEnd: () => Promise<void>;
}

/** The way in which a run ended. `number` is the cell's, from 1; `traceback` is what it threw. */
export type Ending =
  | { readonly kind: "done"; readonly cells: number }
  | { readonly kind: "interrupted"; readonly number: number }
  | { readonly kind: "failed"; readonly number: number; readonly traceback: readonly string[] };

/** A cell's output is waited for this long after its reply, in milliseconds. */
const idleMs = 4000;
/** A cell that ran out of time is given this long to be interrupted. */
const interruptMs = 5000;

/** Starts a kernel, runs the cells, and ends the kernel. */
export async function execute(notebook: Notebook, options: ExecuteOptions): Promise<Ending> {
  const outputs = new Outputs();
  const idle = new Set<string>();
  const take = (message: Message): void => {
    const printed = outputs.take(message);
    if (printed !== undefined) options.onPrint(printed.name, printed.text);
    if (message.content.execution_state === "idle") idle.add(message.parentHeader.msg_id ?? "");
  };
  const kernel = await Kernel.start(options.folder, take);
  const interrupt = (): void => kernel.interrupt();
  options.interrupt.addEventListener("abort", interrupt);
  try {
    return await runCells(notebook, kernel, outputs, idle, options);
  } finally {
    options.interrupt.removeEventListener("abort", interrupt);
    await kernel.stop();
  }
}

async function runCells(
  notebook: Notebook,
  kernel: Kernel,
  outputs: Outputs,
  idle: ReadonlySet<string>,
  options: ExecuteOptions,
): Promise<Ending> {
  const cells = notebook.cells.filter(isToRun);
  for (const [index, cell] of cells.entries()) {
    if (options.interrupt.aborted) return { kind: "interrupted", number: index };
    options.onCell(cell, index + 1, cells.length);
    const { id, reply } = kernel.send("execute_request", {
      code: cell.source,
      silent: false,
      store_history: true,
      user_expressions: {},
      allow_stdin: false,
      stop_on_error: !options.allowErrors,
    });
    outputs.begin(id, cell);
    beginCell(cell);
    const failure = await failureOf(kernel, reply, options.timeoutMs);
    await until(() => idle.has(id) || failure?.ename === "DeadKernel", idleMs);
    if (failure !== undefined && !cell.outputs?.some((output) => output.output_type === "error")) {
      cell.outputs?.push({ output_type: "error", ...failure });
    }
    endCell(cell, failure !== undefined);
    await options.onCellEnd();
    if (options.interrupt.aborted) return { kind: "interrupted", number: index + 1 };
    const allowed = options.allowErrors || cell.metadata.tags?.includes("raises-exception");
    const fatal = failure?.ename === "DeadKernel" || failure?.ename === "CellTimeout";
    if (failure !== undefined && (fatal || allowed !== true)) {
      return { kind: "failed", number: index + 1, traceback: failure.traceback };
    }
  }
  return { kind: "done", cells: cells.length };
}

/** Whether a cell runs, as nbclient chooses: it is code that is not blank and not tagged to be skipped. */
function isToRun(cell: Cell): boolean {
  return cell.cell_type === "code" && cell.source.trim() !== "" && !cell.metadata.tags?.includes("skip-execution");
}

interface Failure {
  readonly ename: string;
  readonly evalue: string;
  readonly traceback: string[];
}

/** Resolves to what the cell threw, or to the failure that it took too long, or that the kernel is gone. */
async function failureOf(
  kernel: Kernel,
  reply: Promise<Message>,
  timeoutMs: number | undefined,
): Promise<Failure | undefined> {
  const died = kernel.died.then((how) => failure("DeadKernel", how));
  const answered = reply.then(({ content }) => (content.status === "ok" ? undefined : read(content)));
  if (timeoutMs === undefined) return await Promise.race([answered, died]);
  const late = `The cell took longer than ${timeoutMs / 1000} s (--timeout) and was interrupted.`;
  const ended = await within(Promise.race([answered, died]), timeoutMs);
  if (ended !== "late") return ended;
  kernel.interrupt();
  await within(Promise.race([answered, died]), interruptMs);
  return failure("CellTimeout", late);
}

function read(content: Message["content"]): Failure {
  const { ename = "Error", evalue = "", traceback = [] } = content as Partial<Failure>;
  return { ename, evalue, traceback: traceback.length > 0 ? traceback : [`${ename}: ${evalue}`] };
}

function failure(ename: string, evalue: string): Failure {
  return { ename, evalue, traceback: [`${ename}: ${evalue}`] };
}

async function within<Value>(promise: Promise<Value>, ms: number): Promise<Value | "late"> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<"late">((resolve) => {
    timer = setTimeout(() => resolve("late"), ms);
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}

async function until(condition: () => boolean, ms: number): Promise<void> {
  const end = performance.now() + ms;
  while (!condition() && performance.now() < end) await new Promise((resolve) => setTimeout(resolve, 2));
}
