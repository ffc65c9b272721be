/**
 * The members of what cells declare, looked up before anybody asks: `tf.` is asked for soon after it was imported. The
 * program that a cell's check needs serves for this too, so that it costs the members alone, one name at a time.
 */
import type { Members } from "./members.ts";
import type { Program } from "./program.ts";

/** A cell of many names need not have all of them looked up. */
const namesAtMost = 20;

export class Ahead {
  readonly #program: Program;
  readonly #members: Members;
  /** The cell that is checked. */
  #cell = "";
  /** A line for each name: `settings.` */
  #text = "";
  /** Names and where their members are asked for in the text. */
  #waiting: { readonly name: string; readonly at: number }[] = [];

  constructor(program: Program, members: Members) {
    this.#program = program;
    this.#members = members;
  }

  /** What is to be asked with the check of `cell`: for its names, and for those of cells before it that had no time. */
  questionWith(cell: string): string {
    const own = this.#program.cells.get(cell)?.values ?? [];
    const names = [...new Set([...own, ...this.#waiting.map(({ name }) => name)])].slice(0, namesAtMost);
    this.#cell = cell;
    this.#text = "";
    this.#waiting = names.map((name) => {
      this.#text += `${name}.`;
      const at = this.#text.length;
      this.#text += "\n;";
      return { name, at };
    });
    return this.#text;
  }

  /** Looks one name up. Says whether there are more. */
  step(): boolean {
    const next = this.#waiting.shift();
    const held = next === undefined ? undefined : this.#program.hold(this.#cell, this.#text);
    if (next === undefined || held === undefined) return false;
    const position = held.asked.offset + next.at;
    this.#members.keep(`${next.name}.`, next.name, this.#program.questionPath, position);
    return true;
  }
}
