/** Shows how far a run is: one line that is rewritten on a terminal, one line per cell in a log. */
import type { Cell } from "./notebook.ts";

/** The stream that progress is written to: standard error, so that standard output is the cells'. */
export interface Screen {
  readonly isTTY?: boolean;
  readonly columns?: number;
  write(text: string): unknown;
}

const everyMs = 1000;

/** The progress of one run. */
export class Progress {
  readonly #screen: Screen;
  readonly #started = performance.now();
  #line = "";
  #timer: NodeJS.Timeout | undefined;

  constructor(screen: Screen) {
    this.#screen = screen;
    if (screen.isTTY === true) this.#timer = setInterval(() => this.#draw(), everyMs).unref();
  }

  /** A cell begins. */
  cell(cell: Cell, number: number, total: number): void {
    const first = cell.source.split("\n").find((line) => line.trim() !== "") ?? "";
    this.#line = `cell ${String(number).padStart(String(total).length)} of ${total}  {time}  ${first.trim()}`;
    this.#draw();
  }

  /** Makes room for text that is to stay. */
  say(text: string): void {
    this.#erase();
    this.#screen.write(text);
    if (this.#screen.isTTY === true && text.endsWith("\n")) this.#draw();
  }

  /** Writes the last line. */
  end(text: string): void {
    clearInterval(this.#timer);
    this.#erase();
    this.#screen.write(`${text} (${this.time})\n`);
  }

  /** The minutes and seconds since the start. */
  get time(): string {
    const seconds = Math.floor((performance.now() - this.#started) / 1000);
    return `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, "0")}`;
  }

  #erase(): void {
    if (this.#screen.isTTY === true && this.#line !== "") this.#screen.write("\r\x1b[2K");
  }

  #draw(): void {
    if (this.#line === "") return;
    const { isTTY, columns = 80 } = this.#screen;
    const line = this.#line.replace("{time}", this.time);
    if (isTTY !== true) this.#screen.write(`${line}\n`);
    else this.#screen.write(`\r\x1b[2K${line.slice(0, columns - 1)}`);
  }
}
