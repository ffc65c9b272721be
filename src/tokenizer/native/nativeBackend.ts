/** Runs npm `tokenizers`: the Rust code that Python's fast tokenizers run, so ids are the same by construction. */
import { ThawError } from "../../errors.ts";
import { dirname } from "../../platform/files.ts";
import { assertThreadRoom, freemem } from "../../platform/machine.ts";
import { resolvePackage } from "../../platform/packages.ts";
import {
  MessageChannel,
  type MessagePort,
  receiveMessageOnPort,
  scriptOf,
  startThread,
  type Worker,
} from "../../platform/threads.ts";
import type { TokenizerBackend } from "../rows.ts";
import {
  type Death,
  type NumberedRequest,
  type RequestLimits,
  relayToTokenizers,
  serveTokenizers,
  type ThreadAnswer,
  type ThreadData,
  type ThreadEvent,
  type TokenizerRequest,
  watchTokenizers,
} from "./process.ts";

/** The tokenizer that the library runs, and its name in messages. */
export interface NativeSource {
  /** The file or folder that the tokenizer comes from. */
  readonly name: string;
  /** The text of the `tokenizer.json` to run. */
  readonly source: string;
  /**
   * The text of a second `tokenizer.json` that must load without error: the components of the file that are not run.
   * Default: none.
   */
  readonly checked?: string | undefined;
  /** Makes the source again after a restart of the tokenizer process; it is not kept in memory. */
  sourceAgain(): string;
}

/** Thrown if the native library or its process is not available; another backend may be. */
export class NativeMissing extends Error {}

/**
 * Largest number of texts and UTF-16 units in one request. A cell can be interrupted between two requests, and small
 * requests keep the library's memory small.
 */
const most = { texts: 1024, units: 500_000 };

const probes = ["a", "Hello, 世界 é1!"];

/** Smallest limits of a request, for a small file or text. */
const least: RequestLimits = { milliseconds: 2000, clockMilliseconds: 4000, bytes: 300e6 };
/** Computes the limits of a load request. Measured: a vocabulary of 250,000 pieces in 5 MB takes 0.9 s and 480 MB. */
const loadLimits = ({ length }: string): RequestLimits => ({
  milliseconds: least.milliseconds + length / 1500,
  clockMilliseconds: least.clockMilliseconds + length / 150,
  bytes: least.bytes + 150 * length,
});
/**
 * Computes the limits of an encode request. Measured: a million UTF-16 units take at most 2.3 s and 200 MB, three times
 * as much with byte-level tokens.
 */
const encodeLimits = (units: number): RequestLimits => ({
  milliseconds: least.milliseconds + units / 100,
  clockMilliseconds: least.clockMilliseconds + units / 10,
  bytes: Math.max(least.bytes, Math.min(1000 * units, 0.6 * freemem())),
});

/**
 * Loads a tokenizer in the library's process. Rejects with `NativeMissing`, or a ThawError `BAD_TOKENIZER` that names
 * the source.
 */
export async function loadNativeBackend({ name, sourceAgain, ...first }: NativeSource): Promise<TokenizerBackend> {
  const key = nextKey++;
  const load = (source: string, other?: string) =>
    [{ kind: "load", key, source, checked: other }, loadLimits(source)] as const;
  checked(await currentProcess().askLater(...load(first.source, first.checked)), `Cannot load ${name}`);
  // A tokenizer that ends the process on any text is found here, before a data set is encoded; any other error may be the
  // right answer to a probe.
  const probed = await currentProcess().askLater({ kind: "encode", key, texts: probes }, least);
  if (probed.death !== undefined) checked(probed, `Cannot load ${name}`);

  const ask = (message: TokenizerRequest, units: number, what: string): unknown => {
    const answerOf = () => currentProcess().ask(message, encodeLimits(units));
    let answered = answerOf();
    if (answered.answer?.missing === "tokenizer") {
      checked(currentProcess().ask(...load(sourceAgain())), `Cannot load ${name} again`);
      answered = answerOf();
    }
    return checked(answered, `The tokenizer of ${name} failed on ${what}`);
  };
  const backend: TokenizerBackend = {
    name: "native",
    encode: (texts) =>
      requestsOf(texts).flatMap(({ some, units }) => {
        const what = some.length === 1 ? `a text of ${units} characters` : `${some.length} texts`;
        return ask({ kind: "encode", key, texts: some }, units, what) as Int32Array[];
      }),
    decode: (ids, skipSpecialTokens) =>
      ask({ kind: "decode", key, ids, skipSpecialTokens }, 10 * ids.length, `${ids.length} ids`) as string,
  };
  unused.register(backend, key);
  return backend;
}

let nextKey = 0;
/** Releases a tokenizer in the process when its object here is garbage-collected. */
const unused = new FinalizationRegistry((key: number) => shared?.send({ kind: "release", key }));

function requestsOf(texts: readonly string[]): { some: string[]; units: number }[] {
  const requests: { some: string[]; units: number }[] = [];
  for (const text of texts) {
    const last = requests.at(-1);
    if (last !== undefined && last.some.length < most.texts && last.units + text.length <= most.units) {
      last.some.push(text);
      last.units += text.length;
    } else requests.push({ some: [text], units: text.length });
  }
  return requests;
}

