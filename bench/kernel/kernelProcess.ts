/** A kernel as a frontend starts it: by the argv of its kernelspec, as the leader of a process group. */
import { type ChildProcess, spawn } from "node:child_process";
import { randomUUID } from "node:crypto";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type { Connection } from "../../kernel/shared/connection.ts";
import { LeanClient } from "./leanClient.ts";

/** A kernel as a frontend knows it, and its language, by which the benchmark chooses the cells. */
export interface Kernel {
  readonly name: string;
  readonly version: string;
  /** The command of `kernel.json`, in which `{connection_file}` is replaced. */
  readonly argv: readonly string[];
  readonly interruptMode: "message" | "signal";
  readonly language: "typescript" | "python";
  readonly cwd: string;
  readonly env: NodeJS.ProcessEnv;
}

const running = new Set<ChildProcess>();
process.once("exit", () => {
  for (const child of running) killGroup(child, "SIGKILL");
});
process.once("SIGINT", () => process.exit(130)); // Ctrl-C reaches no other process group
process.once("SIGTERM", () => process.exit(143));

/** A start is tried so often: tslab can die of a request that comes while it binds. */
const attempts = 3;

export class KernelProcess {
  readonly kernel: Kernel;
  readonly client: LeanClient;
  readonly startMs: number;
  readonly #child: ChildProcess;
  readonly #folder: string;

  private constructor(kernel: Kernel, client: LeanClient, startMs: number, child: ChildProcess, folder: string) {
    this.kernel = kernel;
    this.client = client;
    this.startMs = startMs;
    this.#child = child;
    this.#folder = folder;
  }

  /** Spawns the kernel and waits for its first `kernel_info_reply`, which `startMs` tells, then until iopub is heard. */
  static async start(kernel: Kernel): Promise<KernelProcess> {
    for (let attempt = 1; ; attempt++) {
      const folder = mkdtempSync(join(tmpdir(), "bench-kernel-"));
      const connection = await freeConnection();
      const file = join(folder, "connection.json");
      writeFileSync(file, JSON.stringify(connection));
      const client = new LeanClient(connection);
      const [program = "", ...args] = kernel.argv.map((arg) => arg.replace("{connection_file}", file));
      const started = performance.now();
      const child = spawn(program, args, { cwd: kernel.cwd, env: kernel.env, stdio: "ignore", detached: true });
      running.add(child);
      child.once("exit", () => running.delete(child));
      const died = once(child, "exit").then(() => undefined);
      const reply = await Promise.race([client.request("kernel_info_request", {}), died]);
      const startMs = performance.now() - started;
      const process = new KernelProcess(kernel, client, startMs, child, folder);
      if (reply !== undefined) {
        await client.listen();
        return process;
      }
      await process.stop();
      if (attempt === attempts) throw new Error(`${kernel.name} did not start in ${attempts} attempts.`);
    }
  }

  get pid(): number {
    return this.#child.pid ?? 0;
  }

  get alive(): boolean {
    return this.#child.exitCode === null && this.#child.signalCode === null;
  }

  /** Presses the Stop button, by the mode that the kernelspec asks for. */
  interrupt(): void {
    if (this.kernel.interruptMode === "message") this.client.send("interrupt_request", {}, "control");
    else killGroup(this.#child, "SIGINT");
  }

  async stop(): Promise<void> {
    if (this.alive) {
      const exited = once(this.#child, "exit");
      this.client.send("shutdown_request", { restart: false }, "control");
      await Promise.race([exited, sleep(1500)]);
    }
    killGroup(this.#child, "SIGKILL"); // also what it has left behind
    this.client.close();
    rmSync(this.#folder, { recursive: true, force: true });
  }
}

/** Starts a kernel for `use`, and ends it whatever happens. */
export async function withKernel<T>(kernel: Kernel, use: (process: KernelProcess) => Promise<T>): Promise<T> {
  const process = await KernelProcess.start(kernel);
  try {
    return await use(process);
  } finally {
    await process.stop();
  }
}

function killGroup(child: ChildProcess, signal: NodeJS.Signals): void {
  try {
    if (child.pid !== undefined) process.kill(-child.pid, signal);
  } catch {
    // the group is gone
  }
}

async function freeConnection(): Promise<Connection> {
  const servers = Array.from({ length: 5 }, () => createServer().listen(0, "127.0.0.1"));
  await Promise.all(servers.map((server) => once(server, "listening")));
  const [shell_port = 0, control_port = 0, iopub_port = 0, stdin_port = 0, hb_port = 0] = servers.map((server) => {
    const address = server.address();
    return typeof address === "object" ? (address?.port ?? 0) : 0;
  });
  await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))));
  const ports = { shell_port, control_port, iopub_port, stdin_port, hb_port };
  return { transport: "tcp", ip: "127.0.0.1", key: randomUUID(), signature_scheme: "hmac-sha256", ...ports };
}
