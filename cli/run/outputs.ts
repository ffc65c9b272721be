/** What a kernel publishes, as the outputs of the cells that caused it; the rules are nbclient's. */
import type { Message } from "../../kernel/protocol/wire/message.ts";
import type { Bundle, Cell, Output } from "./notebook.ts";

/** The outputs of one notebook's cells. */
export class Outputs {
  /** Request id -> the cell it runs: late output still finds its cell. */
  readonly #cells = new Map<string, Cell>();
  readonly #clearNext = new Set<Cell>();
  /** Display id -> the outputs that show it. */
  readonly #displays = new Map<string, (Output & { output_type: "display_data" | "execute_result" })[]>();

  /** From now on what `request` causes is the cell's. */
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
