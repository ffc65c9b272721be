/** Shell commands in cells: their output appears while they run, and an interrupt ends them with all their children. */
import { type ChildProcessByStdio, spawn } from "node:child_process";
import { once } from "node:events";
import type { Readable, Writable } from "node:stream";
import { currentCell, runInCell } from "../asyncContext/currentCell.ts";
import { kernelTimers } from "../asyncContext/timers.ts";
import type { Interrupts } from "../interrupt/interrupts.ts";
import { KernelInterrupt } from "../interrupt/kernelInterrupt.ts";
import { asCellObject, cells, fromCellPromise } from "../realm/cellRealm.ts";
import type { Print } from "./magicContext.ts";

type Child = ChildProcessByStdio<Writable, Readable, Readable>;

/** The time between SIGINT and SIGKILL, in milliseconds. */
const graceMs = 250;
/**
 * How long a process that the command left behind may stay silent, in milliseconds, until its output counts as ended.
 */
const silenceMs = 100;
const lookEveryMs = 100;

/** The services that a command uses. */
export interface Shell {
  readonly interrupts: Interrupts;
  readonly print: Print;
}

/** Options of a command. */
interface CommandOptions {
  readonly input?: string;
  /** The working folder. Default: that of the process. */
  readonly cwd?: string;
}

/** Runs a command to its end. Its output is printed by the cell; its exit code goes to `_exit_code`. */
export async function runCommand(argv: readonly string[], shell: Shell, options: CommandOptions = {}): Promise<void> {
  await run(argv, shell, options, (text) => shell.print("stdout", text));
}

/** Runs a command and returns the lines of its standard output. */
export async function runLines(argv: readonly string[], shell: Shell): Promise<string[]> {
  let output = "";
  await run(argv, shell, {}, (text) => {
    output += text;
  });
  const lines = output.replace(/\r?\n$/, "").split(/\r?\n/);
  return asCellObject(output === "" ? [] : lines);
}

async function run(
  [program = "sh", ...args]: readonly string[],
  { interrupts, print }: Shell,
  { input = "", cwd }: CommandOptions,
  onOutput: (text: string) => void,
): Promise<void> {
  const { kernelSignal } = interrupts;
  const stdio: ["pipe", "pipe", "pipe"] = ["pipe", "pipe", "pipe"];
  const child: Child = spawn(program, args, { stdio, detached: true, ...(cwd === undefined ? {} : { cwd }) });
  child.stdin.on("error", () => {}); // a command may end before it has read everything
  child.stdin.end(input);
  const cell = currentCell(); // what a process left behind prints later still belongs here
  const asCell = (say: (text: string) => void) => (text: string) => runInCell(cell, say, undefined, [text]);
  child.stdout.setEncoding("utf8").on("data", asCell(onOutput));
  child.stderr.setEncoding("utf8").on(
    "data",
    asCell((text) => print("stderr", text)),
  );
  const interrupted = new Promise<never>((_, reject) => {
    const stop = (): void => {
      endGroup(child);
      reject(new KernelInterrupt());
    };
    kernelSignal.addEventListener("abort", stop, { once: true });
    child.once("exit", () => kernelSignal.removeEventListener("abort", stop));
  });
  interrupted.catch(() => {}); // an interrupt after the end is nobody's
  const [code, signal] = await Promise.race([exitOf(child), interrupted]);
  const exitCode = code ?? signal ?? 0;
  Object.defineProperty(cells, "_exit_code", { value: exitCode, writable: true, configurable: true });
  if (exitCode !== 0) print("stderr", `${program}: ended with ${signal === null ? `exit code ${code}` : signal}\n`);
}

/** Waits for the end of the command and of its output, which may come later. */
async function exitOf(child: Child): Promise<[code: number | null, signal: string | null]> {
  let closed = false;
  let chunks = 0;
  child.once("close", () => {
    closed = true;
  });
  for (const stream of [child.stdout, child.stderr]) stream.on("data", () => chunks++);
  await Promise.race([fromCellPromise(once(child, "exit")), hasEnded(child)]);
  for (let seen = -1; !closed && seen !== chunks; ) {
    seen = chunks;
    await Promise.race([fromCellPromise(once(child, "close")), pause(silenceMs)]);
    await pause(0); // what was waiting to be read while this thread was busy comes before its end is believed
  }
  return [child.exitCode, child.signalCode];
}

/** Waits for the end by looking: a cell may have replaced something that Node itself needs to report it. */
async function hasEnded(child: Child): Promise<void> {
  while (child.exitCode === null && child.signalCode === null) await pause(lookEveryMs);
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => {
    if (ms === 0) kernelTimers.setImmediate(resolve);
    else kernelTimers.setTimeout(resolve, ms);
  });
}

/** Ends the whole process group, since `sh -c` starts others. */
function endGroup({ pid }: Child): void {
  if (pid === undefined) return;
  const kill = (signal: NodeJS.Signals): void => {
    try {
      process.kill(-pid, signal);
    } catch {
      // all of them have ended
    }
  };
  kill("SIGINT");
  kernelTimers.setTimeout(() => kill("SIGKILL"), graceMs);
}
