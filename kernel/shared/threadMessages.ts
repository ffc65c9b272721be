/** What the two threads say to each other: the protocol worker asks, the main thread runs code and reports. */
import type { MessagePort } from "node:worker_threads";
import type { TypesMode } from "../protocol/language/typeChecks.ts";
import type { Connection } from "./connection.ts";
import type { Flags } from "./flags.ts";
import type { Inspection } from "./languageMessages.ts";
import type { KernelSignal } from "./signals.ts";
import type { CapturedOutput } from "./stdioAddon.ts";

/** What the worker is started with. */
export interface WorkerStart {
  readonly connection: Connection;
  readonly flags: Flags;
  /** Absent where the process's own output is not captured. */
  readonly captured: CapturedOutput | undefined;
  /** Process that started the kernel: when it is gone, so is the kernel. */
  readonly parentPid: number;
  /** Leads to the main thread. */
  readonly port: MessagePort;
}

/** A cell to run. `cell` names it in everything that comes back. */
export interface ExecuteOrder {
  readonly type: "execute";
  readonly cell: number;
  readonly code: string;
  /** The number in `In[n]`. */
  readonly count: number;
  readonly silent: boolean;
  readonly userExpressions: Readonly<Record<string, string>>;
}

/** A question about live variables. `cursor` is in UTF-16 units. */
export interface Question {
  readonly type: "complete" | "inspect";
  readonly request: number;
  readonly code: string;
  readonly cursor: number;
}

/** Something the frontend says on a comm. What its handlers print is output of the cell numbered `cell`. */
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

/** Something code on the main thread says on a comm; `content` and `metadata` are JSON text. */
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

/** A question to the person at the frontend. Who asks blocks until `woken` is 1 and then reads `port`, or listens to it. */
export interface InputOrder {
  readonly type: "input";
  readonly prompt: string;
  readonly password: boolean;
  readonly woken: Int32Array<SharedArrayBuffer>;
  readonly port: MessagePort;
}

export type InputAnswer =
  | { readonly value: string }
  /** `ASKED_AGAIN`: another question has come before the answer. */
  | { readonly refused: "NO_CELL" | "NO_STDIN" | "NO_STDIN_CLIENT" | "ASKED_AGAIN" };

export type ToMain =
  | ExecuteOrder
  | Question
  | CommDelivery
  /** Asks which of the names exist, on `globalThis` or declared by a cell. */
  | { readonly type: "existing"; readonly request: number; readonly names: readonly string[] }
  | { readonly type: "lookedUp"; readonly request: number; readonly typed: Inspection | undefined }
  | { readonly type: "interrupt"; readonly number: number }
  | { readonly type: "ping"; readonly number: number }
  /** V8 was told to end what ran, and the cell has still not ended. */
  | { readonly type: "recover" }
  | { readonly type: "exit"; readonly code: number };

/** `content` is JSON text throughout, serialised by its maker. */
export type FromMain =
  | { readonly type: "stream"; readonly cell: number; readonly name: "stdout" | "stderr"; readonly text: string }
  | { readonly type: "output"; readonly cell: number; readonly kind: OutputKind; readonly content: string }
  | { readonly type: "done"; readonly cell: number; readonly failed: boolean; readonly content: string }
  /** To a question; empty text for no answer. */
  | { readonly type: "answer"; readonly request: number; readonly content: string }
  /** `%types`: what a type error in a cell does from now on. */
  | { readonly type: "types"; readonly mode: TypesMode }
  | CommReport
  /** The comm message delivered as `cell` has been dealt with. */
  | { readonly type: "handled"; readonly cell: number }
  | InputOrder
  /** What the process itself has printed so far comes before what follows. */
  | { readonly type: "drain" }
  /** Asks what the types say about a name. */
  | { readonly type: "lookUp"; readonly request: number; readonly name: string }
  /** A child process was let go of by `unref()`, or taken back. */
  | { readonly type: "letGo"; readonly pid: number; readonly isLetGo: boolean }
  | { readonly type: "signal"; readonly signal: KernelSignal }
  | { readonly type: "exiting"; readonly cell: number; readonly code: number };

/** Messages on iopub that a running cell causes, streams aside. */
export type OutputKind = "execute_result" | "display_data" | "update_display_data" | "clear_output" | "error";
