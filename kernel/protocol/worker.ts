/**
 * The protocol worker owns the sockets, so that heartbeat, control and output go on while a cell blocks the main thread. This
 * file connects its parts, and ends the kernel.
 */
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { parentPort, workerData } from "node:worker_threads";
import { userDataFolder } from "../install/folders.ts";
import { Taker } from "../shared/backpressure.ts";
import { flag } from "../shared/flags.ts";
import { logError, logTo } from "../shared/log.ts";
import type { FromMain, ToMain, WorkerStart } from "../shared/messages.ts";
import { childrenSince, isAlive, signalAll } from "../shared/processes.ts";
import { followSignals } from "../shared/signals.ts";
import { loadStdioAddon } from "../shared/stdioAddon.ts";
import { HistoryFile } from "./history.ts";
import { Watchdog } from "./interrupt.ts";
import { openNativeOutput } from "./nativeOutput.ts";
import { Session } from "./session.ts";
import { Sockets } from "./sockets/sockets.ts";

const orphanCheckMs = 500;
/** The process's own output, and signals, begin to be read as they come so long after the start, which should be quick. */
const followAfterMs = 200;
/**
 * The main thread may take so long to begin to end the process before what it runs is ended, and so long to end it before
 * that is done from here, in milliseconds: listeners of cells may block, and on a busy machine all takes longer.
 */
const beginExitMs = 250;
const exitMs = 4000;
/** The end waits so long for the last lines of the history, and for the answers to what was asked, in milliseconds. */
const historyGraceMs = 200;
/** Requests are still answered for so long at the end, however many come, in milliseconds. */
const lateMs = 500;
/** Processes that cells have started may take so long to clear up, and are looked at so often, in milliseconds. */
const graceMs = 300;
const lookEveryMs = 10;

const { connection, flags, captured, parentPid, port } = workerData as WorkerStart;
if (captured !== undefined) logTo(captured.log);
// An unexpected error costs no more than what it happened in. Each message is guarded where it is taken; this is for timers and
// the like.
process.on("uncaughtException", logError("unexpected"));
/** The cell that runs, or ran last: the process's own output belongs to it. */
let cell = 0;
const toMain = (message: ToMain): void => {
  if (message.type === "execute") {
    nativeOutput?.drain();
    cell = message.cell;
    watchdog.begin();
  }
  port.postMessage(message);
};
const sockets = new Sockets(connection, {
  receive: (channel, message) => session.receive(channel, message),
  subscribed: (topic) => session.greet(topic),
  published: () => taker.relieve(),
});
const taker = new Taker(flags, () => sockets.unpublished);
const watchdog = new Watchdog(flags, toMain);
const keepsHistory = process.env.THAW_HISTORY !== "0";
const session = new Session({
  connection,
  flags,
  send: (channel, message, failed) => sockets.send(channel, message, failed),
  toMain,
  historyFile: keepsHistory ? new HistoryFile(join(userDataFolder(), "thaw")) : undefined,
  interrupt: () => watchdog.interrupt(),
  cellEnded: () => watchdog.rest(),
  shutdown: (code) => void end(code),
});

const nativeOutput = openNativeOutput(captured, (name, text) => session.report({ type: "stream", cell, name, text }));
setTimeout(() => {
  void nativeOutput?.follow(); // a cell that ends before is drained all the same
  if (captured?.signals !== undefined) void followSignals(captured.signals, (signal) => session.signal(signal));
}, followAfterMs);

port.on("message", (message: FromMain) => {
  if (message.type === "drain" || message.type === "done" || message.type === "exiting") nativeOutput?.drain();
  if (message.type === "letGo") watchdog.letGo(message.pid, message.isLetGo);
  else session.report(message);
  taker.took(message);
});
parentPort?.on("message", (message: FromMain) => session.report(message)); // signals: none of the output that is counted
sockets.open().then(
  () => session.start(),
  (error: unknown) => {
    logError("the kernel cannot listen at the addresses of its connection file")(error);
    void end(1);
  },
);
setInterval(() => {
  if (process.ppid !== parentPid) void end();
}, orphanCheckMs);

let ending: Promise<void> | undefined;

/**
 * Answers the last requests, closes the sockets, ends what cells have started, lets the main thread end the process with
 * `code`, and ends it itself when the main thread cannot.
 */
function end(code = 0): Promise<void> {
  ending ??= (async () => {
    const childrenEnded = endChildren();
    await sockets.quiet(session.leave(), lateMs);
    await Promise.race([session.answered(), sleep(historyGraceMs)]);
    await sockets.close();
    await childrenEnded;
    await Promise.race([session.settled(), sleep(historyGraceMs)]);
    watchdog.disconnect();
    Atomics.store(flags, flag.closed, 1);
    Atomics.notify(flags, flag.closed);
    for (const deadline = performance.now() + exitMs; performance.now() < deadline; ) {
      toMain({ type: "exit", code }); // again: listeners of cells for the exit may be what has been ended
      await sleep(beginExitMs);
      if (Atomics.load(flags, flag.loaded) === 0) continue; // ended while it loads, it would never hear of the exit
      if (Atomics.load(flags, flag.exiting) === 1 && performance.now() < deadline - exitMs / 2) continue;
      watchdog.terminate();
      await sleep(beginExitMs);
      watchdog.disconnect(); // a process that ends with the inspector connected waits for a debugger
    }
    loadStdioAddon()?.quit(code);
    process.kill(process.pid, "SIGKILL");
  })();
  return ending;
}

/** Ends the processes that cells have started, but for those that were given a group of their own. */
async function endChildren(): Promise<void> {
  const children = childrenSince(Number.NEGATIVE_INFINITY);
  signalAll(children, "SIGTERM");
  for (let waited = 0; waited < graceMs && children.some(isAlive); waited += lookEveryMs) await sleep(lookEveryMs);
  signalAll(children, "SIGKILL");
}
