/** `input()` and its relatives for cells: synchronous, as in a script, while heartbeat and Stop go on in the worker. */
import { MessageChannel, receiveMessageOnPort } from "node:worker_threads";
import { CodedError } from "../../../shared/codedError.ts";
import type { InputAnswer, InputOrder } from "../../shared/messages.ts";
import type { Interrupts } from "../interrupt/interrupts.ts";
import { KernelInterrupt } from "../interrupt/kernelInterrupt.ts";

const longestPrompt = 10_000;
/** How often a waiting cell checks whether it was interrupted, in milliseconds. */
const lookEveryMs = 50;

const refusals = {
  NO_CELL: "Input can be asked for only while a cell runs. Ask in a cell, and keep the answer in a variable.",
  NO_STDIN:
    "This cell asks for input, and nobody is there to answer: it was run with allow_stdin: false, as by nbconvert, " +
    "papermill or `thaw run`. Run it in JupyterLab or VS Code, or write the value into the notebook.",
  NO_STDIN_CLIENT:
    "This cell asks for input, and its frontend has no stdin channel to ask on. " +
    "Run it in JupyterLab or VS Code, or write the value into the notebook.",
} as const;

/** The error of a cell that asks for input that is not available. */
export class InputError extends CodedError {
  override readonly name = "InputError";

  constructor(code: keyof typeof refusals) {
    super(code, refusals[code]);
  }
}

/** The functions that cells get. All wait for the answer; none returns a promise. */
export interface Prompts {
  /** Asks for a line of text. */
  input(prompt?: string): string;
  /** Asks for a line of text and hides the typed characters. */
  password(prompt?: string): string;
  /**
   * Asks for a line of text, as in browsers and Deno: returns `defaultValue` for an empty answer, null for no answer.
   */
  prompt(message?: string, defaultValue?: string): string | null;
  /** Returns true for an answer that begins with y or Y. */
  confirm(message?: string): boolean;
  /** Waits for any answer. */
  alert(message?: string): void;
}

/** Creates the functions; `post` sends the order to the worker, and its port with it. */
export function createPrompts(post: (order: InputOrder) => void, interrupts: Interrupts): Prompts {
  return {
    input: (prompt = "") => ask(String(prompt), false),
    password: (prompt = "Password: ") => ask(String(prompt), true),
    prompt: (message = "Prompt", defaultValue) => {
      const answer = ask(defaultValue === undefined ? `${message} ` : `${message} [${defaultValue}] `, false);
      return answer === "" ? (defaultValue ?? null) : answer;
    },
    confirm: (message = "Confirm") => /^\s*y/i.test(ask(`${message} [y/N] `, false)),
    alert: (message = "Alert") => void ask(`${message} [Enter] `, false),
  };

  function ask(prompt: string, password: boolean): string {
    const { port1, port2 } = new MessageChannel();
    const woken = new Int32Array(new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT));
    post({ type: "input", prompt: prompt.slice(0, longestPrompt), password, woken, port: port2 });
    try {
      while (Atomics.wait(woken, 0, 0, lookEveryMs) === "timed-out") {
        if (interrupts.pending) throw new KernelInterrupt();
      }
      const answer = receiveMessageOnPort(port1)?.message as InputAnswer;
      if ("value" in answer) return answer.value;
      if (answer.refused !== "ASKED_AGAIN") throw new InputError(answer.refused);
      throw new KernelInterrupt(); // a blocked thread asks nothing else
    } finally {
      port1.close();
    }
  }
}
