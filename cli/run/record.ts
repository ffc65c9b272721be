/**
 * A run leaves two records in a notebook: the outputs that its cells caused, by the rules of nbclient, and metadata about the
 * run and each cell, under the names of papermill, for the tools that read those.
 */
import type { Message } from "../../kernel/protocol/wire/message.ts";
import type { Bundle, Cell, Notebook, Output } from "./notebook.ts";
import type { Parameters } from "./parameters.ts";

/** Turns what a kernel publishes into the outputs of the cells that caused it. */
export class Outputs {
  /** Request id -> the cell it runs: late output still finds its cell. */
  readonly #cells = new Map<string, Cell>();
  readonly #clearNext = new Set<Cell>();
  /** Display id -> the outputs that show it. */
  readonly #displays = new Map<string, (Output & { output_type: "display_data" | "execute_result" })[]>();

  /** Begins the record of a cell: from now on the output that `request` causes is the cell's. */
  begin(request: string, cell: Cell): void {
    cell.outputs = [];
    cell.execution_count = null;
    cell.metadata = { ...cell.metadata, execution: {} };
    this.#cells.set(request, cell);
  }

  /** Takes in one message of iopub. Returns text that was printed, for who follows the run. */
  take({ header, parentHeader, content }: Message): { name: string; text: string } | undefined {
    const cell = this.#cells.get(parentHeader.msg_id ?? "");
    if (cell === undefined) return undefined;
    const type = header.msg_type;
    if (type === "status" || type === "execute_input")
      this.#noteTime(cell, type, String(content.execution_state), header.date);
    if (typeof content.execution_count === "number") cell.execution_count = content.execution_count;
    const id = (content.transient as { display_id?: string } | undefined)?.display_id;
    if (type === "update_display_data") this.#update(id, content);
    if (type === "clear_output") {
      if (content.wait === true) this.#clearNext.add(cell);
      else this.#clear(cell);
    }
    if (type === "stream") {
      const { name, text } = content as { name: string; text: string };
      this.#beforeOutput(cell);
      const last = cell.outputs?.at(-1);
      if (last?.output_type === "stream" && last.name === name) last.text += text;
      else cell.outputs?.push({ output_type: "stream", name, text });
      return { name, text };
    }
    if (type === "error") {
      const { ename, evalue, traceback } = content as { ename: string; evalue: string; traceback: string[] };
      this.#beforeOutput(cell);
      cell.outputs?.push({ output_type: "error", ename, evalue, traceback });
    }
    if (type === "display_data" || type === "execute_result") this.#show(cell, type, id, content);
    return undefined;
  }

  #show(
    cell: Cell,
    type: "display_data" | "execute_result",
    id: string | undefined,
    content: Message["content"],
  ): void {
    this.#beforeOutput(cell);
    const shown = { data: (content.data ?? {}) as Bundle, metadata: (content.metadata ?? {}) as Bundle };
    const output =
      type === "display_data"
        ? { output_type: type, ...shown }
        : { output_type: type, ...shown, execution_count: cell.execution_count ?? null };
    cell.outputs?.push(output);
    if (id === undefined) return;
    this.#update(id, content);
    this.#displays.set(id, [...(this.#displays.get(id) ?? []), output]);
  }

  #update(id: string | undefined, content: Message["content"]): void {
    for (const output of this.#displays.get(id ?? "") ?? []) {
      output.data = (content.data ?? {}) as Bundle;
      output.metadata = (content.metadata ?? {}) as Bundle;
    }
  }

  #beforeOutput(cell: Cell): void {
    if (this.#clearNext.has(cell)) this.#clear(cell);
  }

  #clear(cell: Cell): void {
    this.#clearNext.delete(cell);
    for (const [id, outputs] of this.#displays) {
      this.#displays.set(
        id,
        outputs.filter((output) => !cell.outputs?.includes(output)),
      );
    }
    cell.outputs = [];
  }

  #noteTime(cell: Cell, type: "status" | "execute_input", state: string, date: string): void {
    const times = cell.metadata.execution as Record<string, string>;
    const name = type === "execute_input" ? "iopub.execute_input" : `iopub.status.${state}`;
    if (state === "idle" || times[name] === undefined) times[name] = date;
  }
}

/** The facts about a run that its notebook records. */
export interface RunRecord {
  readonly input: string;
  readonly output: string;
  readonly parameters: Parameters;
  /** The version of this package. */
  readonly version: string;
}

/** Begins the record, and forgets that of an earlier run. */
export function beginRun(notebook: Notebook, { input, output, parameters, version }: RunRecord): void {
  notebook.metadata.papermill = {
    default_parameters: {},
    duration: null,
    end_time: null,
    environment_variables: {},
    exception: null,
    input_path: input,
    output_path: output,
    parameters,
    start_time: new Date().toISOString(),
    version: `thaw ${version}`,
  };
  for (const cell of notebook.cells) {
    cell.metadata = { ...cell.metadata, tags: cell.metadata.tags ?? [], papermill: { ...pending } };
    if (cell.cell_type !== "code") continue;
    cell.outputs = [];
    cell.execution_count = null;
  }
}

const pending = { duration: null, end_time: null, exception: null, start_time: null, status: "pending" };

export function beginCell(cell: Cell): void {
  cell.metadata.papermill = { ...pending, start_time: new Date().toISOString(), status: "running", exception: false };
}

export function endCell(cell: Cell, failed: boolean): void {
  finish(cell.metadata.papermill as Bundle);
  (cell.metadata.execution as Bundle)["shell.execute_reply"] = new Date().toISOString();
  Object.assign(cell.metadata.papermill as Bundle, { exception: failed, status: failed ? "failed" : "completed" });
}

export function endRun(notebook: Notebook, failed: boolean): void {
  const record = notebook.metadata.papermill as Bundle;
  finish(record);
  record.exception = failed ? true : null;
  if (failed) return;
  for (const { metadata } of notebook.cells) {
    const cell = metadata.papermill as Bundle;
    if (cell.status === "pending") cell.status = "completed";
  }
}

function finish(record: Bundle): void {
  record.end_time = new Date().toISOString();
  record.duration = (Date.parse(String(record.end_time)) - Date.parse(String(record.start_time))) / 1000;
}
