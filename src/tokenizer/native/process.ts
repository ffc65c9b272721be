/**
 * Runs npm `tokenizers` in a process of its own: the library is native code that can crash its process on a malformed
 * file. A thread between the process, which answers by events, and a caller that may block until the answer arrives
 * starts the process and restarts it when it has died. The functions here are sent to that thread as source text, so
 * they use nothing of this module.
 */
import type { MessagePort, ScriptModules } from "../../platform/threads.ts";

/** A request to the process. `key` names a tokenizer. */
export type TokenizerRequest =
  | {
      readonly kind: "load";
      readonly key: number;
      /** The text of the `tokenizer.json` to run. */
      readonly source: string;
      /** The text of a second `tokenizer.json` that must load without error; it is not kept. */
      readonly checked: string | undefined;
    }
  | { readonly kind: "encode"; readonly key: number; readonly texts: readonly string[] }
  | {
      readonly kind: "decode";
      readonly key: number;
      readonly ids: readonly number[];
      readonly skipSpecialTokens: boolean;
    }
  | { readonly kind: "release"; readonly key: number };

/** The answer to a request: exactly one of the three. */
interface TokenizerAnswer {
  readonly result?: unknown;
  /** The error, in the words of the library. */
  readonly error?: string;
  /** The missing part: the library does not load here, or the process was restarted since the tokenizer was loaded. */
  readonly missing?: "library" | "tokenizer";
}

/** The limits of one request, beyond which the process ends itself. */
export interface RequestLimits {
  /** Processor time of all its threads. */
  readonly milliseconds: number;
  /**
   * Wall time. It is far longer than the processor time, because on a busy machine the process gets only a share of the
   * processor.
   */
  readonly clockMilliseconds: number;
  /** Resident memory beyond that at the start of the request. */
  readonly bytes: number;
}

/** A message of the process: it has begun a request, or this is the answer. */
interface ProcessMessage {
  readonly request: number;
  readonly answer?: TokenizerAnswer;
}

export interface NumberedRequest {
  readonly request: number;
  readonly message: TokenizerRequest;
  readonly limits: RequestLimits;
}

/** Answers requests one after the other. `watch` is run on another thread, which can end the process while this one is busy. */
export function serveTokenizers({ require, threads }: ScriptModules, library: string, watch: string): void {
  interface Native {
    disableTruncation(): void;
    disablePadding(): void;
    encodeBatch(texts: readonly string[], options: object): Promise<{ getIds(): number[] }[]>;
    decode(ids: readonly number[], skipSpecialTokens: boolean): Promise<string>;
  }
  process.title = "thaw tokenizers";
  process.on("SIGINT", () => {}); // of a terminal; this process ends with the one that started it
  // The other process is gone. An exit would wait for the text that is being encoded.
  process.on("disconnect", () => process.kill(process.pid, "SIGKILL"));

  const busy = new Int32Array(new SharedArrayBuffer(8));
  const limits = new Float64Array(new SharedArrayBuffer(32));
  const watcher = new threads.Worker(watch, { eval: true, workerData: { busy: busy.buffer, limits: limits.buffer } });
  watcher.unref();
  const processorTime = () => {
    const { user, system } = process.cpuUsage();
    return (user + system) / 1000;
  };

  let fromString: ((source: string) => Native) | undefined;
  let notLoaded = "";
  try {
    const { Tokenizer } = require(library);
    fromString = (source) => Tokenizer.fromString(source);
  } catch (error) {
    notLoaded = String((error as Error).message);
  }

  const tokenizers = new Map<number, Native>();
  const answer = async (message: TokenizerRequest): Promise<TokenizerAnswer> => {
    if (fromString === undefined) return { missing: "library", error: notLoaded };
    if (message.kind === "load") {
      if (message.checked !== undefined) fromString(message.checked);
      const loaded = fromString(message.source);
      loaded.disableTruncation();
      loaded.disablePadding();
      tokenizers.set(message.key, loaded);
      return {};
    }
    if (message.kind === "release") {
      tokenizers.delete(message.key);
      return {};
    }
    const tokenizer = tokenizers.get(message.key);
    if (tokenizer === undefined) return { missing: "tokenizer" };
    if (message.kind === "encode") {
      const encodings = await tokenizer.encodeBatch(message.texts, { addSpecialTokens: false });
      return { result: encodings.map((encoding) => Int32Array.from(encoding.getIds())) };
    }
    return { result: await tokenizer.decode(message.ids, message.skipSpecialTokens) };
  };

  let last: Promise<void> = Promise.resolve();
  process.on("message", ({ request, message, limits: allowed }: NumberedRequest) => {
    last = last.then(async () => {
      limits[0] = processorTime() + allowed.milliseconds;
      limits[1] = process.memoryUsage.rss() + allowed.bytes;
      limits[2] = Date.now() + allowed.clockMilliseconds;
      limits[3] = allowed.bytes / 4; // from here to the limit it is looked at more often
      const begun: ProcessMessage = { request };
      process.send?.(begun);
      Atomics.store(busy, 0, 1);
      Atomics.notify(busy, 0);
      let answered: TokenizerAnswer;
      try {
        answered = await answer(message);
      } catch (error) {
        answered = { error: String((error as Error)?.message ?? error) };
      }
      Atomics.store(busy, 0, 0);
      const done: ProcessMessage = { request, answer: answered };
      process.send?.(done);
    });
  });
}

