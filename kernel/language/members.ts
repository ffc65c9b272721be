/** The members of receivers that depend on the cells alone, kept for as long as these say the same. */

import type { Candidate } from "../shared/languageMessages.ts";
import { candidatesFrom, infoAt, ranked, signatureAt, startingWith, withSignatures } from "./candidates.ts";
import type { CellDocument } from "./cells.ts";
import type { Program } from "./program.ts";
import { accessAt, isSteady, type Receiver } from "./receiver.ts";

/** Plain text, no symbols: a symbol would keep a whole type checker alive. */
interface Kept {
  /** The cell that declares the root; undefined for a global. What it has taken over from older cells never changes. */
  readonly origin: CellDocument | undefined;
  readonly world: number;
  /** Whether the members stay the same wherever the text takes others of the same root. */
  readonly steady: boolean;
  readonly members: readonly Candidate[];
  readonly signatures: Map<string, string>;
}

/** The receivers asked for last. */
const keptAtMost = 100;

export class Members {
  readonly #program: Program;
  readonly #kept = new Map<string, Kept>();

  constructor(program: Program) {
    this.#program = program;
  }

  /** Undefined where they depend on the text after all. */
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
