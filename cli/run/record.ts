/** What a run writes into the metadata of a notebook and its cells, under papermill's names, for the tools that read those. */
import type { Bundle, Cell, Notebook } from "./notebook.ts";
import type { Parameters } from "./parameters.ts";

export interface RunRecord {
  readonly input: string;
  readonly output: string;
  readonly parameters: Parameters;
  /** Of this package. */
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
