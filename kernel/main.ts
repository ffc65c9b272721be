/** The kernel process: the protocol worker first, so that it answers while the rest loads; then user code on this thread. */
import { Worker } from "node:worker_threads";
import { log } from "./channels/log.ts";
import type { FromMain, ToMain, WorkerStart } from "./channels/thread.ts";
import { newFlags } from "./interrupt/flags.ts";
import { readConnection } from "./wire/connection.ts";

const connectionFile = process.argv[2];
if (connectionFile === undefined) {
  process.stderr.write("Usage: node kernel/main.js CONNECTION_FILE (Jupyter starts it so; see `thaw install`).\n");
  process.exit(2);
}
const flags = newFlags();
const workerData: WorkerStart = { connection: readConnection(connectionFile), flags, parentPid: process.ppid };
const worker = new Worker(new URL("./channels/worker.js", import.meta.url), { workerData });
worker.on("error", (error) => {
  log(`the protocol worker failed: ${error.stack ?? error.message}`);
  process.kill(process.pid, "SIGKILL"); // without it nobody can reach this process, nor can it say goodbye
});
const early: ToMain[] = [];
let receive = (message: ToMain): void => void early.push(message);
worker.on("message", (message: ToMain) => receive(message));

const { startHost } = await import("./hostThread.ts");
receive = startHost(flags, (message: FromMain) => worker.postMessage(message));
for (const message of early) receive(message);
