/**
 * The thread between a caller that sleeps until its answer is there and the process of the tokenizers, which answers by
 * events. It starts that process, and starts it again when it has died. Sent to its thread as text, as `process.ts` is.
 */
import type { MessagePort } from "node:worker_threads";
import type { NumberedRequest, ProcessMessage, RequestLimits, TokenizerAnswer } from "./process.ts";

export interface ThreadData {
  /** Of the process: the program, its arguments, and a folder that will not vanish. */
  readonly command: string;
  readonly args: readonly string[];
  readonly folder: string;
  /** Requests of the sleeping caller come in and their answers go out here: it can be read without an event loop. */
  readonly port: MessagePort;
  /** Two counters: of answers on `port`, and of signs of life while one is awaited. */
  readonly counters: SharedArrayBuffer;
}

/** How a process ended that had a request to answer. */
export interface Death {
  /** `"time"`, `"memory"`: it ended itself at that limit. */
  readonly reason: "time" | "memory" | "start" | "other";
  /** What is known beside: the message of a panic, a signal, why it did not start. */
  readonly detail: string;
  /** Those of the request. */
  readonly limits?: RequestLimits;
}

export interface ThreadAnswer {
  readonly request: number;
  readonly answer?: TokenizerAnswer;
  readonly death?: Death;
}

/** What the caller's event loop hears: answers to requests that it awaits, and whether it is still there. */
export type ThreadEvent = ThreadAnswer | { readonly stillWaitingFor: number };
/** What the thread hears from it. */
export type ThreadOrder = { readonly ask: NumberedRequest } | { readonly abandon: number };

export function relayToTokenizers(require: NodeJS.Require): void {
  const { spawn } = require("node:child_process") as typeof import("node:child_process");
  const { parentPort, workerData } = require("node:worker_threads") as typeof import("node:worker_threads");
  const { command, args, folder, port, counters: shared } = workerData as ThreadData;
  const counters = new Int32Array(shared);
  /** A process that nobody has asked for so long ends: a training needs no tokenizer, and large ones keep 500 MB. */
  const idleMs = 120_000;

  interface Pending {
    readonly request: NumberedRequest;
    /** Whether the caller sleeps until this is answered. */
    readonly sleeps: boolean;
    abandoned?: true;
    /** Whether the process works at it. */
    begun?: boolean;
    /** Processes that died before they began with it. */
    deaths: number;
  }
  type Process = ReturnType<typeof start>;
  /** In the order in which the process answers. */
  let pending: Pending[] = [];
  let running: Process | undefined;
  let signs: NodeJS.Timeout | undefined;
  let rest: NodeJS.Timeout | undefined;

  function start() {
    const child = spawn(command, args, {
      cwd: folder,
      stdio: ["ignore", "ignore", "pipe", "ipc"],
      serialization: "advanced",
      windowsHide: true,
      env: { ...process.env, NODE_OPTIONS: "", RUST_BACKTRACE: "0" },
    });
    let written = "";
    let ended = false;
    const end = (death: Death) => {
      if (ended) return;
      ended = true;
      running = undefined;
      const [head] = pending;
      // Before it began with a request, the process died of something else, such as a signal while nothing was asked.
      if (head !== undefined && (head.begun || head.deaths++ > 1 || death.reason === "start")) {
        pending.shift();
        const { request, limits } = head.request;
        answer(head, { request, death: { ...death, limits } });
      }
      pending = pending.filter(({ abandoned }) => !abandoned);
      for (const { request } of pending) send(request);
    };
    child.stderr?.setEncoding("utf8");
    child.stderr?.on("data", (text: string) => {
      written = (written + text).slice(-4000);
    });
    child.on("error", (error) => end({ reason: "start", detail: error.message }));
    child.on("close", (code, signal) => {
      const own = /^thaw: (time|memory)$/m.exec(written)?.[1] as "time" | "memory" | undefined;
      const panic =
        /panicked at [^\n]*\n([^\n]*)/.exec(written)?.[1] ?? /^[^\n]*(?:alloc|fatal)[^\n]*/im.exec(written)?.[0];
      const ending = signal === null ? `it ended with code ${code}` : `it was ended by ${signal}`;
      end({ reason: own ?? "other", detail: panic ?? ending });
    });
    child.on("message", ({ request, answer: answered }: ProcessMessage) => {
      const one = pending.find((each) => each.request.request === request);
      if (one === undefined) return;
      if (answered === undefined) {
        one.begun = true;
        return;
      }
      pending = pending.filter((each) => each !== one);
      answer(one, { request, answer: answered });
      if (pending.length === 0) rest = setTimeout(() => child.kill("SIGKILL"), idleMs);
    });
    child.unref();
    child.channel?.unref();
    (child.stderr as unknown as { unref?(): void } | null)?.unref?.();
    return child;
  }

  function send(request: NumberedRequest): void {
    clearTimeout(rest);
    running ??= start();
    // What cannot be sent any more is answered when the end of the process is noticed.
    running.send(request, () => {});
  }

  function answer({ sleeps, abandoned }: Pending, message: ThreadAnswer): void {
    if (abandoned) return;
    if (!sleeps) {
      parentPort?.postMessage(message);
      return;
    }
    port.postMessage(message);
    Atomics.add(counters, 0, 1);
    Atomics.notify(counters, 0);
  }

  function ask(request: NumberedRequest, sleeps: boolean): void {
    // A caller that sleeps has one request at a time: an older one is of a cell that was interrupted.
    if (sleeps) for (const each of pending) if (each.sleeps) abandon(each.request.request);
    pending.push({ request, sleeps, deaths: 0 });
    send(request);
    if (sleeps) signs ??= setInterval(showLife, 200);
  }

  /** The caller that sleeps hears that somebody works for it, and its event loop, if it goes on, that nobody need. */
  function showLife(): void {
    const waited = pending.find(({ sleeps, abandoned }) => sleeps && !abandoned);
    if (waited === undefined) {
      clearInterval(signs);
      signs = undefined;
      return;
    }
    Atomics.add(counters, 1, 1);
    parentPort?.postMessage({ stillWaitingFor: waited.request.request });
  }

  /** Nobody waits for it, and it may never end: it ends with its process. */
  function abandon(request: number): void {
    const one = pending.find((each) => each.request.request === request);
    if (one === undefined || one.abandoned) return;
    one.abandoned = true;
    if (pending[0] === one) running?.kill("SIGKILL");
  }

  port.on("message", (request: NumberedRequest) => ask(request, true));
  parentPort?.on("message", (order: ThreadOrder) => {
    if ("ask" in order) ask(order.ask, false);
    else abandon(order.abandon);
  });
}
