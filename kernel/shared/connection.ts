/** Reads the connection file that a frontend writes before it starts the kernel. */
import { readFileSync } from "node:fs";

/** The addresses of the sockets and the signature of messages; the keys are those of the file. */
export interface Connection {
  readonly transport: string;
  readonly ip: string;
  readonly shell_port: number;
  readonly control_port: number;
  readonly iopub_port: number;
  readonly stdin_port: number;
  readonly hb_port: number;
  readonly key: string;
  readonly signature_scheme: string;
}

type PortName = "shell_port" | "control_port" | "iopub_port" | "stdin_port" | "hb_port";

const ports: readonly PortName[] = ["shell_port", "control_port", "iopub_port", "stdin_port", "hb_port"];

/** Reads and checks the file. Throws with the missing key's name. */
export function readConnection(path: string): Connection {
  const file = JSON.parse(readFileSync(path, "utf8")) as Partial<Connection>;
  for (const port of ports) {
    if (!Number.isInteger(file[port])) {
      throw new Error(`${path} is no connection file: "${port}" should be a port number, found ${String(file[port])}.`);
    }
  }
  return { transport: "tcp", ip: "127.0.0.1", key: "", signature_scheme: "hmac-sha256", ...file } as Connection;
}

/** Returns the ZeroMQ address of one socket: `tcp://ip:port`, or `ipc://path-port`. */
export function address(connection: Connection, port: PortName): string {
  const separator = connection.transport === "ipc" ? "-" : ":";
  return `${connection.transport}://${connection.ip}${separator}${connection[port]}`;
}
