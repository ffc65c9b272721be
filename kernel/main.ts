/**
 * The kernel process. It starts the protocol worker first, so that this answers while the rest loads, then the thread of the
 * cells, which is this one, in a realm of the kernel's own. The language service is started by the protocol worker.
 */
import { MessageChannel, Worker } from "node:worker_threads";
import type { HostStart } from "./cells/hostThread.ts";
import { Realm } from "./cells/realm/realm.ts";
import { readConnection } from "./shared/connection.ts";
import { newFlags } from "./shared/flags.ts";
import { logError, logTo } from "./shared/log.ts";
import type { WorkerStart } from "./shared/messages.ts";
import { childrenSince, parentPid, signalAll } from "./shared/processes.ts";
import { keepSignals } from "./shared/signals.ts";
import { captureOutput, loadStdioAddon } from "./shared/stdioAddon.ts";

const connectionFile = process.argv[2];
if (connectionFile === undefined) {
  process.stderr.write("Usage: node kernel/main.cjs CONNECTION_FILE (Jupyter starts it so; see `thaw install`).\n");
  process.exit(2);
}
const flags = newFlags();
const captured = captureOutput();
if (captured !== undefined) logTo(captured.log);
const connection = readConnection(connectionFile);
const { port1, port2 } = new MessageChannel();
const workerData: WorkerStart = { connection, flags, captured, parentPid: parentPid(), port: port2 };
// Were the worker's stdout not asked for, Node would open this process's own to pipe it there, and make it non-blocking.
const worker = new Worker(new URL("./worker.cjs", import.meta.url), {
  workerData,
  transferList: [port2],
  stdout: true,
  stderr: true,
  resourceLimits: { maxYoungGenerationSizeMb: 8 }, // messages come and go: more would only be memory kept ready
});
worker.on("error", (error) => fail("the protocol worker", error));
keepSignals(captured && loadStdioAddon(), (signal) => worker.postMessage({ type: "signal", signal }));
try {
  const realm = new Realm();
  const { startHost } = realm.require("./host.cjs") as { startHost: (start: HostStart) => void };
  startHost({ flags, port: realm.adopt(port1), captured: captured !== undefined });
} catch (error) {
  fail("the thread of the cells", error);
}

/** Ends the process: a kernel of which one half is missing could only keep its frontend waiting. */
function fail(part: string, error: unknown): void {
  logError(`${part} failed`)(error);
  signalAll(childrenSince(Number.NEGATIVE_INFINITY), "SIGTERM");
  process.kill(process.pid, "SIGKILL"); // not exit(): a process that ends with an open ZeroMQ socket aborts
}
