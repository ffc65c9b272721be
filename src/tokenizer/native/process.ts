/**
 * The process that holds npm `tokenizers`. That library is native code which ends its process where a file leads it astray,
 * so it runs in one of its own. Both functions here are sent to that process as text: they use nothing of this module.
 */

/** What the process is asked. `key` names a tokenizer. */
export type TokenizerRequest =
  | {
      readonly kind: "load";
      readonly key: number;
      /** Text of the `tokenizer.json` to run. */
      readonly source: string;
      /** Text of another one that has to be readable too; not kept. */
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

/** Exactly one of the three. */
export interface TokenizerAnswer {
  readonly result?: unknown;
  /** What went wrong, in the words of the library. */
  readonly error?: string;
  /** Why there is no answer: the library does not load here, or the process was started anew since the tokenizer was loaded. */
  readonly missing?: "library" | "tokenizer";
}

/** How much one request may take before the process ends itself. */
export interface RequestLimits {
  /** Processor time of all its threads. */
  readonly milliseconds: number;
  /** Time by the clock, far more where much is asked: on a busy machine it passes faster than that of the processor. */
  readonly clockMilliseconds: number;
  /** Resident memory beyond that at the start of the request. */
  readonly bytes: number;
}

/** What the process sends: that it has begun with a request, and what came of it. */
export interface ProcessMessage {
  readonly request: number;
  readonly answer?: TokenizerAnswer;
}

export interface NumberedRequest {
  readonly request: number;
  readonly message: TokenizerRequest;
  readonly limits: RequestLimits;
}

/** Answers requests one after the other. `watch` is run on another thread, which can end the process while this one is busy. */
export function serveTokenizers(require: NodeJS.Require, library: string, watch: string): void {
  interface Native {
    disableTruncation(): void;
    disablePadding(): void;
    encodeBatch(texts: readonly string[], options: object): Promise<{ getIds(): number[] }[]>;
    decode(ids: readonly number[], skipSpecialTokens: boolean): Promise<string>;
  }
  const { Worker } = require("node:worker_threads") as typeof import("node:worker_threads");
  process.title = "thaw tokenizers";
  process.on("SIGINT", () => {}); // of a terminal; this process ends with the one that started it
  // The other process is gone. An exit would wait for the text that is being encoded.
  process.on("disconnect", () => process.kill(process.pid, "SIGKILL"));

  const busy = new Int32Array(new SharedArrayBuffer(8));
  const limits = new Float64Array(new SharedArrayBuffer(32));
  const watcher = new Worker(watch, { eval: true, workerData: { busy: busy.buffer, limits: limits.buffer } });
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

/** Ends the process, with a line on its standard error, when a request takes too much, or when its parent is gone. */
export function watchTokenizers(require: NodeJS.Require): void {
  const { workerData } = require("node:worker_threads") as typeof import("node:worker_threads");
  const { writeSync } = require("node:fs") as typeof import("node:fs");
  const busy = new Int32Array(workerData.busy as SharedArrayBuffer);
  const limits = new Float64Array(workerData.limits as SharedArrayBuffer);
  const parent = process.ppid;
  const end = (reason: string) => {
    writeSync(2, `thaw: ${reason}\n`);
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