/**
 * Ends the process, with a line on its standard error, when a request exceeds its limits or the parent process is gone.
 */
export function watchTokenizers({ files, threads: { workerData } }: ScriptModules): void {
  const busy = new Int32Array(workerData.busy as SharedArrayBuffer);
  const limits = new Float64Array(workerData.limits as SharedArrayBuffer);
  const parent = process.ppid;
  const end = (reason: string) => {
    files.writeSync(2, `thaw: ${reason}\n`);
    process.kill(process.pid, "SIGKILL");
  };
  for (;;) {
    Atomics.wait(busy, 0, 0); // while there is nothing to do
    const { user, system } = process.cpuUsage();
    if ((user + system) / 1000 > (limits[0] as number) || Date.now() > (limits[2] as number)) end("time");
    const left = (limits[1] as number) - process.memoryUsage.rss();
    if (left < 0) end("memory");
    if (process.ppid !== parent) end("parent");
    Atomics.wait(busy, 1, 0, left < 3 * (limits[3] as number) ? 1 : 10);
  }
}

export interface ThreadData {
  /** The command that starts the process: the program, its arguments, and a folder that will not vanish. */
  readonly command: string;
  readonly args: readonly string[];
  readonly folder: string;
  /** Port for the requests of a blocked caller and their answers; it can be read without an event loop. */
  readonly port: MessagePort;
  /** Two counters: answers on `port`, and signs of life while an answer is awaited. */
  readonly counters: SharedArrayBuffer;
}

/** The end of a process that had a request to answer. */
export interface Death {
  /** The reason of the end; `"time"` and `"memory"`: the process ended itself at that limit. */
  readonly reason: "time" | "memory" | "start" | "other";
  /** Details: the message of a panic, a signal, or the reason why the process did not start. */
  readonly detail: string;
  /** The limits of the request. */
  readonly limits?: RequestLimits;
}

export interface ThreadAnswer {
  readonly request: number;
  readonly answer?: TokenizerAnswer;
  readonly death?: Death;
}

/**
 * A message to the caller's event loop: the answer to an awaited request, or a check whether it still waits for one.
 */
export type ThreadEvent = ThreadAnswer | { readonly stillWaitingFor: number };
/** A message of the caller's event loop to the thread. */
type ThreadOrder = { readonly ask: NumberedRequest } | { readonly abandon: number };

/** Runs on the thread: starts the process, hands requests on to it, and starts it again when it has died. */
export function relayToTokenizers({ processes, threads: { parentPort, workerData } }: ScriptModules): void {
  const { command, args, folder, port, counters: shared } = workerData as ThreadData;
  const counters = new Int32Array(shared);
  /**
   * Idle time in milliseconds after which the process ends: training needs no tokenizer, and a large one holds 500 MB.
   */
  const idleMs = 120_000;

  interface Pending {
    readonly request: NumberedRequest;
    /** Whether the caller is blocked until this request is answered. */
    readonly sleeps: boolean;
    abandoned?: true;
    /** Whether the process has begun this request. */
    begun?: boolean;
    /** Number of processes that died before they began this request. */
    deaths: number;
  }
  type Process = ReturnType<typeof start>;
  /** The requests in the order in which the process answers. */
  let pending: Pending[] = [];
  let running: Process | undefined;
  let signs: NodeJS.Timeout | undefined;
  let rest: NodeJS.Timeout | undefined;

  function start() {
    const child = processes.spawn(command, args, {
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
    // A request that cannot be sent any more is answered as soon as the end of the process is noticed.
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

  /**
   * Signals to a blocked caller that its request is still in progress, and asks a caller with a running event loop
   * whether it still waits.
   */
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

  /** Abandons a request that nobody waits for any more; since it may never end, its process is ended. */
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
