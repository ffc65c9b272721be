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

  #of({ probe, root }: Receiver): Kept {
    const origin = this.#program.cells.declaring(root);
    const world = this.#program.world();
    const known = this.#kept.get(probe);
    this.#kept.delete(probe);
    const isSame = known !== undefined && known.origin === origin && known.world === world;
    const kept = isSame ? known : { origin, world, members: this.#ask(probe), signatures: new Map<string, string>() };
    this.#kept.set(probe, kept); // behind all others
    if (this.#kept.size > keptAtMost) this.#kept.delete(this.#kept.keys().next().value as string);
    return kept;
  }

  #ask(probe: string): readonly Candidate[] {
    const { document, path } = this.#program.ask(probe);
    const info = infoAt(this.#program, path, document.offset + probe.length);
    return candidatesFrom(this.#program, ranked(info?.entries ?? [], false));
  }

  #signature({ probe }: Receiver, name: string): string {
    const { document, path } = this.#program.ask(probe);
    return signatureAt(this.#program, path, document.offset + probe.length, name);
  }
}