/** Returns the result of a request, or throws its error; `doing` is the beginning of the message. */
function checked({ answer = {}, death }: ThreadAnswer, doing: string): unknown {
  if (answer.missing === "library") throw new NativeMissing(answer.error);
  if (death?.reason === "start") throw new NativeMissing(`no process can be started: ${death.detail}`);
  if (death !== undefined) throw new ThawError("BAD_TOKENIZER", `${doing}: ${reasonOf(death)} ${advice}`);
  if (answer.error !== undefined) throw new ThawError("BAD_TOKENIZER", `${doing}: ${answer.error}. ${advice}`);
  return answer.result;
}

const advice = "Download it again, or save it with a current transformers.";

function reasonOf({ reason, detail, limits }: Death): string {
  switch (reason) {
    case "time":
      return `it was given up after ${Math.round((limits?.milliseconds ?? 0) / 1000)} seconds of computing, or ${Math.round((limits?.clockMilliseconds ?? 0) / 1000)} by the clock: a pattern in its files may need endless time.`;
    case "memory":
      return `it was given up when it had taken ${Math.round((limits?.bytes ?? 0) / 1e6)} MB of memory: its files may let texts grow, or the text is too long.`;
    default:
      return `the library for tokenizers ended (${detail}), as it does on files that contradict themselves or when memory runs out.`;
  }
}

/** The tokenizer process of this thread, started with the first tokenizer. */
let shared: TokenizerProcess | undefined;
function currentProcess(): TokenizerProcess {
  shared ??= new TokenizerProcess(() => {
    shared = undefined;
  });
  return shared;
}

class TokenizerProcess {
  readonly #worker: Worker;
  readonly #port: MessagePort;
  readonly #counters = new Int32Array(new SharedArrayBuffer(8));
  readonly #awaited = new Map<number, (answer: ThreadAnswer) => void>();
  #requests = 0;

  constructor(onEnd: () => void) {
    const { port1, port2 } = new MessageChannel();
    const library = resolvePackage("tokenizers");
    const workerData: ThreadData = {
      command: process.execPath,
      args: ["-e", scriptOf(serveTokenizers, library, scriptOf(watchTokenizers))],
      folder: dirname(library),
      port: port2,
      counters: this.#counters.buffer,
    };
    this.#port = port1;
    assertThreadRoom("The thread that speaks to the tokenizers' process");
    this.#worker = startThread(scriptOf(relayToTokenizers), { execArgv: [], workerData, transferList: [port2] });
    this.#worker.unref();
    this.#worker.on("message", (event: ThreadEvent) => this.#hear(event));
    this.#worker.on("error", onEnd);
    this.#worker.on("exit", () => {
      onEnd();
      for (const answer of this.#awaited.values())
        answer({ request: 0, death: { reason: "other", detail: "its thread ended" } });
    });
  }

  /** Sends a request whose answer nobody needs. */
  send(message: TokenizerRequest): void {
    this.#worker.postMessage({ ask: this.#numbered(message, least) });
  }

  /** Sends a request and awaits the answer without blocking the event loop. */
  askLater(message: TokenizerRequest, limits: RequestLimits): Promise<ThreadAnswer> {
    const request = this.#numbered(message, limits);
    return new Promise((resolve) => {
      this.#awaited.set(request.request, resolve);
      this.#worker.ref();
      this.#worker.postMessage({ ask: request });
    });
  }

  /**
   * Sends a request and blocks until the answer arrives. V8 wakes the blocked thread when the cell is interrupted; the
   * process is told soon after.
   */
  ask(message: TokenizerRequest, limits: RequestLimits): ThreadAnswer {
    const { request } = this.#send(message, limits);
    let [life, silentMs] = [Atomics.load(this.#counters, 1), 0];
    for (;;) {
      const seen = Atomics.load(this.#counters, 0);
      const received = receiveMessageOnPort(this.#port) as { message: ThreadAnswer } | undefined;
      if (received?.message.request === request) return received.message;
      if (received !== undefined) continue; // of a call that was interrupted
      if (Atomics.wait(this.#counters, 0, seen, 1000) !== "timed-out") continue;
      const now = Atomics.load(this.#counters, 1);
      silentMs = now === life ? silentMs + 1000 : 0;
      life = now;
      if (silentMs >= 30_000) return { request, death: { reason: "other", detail: "its thread does not answer" } };
    }
  }

  #send(message: TokenizerRequest, limits: RequestLimits): NumberedRequest {
    const request = this.#numbered(message, limits);
    this.#port.postMessage(request);
    return request;
  }

  #numbered(message: TokenizerRequest, limits: RequestLimits): NumberedRequest {
    return { request: ++this.#requests, message, limits };
  }

  #hear(event: ThreadEvent): void {
    if ("stillWaitingFor" in event) {
      // It is heard by an event loop that runs, so nobody sleeps any more.
      this.#worker.postMessage({ abandon: event.stillWaitingFor });
      return;
    }
    this.#awaited.get(event.request)?.(event);
    this.#awaited.delete(event.request);
    if (this.#awaited.size === 0) this.#worker.unref();
  }
}
