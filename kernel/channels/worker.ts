/** The protocol worker: owns the sockets, so that heartbeat, control and output go on while a cell blocks the main thread. */
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { parentPort, workerData } from "node:worker_threads";
import { openNativeOutput } from "../capture/nativeOutput.ts";
import { userDataFolder } from "../install/folders.ts";
import { flag } from "../interrupt/flags.ts";
import { Watchdog } from "../interrupt/watchdog.ts";
import { HistoryFile } from "../session/historyFile.ts";
import { Session } from "../session/session.ts";
import { Taker } from "./backpressure.ts";
import { endChildren } from "./endChildren.ts";
import { log, logTo } from "./log.ts";
import { Sockets } from "./sockets.ts";
import type { FromMain, ToMain, WorkerStart } from "./thread.ts";

const orphanCheckMs = 500;
/** When the process's own output begins to be shown as it comes: after the start, which should be quick. */
const followAfterMs = 200;
/** How long the main thread may take to end the process by itself. */
const exitGraceMs = 1000;
/** How long the end waits for the last lines of the history, in milliseconds. */
const historyGraceMs = 200;

const { connection, flags, captured, parentPid } = workerData as WorkerStart;
if (captured !== undefined) logTo(captured.log);
/** The cell that runs, or ran last: whose the process's own output is. */
let cell = 0;
const toMain = (message: ToMain): void => {
  if (message.type === "execute") {
    nativeOutput?.drain();
    cell = message.cell;
    watchdog.begin();
  }
  parentPort?.postMessage(message);
};
const sockets = new Sockets(connection, {
  receive: (channel, message) => {
    try {
      session.receive(channel, message);
    } catch (error) {
      log(`${message.header.msg_type} failed: ${String(error)}`);
    }
  },
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
  shutdown: () => void end(),
});

const nativeOutput = openNativeOutput(captured, (name, text) => session.report({ type: "stream", cell, name, text }));
setTimeout(() => void nativeOutput?.follow(), followAfterMs); // a cell that ends before is drained all the same

parentPort?.on("message", (message: FromMain) => {
  if (message.type === "drain" || message.type === "done" || message.type === "exiting") nativeOutput?.drain();
  session.report(message);
  taker.took(message);
});
void sockets.open().then(() => session.start());
setInterval(() => {
  if (process.ppid !== parentPid) void end();
}, orphanCheckMs);

let ending: Promise<void> | undefined;

/** Closes the sockets, ends what cells have started, lets the main thread end the process, and ends it itself when the main thread cannot. */
function end(): Promise<void> {
  ending ??= (async () => {
    const childrenEnded = endChildren();
    await sockets.close();
    await childrenEnded;
    await Promise.race([session.settled(), sleep(historyGraceMs)]);
    watchdog.disconnect();
    Atomics.store(flags, flag.closed, 1);
    Atomics.notify(flags, flag.closed);
    toMain({ type: "exit" });
    setTimeout(() => watchdog.terminate(), exitGraceMs / 4);
    setTimeout(() => watchdog.disconnect(), exitGraceMs / 2);
    setTimeout(() => process.kill(process.pid, "SIGKILL"), exitGraceMs);
  })();
  return ending;
}
