/** The context of magics: the services of the kernel that they use, their effects on the frontend, their error. */
import { CodedError } from "../../../shared/codedError.ts";
import type { Host } from "../../../shared/host.ts";
import type { FromMain, StreamName } from "../../shared/messages.ts";
import type { Sources } from "../errors/sources.ts";
import type { Evaluator } from "../executor/evaluator.ts";
import type { Interrupts } from "../interrupt/interrupts.ts";
import type { CellImports } from "../rewrite/imports.ts";

/** An effect on the frontend after the reply: it shows a page, or puts text into a cell. */
export type Payload =
  | { readonly source: "page"; readonly data: Readonly<Record<string, string>>; readonly start: number }
  | { readonly source: "set_next_input"; readonly text: string; readonly replace: boolean };

/** Prints text on one of the running cell's streams. */
export type Print = (name: StreamName, text: string) => void;

/** The services that magics use; all of them live on the main thread. */
export interface MagicServices {
  readonly evaluator: Evaluator;
  readonly interrupts: Interrupts;
  readonly host: Host;
  readonly sources: Sources;
  readonly post: (message: FromMain) => void;
  /** Prints under the running cell, whatever it has done to the console. */
  readonly print: Print;
  /** The names that cells have imported. */
  readonly names: CellImports;
  /** The notebook's folder. */
  readonly folder: string;
  /** Describes a name: MIME type -> text; undefined where nothing is known. */
  readonly inspect: (name: string) => Promise<Readonly<Record<string, string>> | undefined>;
  /** The runtime in which rewritten cells find the object they call. */
  readonly runtime: { magics: object | undefined };
}

/** The error of a magic with arguments that it does not support. */
export class MagicError extends CodedError {
  override readonly name = "MagicError";
}
