/** Keeps the members of receivers that depend on the cells alone for as long as these say the same, and looks them up ahead. */
import type { Candidate } from "../shared/messages.ts";
import { candidatesFrom, infoAt, ranked, signatureAt, startingWith, withSignatures } from "./candidates.ts";
import type { CellDocument } from "./cells.ts";
import type { Program } from "./program.ts";
import { accessAt, isSteady, type Receiver } from "./receiver.ts";

/** The members of one receiver, as plain text without symbols: a symbol would keep a whole type checker alive. */
interface Kept {
  /** The cell that declares the root; undefined for a global. What it has taken over from older cells never changes. */
  readonly origin: CellDocument | undefined;
  readonly world: number;
  /** Whether the members stay the same wherever the text takes others of the same root. */
  readonly steady: boolean;
  readonly members: readonly Candidate[];
  readonly signatures: Map<string, string>;
}

/** Receivers whose members are kept. */
const keptAtMost = 100;

/** The members of the receivers asked for last. */
export class Members {
  readonly #program: Program;
  readonly #kept = new Map<string, Kept>();

  constructor(program: Program) {
    this.#program = program;
  }

  /** Returns the members that begin so; undefined where they depend on the text after all. */
  startingWith(typed: string, receiver: Receiver): readonly Candidate[] | undefined {
    const { members, signatures, steady } = this.#of(receiver);
    if (receiver.shared && !steady) return undefined;
    const fitting = startingWith(typed, members, ({ text }) => text);
    return withSignatures(fitting, (name) => {
      const signature = signatures.get(name) ?? this.#signature(receiver, name);
      signatures.set(name, signature);
      return signature;
    });
  }

  /** Looks the members up at a position behind `probe` in the text in question, for when they are asked for. */
  keep(probe: string, root: string, path: string, position: number): Kept {
    const info = infoAt(this.#program, path, position);
    const members = candidatesFrom(this.#program, ranked(info?.entries ?? [], false));
    const [origin, world] = [this.#program.cells.declaring(root), this.#program.world()];
    const program = this.#program.service.getProgram();
    const tree = program?.getSourceFile(path);
    const access = tree === undefined ? undefined : accessAt(tree, position);
    const steady =
      program !== undefined && access !== undefined && isSteady(program.getTypeChecker(), access.expression);
    const kept = { origin, world, steady, members, signatures: new Map<string, string>() };
    this.#kept.set(probe, kept);
    if (this.#kept.size > keptAtMost) this.#kept.delete(this.#kept.keys().next().value as string);
    return kept;
  }

  #of({ probe, root }: Receiver): Kept {
    const known = this.#kept.get(probe);
    this.#kept.delete(probe); // to be put behind all others
    if (known?.origin === this.#program.cells.declaring(root) && known?.world === this.#program.world()) {
      this.#kept.set(probe, known);
      return known;
    }
    const { document, path } = this.#program.ask(probe);
    return this.keep(probe, root, path, document.offset + probe.length);
  }

  #signature({ probe }: Receiver, name: string): string {
    const { document, path } = this.#program.ask(probe);
    return signatureAt(this.#program, path, document.offset + probe.length, name);
  }
}

/** A cell of many names need not have all of them looked up. */
const namesAtMost = 20;

/**
 * Looks up the members of what cells declare before anybody asks: `tf.` is asked for soon after it was imported. The program
 * that a cell's check needs serves for this too, so that it costs the members alone, one name at a time.
 */
export class Ahead {
  readonly #program: Program;
  readonly #members: Members;
  /** The cell that is checked. */
  #cell = "";
  /** The text in question, with a line for each name: `settings.` */
  #text = "";
  /** The names that are left, and where their members are asked for in the text. */
  #waiting: { readonly name: string; readonly at: number }[] = [];

  constructor(program: Program, members: Members) {
    this.#program = program;
    this.#members = members;
  }

  /** Returns the text to ask about with the check of `cell`: for its names, and for those of cells before it that had no time. */
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
