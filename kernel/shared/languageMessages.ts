/** What the protocol worker and the thread of the language service say to each other. Positions are UTF-16 units. */
import type { Flags } from "./flags.ts";

/** How the thread is started. */
export interface LanguageStart {
  readonly flags: Flags;
  /** Folder of the notebook: where its imports are looked up. */
  readonly folder: string;
}

/** A completion candidate. */
export interface Candidate {
  readonly text: string;
  /** `function`, `class`, `property`, ... as frontends show it. */
  readonly type: string;
  readonly signature?: string;
}

export interface Completions {
  readonly candidates: readonly Candidate[];
  readonly start: number;
  readonly end: number;
  /** Whether names of live values make sense here: not in strings, comments and types. */
  readonly live: boolean;
}

/** What the types say about a name. */
export interface Inspection {
  /** `const size: number`, overloads one per line. */
  readonly signature: string;
  /** The doc comment, as Markdown. */
  readonly documentation: string;
  readonly tags: readonly { readonly name: string; readonly text: string }[];
}

/** A type error in a cell. Line and column from 1. */
export interface Finding {
  readonly code: number;
  readonly message: string;
  readonly line: number;
  readonly column: number;
  /** Where the message is that this name does not exist: the main thread may know better. */
  readonly unknownName?: string;
}

export type LanguageQuestion =
  | { readonly type: "complete"; readonly code: string; readonly cursor: number }
  | { readonly type: "inspect"; readonly code: string; readonly cursor: number }
  /** Asks for the type errors of a cell that was added. */
  | { readonly type: "check"; readonly name: string };

export type ToLanguage =
  /** A cell that runs: what it declares, later cells see. */
  | { readonly type: "add"; readonly name: string; readonly code: string }
  /** A cell that was refused after all. */
  | { readonly type: "remove"; readonly name: string }
  | { readonly type: "ask"; readonly request: number; readonly question: LanguageQuestion };

export type FromLanguage =
  | { readonly type: "ready" }
  | { readonly type: "answer"; readonly request: number; readonly answer: unknown };
