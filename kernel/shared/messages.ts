/**
 * The messages between the kernel's threads: between the protocol worker and the main thread, which runs the cells, and
 * between the protocol worker and the thread of the language service. Positions in a text are UTF-16 units.
 */
import type { MessagePort } from "node:worker_threads";
import type { Connection } from "./connection.ts";
import type { Flags } from "./flags.ts";
import type { KernelSignal } from "./signals.ts";
import type { CapturedOutput } from "./stdioAddon.ts";

// ---- The protocol worker and the main thread ----

/** The data that the protocol worker is started with. */
export interface WorkerStart {
  readonly connection: Connection;
  readonly flags: Flags;
  /** The descriptors of the captured output; undefined if the process's own output is not captured. */
  readonly captured: CapturedOutput | undefined;
  /** The process that started the kernel: when it is gone, the kernel ends. */
  readonly parentPid: number;
  /** The port that leads to the main thread. */
  readonly port: MessagePort;
}

/** Every message of the protocol worker to the main thread. */
export type ToMain =
  | ExecuteOrder
  | Question
  | CommDelivery
  /** Asks which of the names exist, on `globalThis` or declared by a cell. */
  | { readonly type: "existing"; readonly request: number; readonly names: readonly string[] }
  | { readonly type: "lookedUp"; readonly request: number; readonly typed: Inspection | undefined }
  | { readonly type: "interrupt"; readonly number: number }
  | { readonly type: "ping"; readonly number: number }
  /** Tells that V8 was told to terminate the cell, and the cell has still not ended. */
  | { readonly type: "recover" }
  | { readonly type: "exit"; readonly code: number };

/** Every message of the main thread to the protocol worker. `content` is JSON text throughout, serialised by its maker. */
export type FromMain =
  | { readonly type: "stream"; readonly cell: number; readonly name: StreamName; readonly text: string }
  | { readonly type: "output"; readonly cell: number; readonly kind: OutputKind; readonly content: string }
  | { readonly type: "done"; readonly cell: number; readonly failed: boolean; readonly content: string }
  /** Answers a question; the text is empty if there is no answer. */
  | { readonly type: "answer"; readonly request: number; readonly content: string }
  /** Tells that `%types` has set the reaction to type errors from now on. */
  | { readonly type: "types"; readonly mode: TypesMode }
  | CommReport
  /** Tells that the comm message delivered as `cell` has been handled. */
  | { readonly type: "handled"; readonly cell: number }
  | InputOrder
  /** Asks the worker to publish the process's own output so far before the messages that follow. */
  | { readonly type: "drain" }
  /** Asks what the types say about a name. */
  | { readonly type: "lookUp"; readonly request: number; readonly name: string }
  /** Tells that a child process was detached from its cell by `unref()`, or attached again by `ref()`. */
  | { readonly type: "letGo"; readonly pid: number; readonly isLetGo: boolean }
  | { readonly type: "signal"; readonly signal: KernelSignal }
  | { readonly type: "exiting"; readonly cell: number; readonly code: number };

/** The streams that cells print to. */
export type StreamName = "stdout" | "stderr";

/** The types of messages on iopub that a running cell causes, streams aside. */
export type OutputKind = "execute_result" | "display_data" | "update_display_data" | "clear_output" | "error";

/** The reaction to type errors in a cell: none, a warning under the cell, or a refusal to run it. */
export type TypesMode = "off" | "warn" | "strict";

/** A cell to run. `cell` names it in everything that comes back. */
export interface ExecuteOrder {
  readonly type: "execute";
  readonly cell: number;
  /** The text of the cell, its lines ended by `\n` alone. */
  readonly code: string;
  /** The number in `In[n]`. */
  readonly count: number;
  readonly silent: boolean;
  readonly userExpressions: Readonly<Record<string, string>>;
}

/** A question about live variables; a `LiveCompletion` or a `LiveValue` answers it. */
export interface Question {
  readonly type: "complete" | "inspect";
  readonly request: number;
  readonly code: string;
  readonly cursor: number;
}

