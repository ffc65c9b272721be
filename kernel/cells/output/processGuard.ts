/**
 * Keeps cells from ending the kernel's process: uncaught errors, unhandled rejections, `process.exit` and signals to
 * itself are answered in the notebook.
 */
import { execFileSync } from "node:child_process";
import { constants } from "node:os";
import { asCellObject, cells, fromCellArray } from "../realm/cellRealm.ts";

interface GuardOptions {
  /** Shows an uncaught error; `title` says where it came from. */
  readonly report: (title: string, error: unknown) => void;
  /** Says goodbye for a cell that ends the process; returns when that has been said. */
  readonly onExit: (code: number) => void;
}

/** The process object of the cells; the kernel's own `process` has what was there at the start. */
const { process } = cells;

/** Installs the guards. Returns the true `process.exit`. */
export function guardProcess({ report, onExit }: GuardOptions): (code: number) => never {
  const { exit: end } = process;
  const exit = (code?: number | string | null): never => Reflect.apply(end, process, [code]) as never;
  process.exit = asCellObject((code?: number | string | null) => {
    onExit(Number(code ?? process.exitCode ?? 0));
    return exit(code);
  });
  patchEmit(report);
  patchRemoveAllListeners();
  patchKill();
  return exit;
}

const titles = new Map([
  ["uncaughtException", "Uncaught"],
  ["unhandledRejection", "Unhandled rejection:"],
]);

/**
 * Answers uncaught errors and unhandled rejections where they are emitted, since Node ends the process when nobody
 * listens or a listener throws. The cell's own listeners are called after that.
 */
function patchEmit(report: GuardOptions["report"]): void {
  const emit = process.emit as (...values: unknown[]) => boolean;
  const caught = (event: unknown, ...values: unknown[]): boolean => {
    const title = typeof event === "string" ? titles.get(event) : undefined;
    if (title === undefined && event !== "uncaughtExceptionMonitor") {
      return Reflect.apply(emit, process, [event, ...values]);
    }
    if (title !== undefined) report(title, values[0]);
    try {
      Reflect.apply(emit, process, [event, ...values]);
    } catch (error) {
      report("Uncaught", error);
    }
    return true;
  };
  process.emit = caught as typeof process.emit;
}

/** Restores the listeners that Node and the kernel need after a cell's `process.removeAllListeners()`. */
function patchRemoveAllListeners(): void {
  const needed = fromCellArray(process.eventNames()).map(
    (event) => [event, fromCellArray(process.rawListeners(event))] as const,
  );
  const removeAll = process.removeAllListeners;
  process.removeAllListeners = function (...values) {
    Reflect.apply(removeAll, this, values);
    for (const [event, listeners] of needed) {
      const present = fromCellArray(process.rawListeners(event));
      for (const listener of listeners) {
        if (!present.includes(listener)) process.on(event as "exit", listener as () => void);
      }
    }
    return this;
  };
}

/**
 * Signals that by default end no process of Node: those that mean nothing, and those that stop it until it is
 * continued.
 */
const harmless = new Set([
  ...["SIGCHLD", "SIGCONT", "SIGPIPE", "SIGURG", "SIGUSR1", "SIGWINCH"],
  ...["SIGSTOP", "SIGTSTP", "SIGTTIN", "SIGTTOU"],
]);

/**
 * Sends harmless signals to the process itself through a shell: before a signal that has no listener Node clears up as
 * if it were about to end, inspector included, in which cells run (`Kill` in src/node_process_methods.cc).
 */
function patchKill(): void {
  const kill = process.kill;
  process.kill = (pid, signal) => {
    const name = typeof signal === "number" ? nameOf(signal) : (signal ?? "SIGTERM");
    const isOwn = pid === process.pid || pid === -process.pid || pid === 0;
    if (!isOwn || !harmless.has(name) || process.listenerCount(name) > 0) return kill(pid, signal);
    execFileSync("/bin/sh", ["-c", `kill -s ${name.slice("SIG".length)} -- ${pid}`]);
    return true;
  };
}

function nameOf(signal: number): string {
  return Object.entries(constants.signals).find(([, value]) => value === signal)?.[0] ?? "";
}
