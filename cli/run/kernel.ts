/** Starts a kernel of this package as a process of its own, and speaks the protocol to it as a frontend does. */
import { type ChildProcess, spawn } from "node:child_process";
import { randomUUID } from "node:crypto";
import { once } from "node:events";
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Dealer, Subscriber } from "zeromq";
import { kernelspec } from "../../kernel/install/kernelspec.ts";
import { arriving } from "../../kernel/protocol/sockets/oneSocket.ts";
import { decode, encode, Signer } from "../../kernel/protocol/wire/frames.ts";
import { type Content, type Message, newHeader } from "../../kernel/protocol/wire/message.ts";
import { address, type Connection } from "../../kernel/shared/connection.ts";
import { ownedName, sweep } from "../../src/platform/owner.ts";
import { RunError } from "./runError.ts";

/** A kernel is given this long to end by itself, in milliseconds. */
const farewellMs = 3000;
/** Names of the folders with connection files begin with this, by which the next run finds and removes what a killed one left. */
const folderPrefix = "thaw-run-";
/** Options with which a client looks again soon: a kernel binds its sockets a moment after it was started. */
const prompt = { linger: 0, reconnectInterval: 10 };

/** A kernel process. */
export class Kernel {
  /** Resolves to the sentence that says how the process ended. */
  readonly died: Promise<string>;
  readonly #process: ChildProcess;
  readonly #session = randomUUID();
  readonly #signer: Signer;
  readonly #checker: Signer;
  readonly #shell = new Dealer(prompt);
  readonly #control = new Dealer(prompt);
  readonly #iopub = new Subscriber({ ...prompt, receiveHighWaterMark: 0 });
  readonly #waiting = new Map<string, (reply: Message) => void>();
  readonly #onOutput: (message: Message) => void;
  #log = "";

  private constructor(process: ChildProcess, connection: Connection, onOutput: (message: Message) => void) {
    this.#process = process;
    this.#onOutput = onOutput;
    this.#signer = new Signer(connection.key);
    this.#checker = new Signer(connection.key);
    process.stderr?.on("data", (text) => {
      this.#log = (this.#log + String(text)).slice(-2000);
    });
    this.died = once(process, "exit").then(([code, signal]) => {
      const how = signal === null ? `exit code ${String(code)}` : String(signal);
      return `The kernel ended with ${how}.${this.#log === "" ? "" : ` Its last words: ${this.#log.trim()}`}`;
    });
    this.#iopub.subscribe();
    this.#iopub.connect(address(connection, "iopub_port"));
    this.#shell.connect(address(connection, "shell_port"));
    this.#control.connect(address(connection, "control_port"));
    void this.#read(this.#iopub, (message) => this.#onOutput(message));
    for (const socket of [this.#shell, this.#control]) {
      void this.#read(socket, (message) => this.#waiting.get(message.parentHeader.msg_id ?? "")?.(message));
    }
  }

  /** Starts a kernel in `folder` and waits until it answers and its output is heard. */
  static async start(folder: string, onOutput: (message: Message) => void): Promise<Kernel> {
    const { argv } = kernelspec("thaw run") as { argv: string[] };
    await sweep(tmpdir(), folderPrefix);
    const temporary = join(tmpdir(), ownedName(folderPrefix));
    mkdirSync(temporary, { mode: 0o700 });
    const file = join(temporary, "connection.json");
    const connection = connectionIn(temporary);
    writeFileSync(file, JSON.stringify(connection), { mode: 0o600 });
    const [program = process.execPath, ...args] = argv.map((word) => word.replace("{connection_file}", file));
    // a group of its own: Ctrl-C reaches this process only, which then interrupts by message
    const child = spawn(program, args, { cwd: folder, stdio: ["ignore", "ignore", "pipe"], detached: true });
    child.once("exit", () => rmSync(temporary, { recursive: true, force: true }));
    let heard = false;
    const kernel = new Kernel(child, connection, (message) => {
      heard = true;
      onOutput(message);
    });
    const failed = kernel.died.then((how) => {
      throw new RunError("NO_KERNEL", `The kernel did not start. ${how}`);
    });
    while (!heard) {
      await Promise.race([kernel.request("kernel_info_request", {}), failed]);
      await new Promise((resolve) => setTimeout(resolve, 5)); // a subscription takes a moment to reach a publisher
    }
    failed.catch(() => {}); // later ends are told by `died`
    return kernel;
  }

  /** Sends a request; `id` names what it causes on iopub, `reply` resolves with its answer. */
  send(
    type: string,
    content: Content,
    channel: "shell" | "control" = "shell",
  ): { id: string; reply: Promise<Message> } {
    const header = newHeader(type, this.#session);
    const frames = encode({ identities: [], header, parentHeader: {}, content }, this.#signer);
    const reply = new Promise<Message>((resolve) => {
      this.#waiting.set(header.msg_id, (message) => {
        this.#waiting.delete(header.msg_id);
        resolve(message);
      });
    });
    void (channel === "shell" ? this.#shell : this.#control).send(frames);
    return { id: header.msg_id, reply };
  }

  /** Sends a request and resolves with its answer. */
  async request(type: string, content: Content, channel: "shell" | "control" = "shell"): Promise<Message> {
    return await this.send(type, content, channel).reply;
  }

  interrupt(): void {
    void this.request("interrupt_request", {}, "control");
  }

  kill(): void {
    this.#process.kill("SIGKILL");
  }

  /** Ends the kernel, by force if it does not end by itself, and frees everything. */
  async stop(): Promise<void> {
    if (this.#process.exitCode === null && this.#process.signalCode === null) {
      void this.request("shutdown_request", { restart: false }, "control");
      const timer = setTimeout(() => this.kill(), farewellMs);
      await this.died;
      clearTimeout(timer);
    }
    for (const socket of [this.#shell, this.#control, this.#iopub]) socket.close();
  }

  async #read(socket: Dealer | Subscriber, take: (message: Message) => void): Promise<void> {
    for await (const frames of arriving(socket)) {
      const message = decode(frames, this.#checker, Number.POSITIVE_INFINITY);
      if (typeof message !== "string") take(message);
    }
  }
}

/** Makes a connection by socket files in a folder of our own: unlike ports, nobody else can take or reach them. */
function connectionIn(folder: string): Connection {
  const ports = { shell_port: 1, control_port: 2, iopub_port: 3, stdin_port: 4, hb_port: 5 };
  return { transport: "ipc", ip: join(folder, "kernel"), key: randomUUID(), signature_scheme: "hmac-sha256", ...ports };
}
