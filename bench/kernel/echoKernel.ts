/** A kernel that answers at once and does nothing else, so that its times are those of the client and the sockets. */
import { readFileSync } from "node:fs";
import { Publisher, Router } from "zeromq";
import type { Connection } from "../../kernel/shared/connection.ts";
import { encode, partsOf } from "./leanClient.ts";

const connection = JSON.parse(readFileSync(process.argv[2] ?? "", "utf8")) as Connection;
const iopub = new Publisher();
const address = (port: number): string => `tcp://${connection.ip}:${port}`;
await iopub.bind(address(connection.iopub_port));

async function serve(port: number): Promise<void> {
  const router = new Router();
  await router.bind(address(port));
  for await (const frames of router) {
    const { at, header } = partsOf(frames);
    const type = (JSON.parse(String(header)) as { msg_type: string }).msg_type;
    const message = (name: string, content: unknown): Buffer[] =>
      encode({ type: name, parent: header }, content, connection.key);
    const publish = (name: string, content: unknown): Promise<void> => iopub.send([name, ...message(name, content)]);
    await publish("status", { execution_state: "busy" });
    if (type === "execute_request") {
      await publish("execute_input", { code: "", execution_count: 1 });
      await publish("execute_result", { data: { "text/plain": "echo" }, metadata: {}, execution_count: 1 });
    }
    const reply = message(type.replace("_request", "_reply"), { status: "ok" });
    await router.send([...frames.slice(0, at), ...reply]);
    await publish("status", { execution_state: "idle" });
    if (type === "shutdown_request") process.kill(process.pid, "SIGKILL");
  }
}
void serve(connection.shell_port);
void serve(connection.control_port);
