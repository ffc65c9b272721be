/**
 * The protocol worker's half of an interrupt. It is asked for by `interrupt_request` or SIGINT (session.ts), and has three
 * levels: the main thread is asked to stop, which its half does (kernel/cells/interrupt); where its event loop stays silent, V8
 * ends what runs there; where that hits the kernel's own code, the main thread is told to make up the cell's end.
 */
import { Session } from "node:inspector";
import { type Flags, flag } from "../shared/flags.ts";
import type { ToMain } from "../shared/messages.ts";
import { childrenSince, signalAll } from "../shared/processes.ts";

/** A silent main thread may finish what it does for so long, in milliseconds; `long` where it may be inside a native step, or loads a package. */
const patienceMs = { ordinary: 200, long: 4000, again: 50 };
const pingEveryMs = 50;
/** The kernel's own code may take so long to tell a cell's end after V8 ended what ran, in milliseconds. */
const recoverAfterMs = 150;
/** Signals to the cell's child processes, and how many milliseconds after the request they come. */
const childSignals = [
  ["SIGINT", 0],
  ["SIGTERM", 150],
  ["SIGKILL", 250],
] as const;

/** Interrupts the cell that runs, and watches until it has ended. */
export class Watchdog {
  readonly #flags: Flags;
  readonly #toMain: (message: ToMain) => void;
  #inspector: Session | undefined;
  #timer: NodeJS.Timeout | undefined;
  /** The time when the running cell began; undefined while no cell runs. */
  #cellStart: number | undefined;
  #pings = 0;
  /** The last answer that was seen, and when. */
  #pong = 0;
  #lastAnswer = 0;
  #again = false;
  /** The time when V8 was last told to end what ran; undefined once the cell has ended. */
  #forcedAt: number | undefined;
  /** Processes that this interrupt has ended, or is about to. */
  readonly #told = new Set<number>();
  readonly #letGo = new Set<number>();

  constructor(flags: Flags, toMain: (message: ToMain) => void) {
    this.#flags = flags;
    this.#toMain = toMain;
  }

  /** A cell is about to run. */
  begin(): void {
    this.#cellStart = performance.now();
  }

  /**
   * Interrupts the cell.
   * Level (a): loops and awaits in cells throw, the cell's AbortSignal aborts, its child processes get SIGINT.
   * Level (b), when the main thread has not answered for 200 ms (4 s where the code watches the signal and may be inside
   * a native step, or where a package is being loaded), or at once on a second request: V8 ends whatever JavaScript runs.
   * Level (c), when nothing is heard of the cell's end after that: what V8 has ended may be the kernel's own code, where the
   * cell's ended by itself just then; so the main thread is told to make the end up.
   */
  interrupt(): void {
    if (this.#timer !== undefined) this.#again = true;
    Atomics.store(this.#flags, flag.pending, 1);
    const number = Atomics.add(this.#flags, flag.requested, 1) + 1;
    this.#toMain({ type: "interrupt", number });
    this.#lastAnswer = performance.now();
    this.#timer ??= setInterval(() => this.#watch(), pingEveryMs);
    this.#ping();
    this.#told.clear();
    this.#endChildren();
  }

  /** The cell has ended: nothing is left to watch. */
  rest(): void {
    this.#cellStart = undefined;
    this.#stopWatching();
  }

  /** Ends whatever runs on the main thread now; the inspector stays connected until `disconnect`. */
  terminate(): void {
    if (this.#inspector === undefined) {
      this.#inspector = new Session();
      this.#inspector.connectToMainThread();
    }
    this.#inspector.post("Runtime.terminateExecution");
  }

  /** Disconnects the inspector: a process that ends with it connected waits for a debugger. */
  disconnect(): void {
    this.rest();
    this.#inspector?.disconnect();
    this.#inspector = undefined;
  }

  #watch(): void {
    const now = performance.now();
    const pong = Atomics.load(this.#flags, flag.pong);
    const answers = pong !== this.#pong;
    this.#pong = pong;
    this.#ping(); // anew: one that reached the main thread as V8 ended what ran there is not answered
    if (answers) {
      this.#lastAnswer = now;
      if (this.#forcedAt !== undefined) this.#recover(now - this.#forcedAt);
      else if (Atomics.load(this.#flags, flag.pending) === 0) this.#stopWatching();
      return;
    }
    this.#endChildren(); // code that was about to wait for a process when the interrupt came does so now
    if (now - this.#lastAnswer < this.#patienceMs()) return;
    this.#lastAnswer = now;
    this.#forcedAt = now;
    Atomics.store(this.#flags, flag.forced, Atomics.load(this.#flags, flag.pending));
    this.terminate();
  }

  #recover(sinceMs: number): void {
    const isOver = this.#cellStart === undefined && Atomics.load(this.#flags, flag.pending) === 0;
    if (isOver) this.#stopWatching();
    else if (sinceMs >= recoverAfterMs) this.#toMain({ type: "recover" });
  }

  #stopWatching(): void {
    clearInterval(this.#timer);
    this.#timer = undefined;
    this.#again = false;
    this.#forcedAt = undefined;
  }

  #patienceMs(): number {
    if (this.#again) return patienceMs.again;
    const isLong = Atomics.load(this.#flags, flag.cooperative) === 1 || Atomics.load(this.#flags, flag.loading) > 0;
    return isLong ? patienceMs.long : patienceMs.ordinary;
  }

  /** A process that was let go of by `unref()` serves later cells too, as a compiler's does, and outlives its cell. */
  letGo(pid: number, isLetGo: boolean): void {
    if (isLetGo) this.#letGo.add(pid);
    else this.#letGo.delete(pid);
  }

  /** Signals the cell's children, each once per interrupt: a process that gets its number later is another. */
  #endChildren(): void {
    const all = this.#cellStart === undefined ? [] : childrenSince(this.#cellStart, this.#letGo);
    const children = all.filter((pid) => !this.#told.has(pid));
    if (children.length === 0) return;
    for (const pid of children) this.#told.add(pid);
    for (const [signal, afterMs] of childSignals) setTimeout(() => signalAll(children, signal), afterMs);
  }

  #ping(): void {
    this.#toMain({ type: "ping", number: ++this.#pings });
  }
}