/** The names that are live at the cursor, and the range of the text that they replace. */
export interface LiveCompletion {
  readonly matches: string[];
  /** Whether the names are members of the value before a dot. */
  readonly member: boolean;
  readonly start: number;
  readonly end: number;
}

/** The value that a name or property chain has now. */
export interface LiveValue {
  readonly expression: string;
  /** `number`, `function`, or the name of a class. */
  readonly type: string;
  readonly text: string;
  /** Whether `text` is the source of a function or class. */
  readonly callable: boolean;
}

/** A message of the frontend on a comm. Output that its handlers print belongs to the cell numbered `cell`. */
export interface CommDelivery {
  readonly type: "comm";
  readonly cell: number;
  readonly kind: "open" | "message" | "close";
  readonly id: string;
  readonly target: string;
  readonly data: unknown;
  readonly metadata: Readonly<Record<string, unknown>>;
  readonly buffers: readonly Uint8Array[];
}

/** A message of a cell's code on a comm; `content` and `metadata` are JSON text. */
export interface CommReport {
  readonly type: "comm";
  readonly cell: number;
  readonly kind: "comm_open" | "comm_msg" | "comm_close";
  readonly id: string;
  readonly target: string;
  readonly content: string;
  readonly metadata: string;
  readonly buffers: readonly Uint8Array[];
}

/**
 * A question to the user at the frontend. The caller blocks until `woken` is 1 and then reads `port`, or listens to
 * `port`.
 */
export interface InputOrder {
  readonly type: "input";
  readonly prompt: string;
  readonly password: boolean;
  readonly woken: Int32Array<SharedArrayBuffer>;
  readonly port: MessagePort;
}

/** The answer to an `InputOrder`. */
export type InputAnswer =
  | { readonly value: string }
  /** `ASKED_AGAIN`: another question has come before the answer. */
  | { readonly refused: "NO_CELL" | "NO_STDIN" | "NO_STDIN_CLIENT" | "ASKED_AGAIN" };

// ---- The protocol worker and the language service ----

/** The data that the thread of the language service is started with. */
export interface LanguageStart {
  readonly flags: Flags;
  /** Folder of the notebook, from which its imports are looked up. */
  readonly folder: string;
}

/** Every message to the language service. */
export type ToLanguage =
  /** Adds a cell that runs; later cells see its declarations. */
  | { readonly type: "add"; readonly name: string; readonly code: string }
  /** Removes a cell that was added and then refused. */
  | { readonly type: "remove"; readonly name: string }
  | { readonly type: "ask"; readonly request: number; readonly question: LanguageQuestion };

/** Every message of the language service. */
export type FromLanguage =
  | { readonly type: "ready" }
  | { readonly type: "answer"; readonly request: number; readonly answer: unknown };

/** A question to the language service; `Completions`, an `Inspection` or a list of `Finding` answers it. */
export type LanguageQuestion =
  | { readonly type: "complete"; readonly code: string; readonly cursor: number }
  | { readonly type: "inspect"; readonly code: string; readonly cursor: number }
  /** Asks for the type errors of a cell that was added. */
  | { readonly type: "check"; readonly name: string };

/** The names that can stand at the cursor, and the range of the text that they replace. */
export interface Completions {
  readonly candidates: readonly Candidate[];
  readonly start: number;
  readonly end: number;
  /** Whether names of live values make sense here: not in strings, comments and types. */
  readonly live: boolean;
}

/** One name that completion offers. */
export interface Candidate {
  readonly text: string;
  /** `function`, `class`, `property`, ... as frontends show it. */
  readonly type: string;
  readonly signature?: string;
}

/** The signature and documentation of a name, as the types have them. */
export interface Inspection {
  /** `const size: number`, overloads one per line. */
  readonly signature: string;
  /** The doc comment, as Markdown. */
  readonly documentation: string;
  readonly tags: readonly { readonly name: string; readonly text: string }[];
}

/** A type error in a cell. Line and column count from 1. */
export interface Finding {
  readonly code: number;
  readonly message: string;
  readonly line: number;
  readonly column: number;
  /** The unknown name, if that is the error; the main thread may know a variable of this name. */
  readonly unknownName?: string;
}
