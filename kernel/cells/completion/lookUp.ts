/** What `name?` shows: what the types say, asked for in the protocol worker, and the value, which is here. */

import type { FromMain, Inspection } from "../../shared/messages.ts";
import { tooltipOf } from "../../shared/tooltip.ts";
import type { Evaluator } from "../executor/evaluate.ts";
import { describeAt } from "./inspect.ts";

export class LookUp {
  readonly #evaluator: Evaluator;
  readonly #post: (message: FromMain) => void;
  readonly #asked = new Map<number, (typed: Inspection | undefined) => void>();
  #count = 0;

  constructor(evaluator: Evaluator, post: (message: FromMain) => void) {
    this.#evaluator = evaluator;
    this.#post = post;
  }

  /** A MIME bundle about `name`, or undefined where there is no such thing. */
  readonly describe = async (name: string): Promise<Record<string, string> | undefined> => {
    const request = ++this.#count;
    this.#post({ type: "lookUp", request, name });
    const typed = await new Promise<Inspection | undefined>((resolve) => this.#asked.set(request, resolve));
    return tooltipOf(typed, describeAt(this.#evaluator, name, name.length), 1);
  };

  /** The answer of the protocol worker, which always comes. */
  answer(request: number, typed: Inspection | undefined): void {
    this.#asked.get(request)?.(typed);
    this.#asked.delete(request);
  }
}
