/** The members of receivers that depend on the cells alone, kept for as long as these say the same. */
import { candidatesFrom, infoAt, ranked, signatureAt, startingWith, withSignatures } from "./candidates.ts";
import type { CellDocument } from "./cells.ts";
import type { Candidate } from "./messages.ts";
import type { Program } from "./program.ts";
import type { Receiver } from "./receiver.ts";

/** Plain text, no symbols: a symbol would keep a whole type checker alive. */
interface Kept {
  /** The cell that declares the root; undefined for a global. What it has taken over from older cells never changes. */
  readonly origin: CellDocument | undefined;
  readonly world: number;
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

  startingWith(typed: string, receiver: Receiver): readonly Candidate[] {
    const { members, signatures } = this.#of(receiver);
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
    const kept = { origin, world, members, signatures: new Map<string, string>() };
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
