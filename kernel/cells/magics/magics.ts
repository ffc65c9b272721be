/** The kernel's side of magics: a cheap look at each cell, and everything else only once a cell has one. */

import { isCommand } from "../../shared/magics/find.ts";
import { mayHaveMagics } from "../../shared/magics/scan.ts";
import type { FromMain, StreamName } from "../../shared/messages.ts";
import { cells } from "../cellRealm.ts";
import type { Host } from "../display/host.ts";
import type { Evaluator } from "../executor/evaluate.ts";
import type { CellNames } from "../executor/liveImports.ts";
import type { Sources } from "../executor/sources.ts";
import type { Interrupts } from "../interrupt/interrupts.ts";
import { rewriteMagics } from "./rewrite.ts";
import { Toolbox } from "./toolbox.ts";

/** What a frontend does after the reply: shows a page, or puts text into a cell. */
export type Payload =
  | { readonly source: "page"; readonly data: Readonly<Record<string, string>>; readonly start: number }
  | { readonly source: "set_next_input"; readonly text: string; readonly replace: boolean };

export type Print = (name: StreamName, text: string) => void;

/** What magics work with; all of it lives on the main thread. */
export interface MagicParts {
  readonly evaluator: Evaluator;
  readonly interrupts: Interrupts;
  readonly host: Host;
  readonly sources: Sources;
  readonly post: (message: FromMain) => void;
  /** Prints under the running cell, whatever it has done to the console. */
  readonly print: Print;
  /** What cells have imported by name. */
  readonly names: CellNames;
  /** The notebook's folder. */
  readonly folder: string;
  /** What is known of a name: MIME type -> text; undefined where nothing is. */
  readonly inspect: (name: string, detail: 1 | 2) => Promise<Readonly<Record<string, string>> | undefined>;
  /** Where rewritten cells find what they call. */
  readonly runtime: { magics: object | undefined };
}

/** A cell as it runs, and what is to be done at its end. */
export interface PreparedCell {
  readonly code: string;
  /** Says what `%%time` has to say. */
  readonly ended: () => void;
}

export class Magics {
  /** Payloads of the running cell. */
  readonly payloads: Payload[] = [];
  readonly #parts: MagicParts;
  readonly #toolbox: Toolbox;

  constructor(parts: MagicParts) {
    this.#parts = parts;
    const builtIn = new Set(Object.keys(cells)); // globals that are not the user's
    this.#toolbox = new Toolbox(parts, this.payloads, builtIn);
    parts.runtime.magics = this.#toolbox;
  }

  /** The payloads, which are then forgotten. */
  takePayloads(): Payload[] {
    return this.payloads.splice(0);
  }

  /** Undefined for a cell that has no magic, which is nearly every one. */
  prepare(code: string): PreparedCell | undefined {
    if (!mayHaveMagics(code)) return undefined;
    const names = new Set(this.#parts.evaluator.lexicalNames());
    const isDefined = (name: string): boolean => names.has(name) || name in cells;
    const rewritten = rewriteMagics(code, { isDefined, isCommand });
    if (rewritten === undefined) return undefined;
    const toolbox = this.#toolbox;
    toolbox.cellStarts();
    return { code: rewritten, ended: () => toolbox.cellEnded() };
  }
}
