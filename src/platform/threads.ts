/** Starts threads, makes the scripts that threads and processes run, and waits for turns of the event loop. */
import { scheduler } from "node:timers/promises";
import { Worker, type WorkerOptions } from "node:worker_threads";

export { MessageChannel, type MessagePort, receiveMessageOnPort, type Worker } from "node:worker_threads";

/** The modules of Node that a script gets. Each is loaded when it is first asked for. */
export interface ScriptModules {
  readonly require: NodeJS.Require;
  readonly files: typeof import("node:fs");
  readonly processes: typeof import("node:child_process");
  readonly threads: typeof import("node:worker_threads");
}

/** Collects the modules. It is sent as text with every script, so it uses nothing of this module. */
function modulesOf(require: NodeJS.Require): ScriptModules {
  return {
    require,
    get files() {
      return require("node:fs") as typeof import("node:fs");
    },
    get processes() {
      return require("node:child_process") as typeof import("node:child_process");
    },
    get threads() {
      return require("node:worker_threads") as typeof import("node:worker_threads");
    },
  };
}

/**
 * Makes the text of a script that calls `run` with Node's modules and then `args`. `run` is a function that uses
 * nothing of its module, or the text of one: a file of its own would have to be JavaScript before and after the build.
 */
export function scriptOf(
  run: string | ((modules: ScriptModules, ...args: never[]) => void),
  ...args: readonly string[]
): string {
  return `(${run})((${modulesOf})(require)${args.map((arg) => `, ${JSON.stringify(arg)}`).join("")})`;
}

/** Starts a thread that runs a script. */
export function startThread(script: string, options: Omit<WorkerOptions, "eval">): Worker {
  return new Worker(script, { ...options, eval: true });
}

/**
 * Pauses between two native calls, so that the process can answer: an interrupt, a heartbeat, a redraw. Resolves in the next
 * turn of the event loop. That is Node's own turn, not a timer: a notebook takes the timers of a stopped cell away, and a run
 * that waited for one could neither go on nor end.
 */
export const breathe = (): Promise<void> => scheduler.yield();
