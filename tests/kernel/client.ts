/** A frontend for tests: starts the built kernel as a process and speaks the real protocol to it. */
import { type ChildProcess, spawn } from "node:child_process";
import { randomUUID } from "node:crypto";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type Server } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { toUSVString } from "node:util";
import { Dealer, Request, Subscriber } from "zeromq";
import { arriving } from "../../kernel/protocol/sockets/oneSocket.ts";
import { decode, encode, Signer } from "../../kernel/protocol/wire/frames.ts";
import {
  type Content,
  type Frame,
  type Header,
  type Message,
  newHeader,
  type Outgoing,
} from "../../kernel/protocol/wire/message.ts";
import type { Connection } from "../../kernel/shared/connection.ts";
import { ensureBuilt } from "../built.ts";
import { violations } from "./messageSchema.ts";
import { keep, record } from "./recording.ts";

await ensureBuilt();
export const mainPath = fileURLToPath(new URL("../../dist/kernel/main.cjs", import.meta.url));
const repository = fileURLToPath(new URL("../../", import.meta.url));

/** Everything that one request caused. */
export interface Run {
  readonly reply: Message;
  /** Children of the request on iopub, from `busy` to `idle`. */
  readonly messages: readonly Message[];
}

export type Channel = "shell" | "control" | "stdin";

export interface StartOptions {
  /** Where the kernel runs. Default: the repository. */
  readonly cwd?: string;
  /** Default: `THAW_TEST_NODE`, or the Node that runs the tests. */
  readonly node?: string;
  readonly key?: string;
  /** Ports and key of a kernel that has ended. Default: free ones. */
  readonly connection?: Connection;
  /** Added to the environment. `JUPYTER_DATA_DIR` is a folder of the client's own unless given. */
  readonly env?: Readonly<Record<string, string>>;
  /** Whether the client has a stdin channel. Default: true. */
  readonly stdin?: boolean;
}

/** The kernel binds its ports a moment after the client looks for them: look again soon. */
const prompt = { linger: 0, reconnectInterval: 5 };
/** Sends never wait, so that thousands may be begun at once. */
const asking = { ...prompt, sendTimeout: 0, sendHighWaterMark: 0, receiveHighWaterMark: 0 };

export class Client {
  readonly process: ChildProcess;
  readonly connection: Connection;
  /** Everything seen on iopub, in order. */
  readonly iopub: Message[] = [];
  /** The kernel's own standard error. */
  log = "";
  /** Milliseconds from the process's start to its first answer. */
  startMs = 0;
  /** Questions that cells asked on the stdin channel. */
  readonly questions: Message[] = [];
  readonly #session = randomUUID();
  readonly #signer: Signer;
  readonly #checker: Signer;
  /** Shell and stdin have one identity: it is how the kernel finds the client it wants to ask. */
  readonly #shell = new Dealer({ ...asking, routingId: this.#session });
  readonly #stdin = new Dealer({ ...asking, routingId: this.#session });
  readonly #control = new Dealer(asking);
  readonly #subscriber = new Subscriber({ ...prompt, receiveHighWaterMark: 0 });
  readonly #replies = new Map<string, Message>();
  /** The first request: of what it publishes, some may come before this client is subscribed. */
  #greeting: string | undefined;
  /** Requests whose idle has come. */
  readonly #idle = new Set<string>();
  readonly #wakers = new Set<() => void>();

  private constructor(process: ChildProcess, connection: Connection, stdin: boolean) {
    this.process = process;
    this.connection = connection;
    this.#signer = new Signer(connection.key);
    this.#checker = new Signer(connection.key);
    process.stderr?.on("data", (data) => {
      this.log += String(data);
    });
    this.#subscriber.subscribe();
    this.#subscriber.connect(this.#address(connection.iopub_port));
    this.#shell.connect(this.#address(connection.shell_port));
    this.#control.connect(this.#address(connection.control_port));
    if (stdin) this.#stdin.connect(this.#address(connection.stdin_port));
    void this.#collect(this.#stdin, (message) => this.questions.push(message));
    void this.#collect(this.#subscriber, (message) => {
      if (message.parentHeader.msg_id !== undefined && message.parentHeader.msg_id === this.#greeting) return;
      this.iopub.push(message);
      if (message.content.execution_state === "idle") this.#idle.add(parentId(message));
    });
    for (const socket of [this.#shell, this.#control]) {
      void this.#collect(socket, (message) => this.#replies.set(parentId(message), message));
    }
  }

  /** Starts a kernel and waits until it answers and its iopub is heard. */
  static async start({
    cwd = repository,
    node = process.env.THAW_TEST_NODE ?? process.execPath,
    key = randomUUID(),
    env = {},
    stdin = true,
    connection: known,
  }: StartOptions = {}): Promise<Client> {
    const folder = mkdtempSync(join(tmpdir(), "thaw-kernel-"));
    const connection = known ?? (await freeConnection(key));
    const file = join(folder, "connection.json");
    writeFileSync(file, JSON.stringify(connection));
    const spawned = performance.now();
    const child = spawn(
      node,
      ["--no-force-async-hooks-checks", "--disable-warning=ExperimentalWarning", mainPath, file],
      {
        cwd,
        stdio: ["ignore", "ignore", "pipe"],
        env: { ...process.env, JUPYTER_DATA_DIR: folder, ...env },
      },
    );
    child.once("exit", () => rmSync(folder, { recursive: true, force: true }));
    const client = new Client(child, connection, stdin);
    client.#greeting = client.send("kernel_info_request", {});
    await client.reply(client.#greeting);
    client.startMs = performance.now() - spawned;
    await client.until(() => client.iopub.some(({ header }) => header.msg_type === "iopub_welcome"));
    return client;
  }

  /** Sends a message; returns its id at once. */
  send(type: string, content: Content, channel: Channel = "shell", extra: Partial<Outgoing> = {}): string {
    const header = newHeader(type, this.#session);
    this.sendFrames(encode({ identities: [], header, parentHeader: {}, content, ...extra }, this.#signer), channel);
    return header.msg_id;
  }

  /** The same with content that is JSON text and is sent as it is, whatever `encode` would make of it. */
  sendText(type: string, content: string, channel: Channel = "shell"): string {
    const header = newHeader(type, this.#session);
    const signed = [JSON.stringify(header), "{}", "{}", content].map((text) => Buffer.from(text));
    this.sendFrames([Buffer.from("<IDS|MSG>"), Buffer.from(this.#signer.sign(signed)), ...signed], channel);
    return header.msg_id;
  }

  sendFrames(frames: Frame[], channel: Channel = "shell"): void {
    void { shell: this.#shell, control: this.#control, stdin: this.#stdin }[channel].send(frames);
  }

  /** Waits for question number `count` (from 1) and answers it. Returns the question. */
  async answer(value: string, count: number): Promise<Message> {
    await this.until(() => this.questions.length >= count, 20_000, `question ${count}`);
    const question = this.questions[count - 1] as Message;
    this.send("input_reply", { value }, "stdin", { parentHeader: question.header as Header });
    return question;
  }

  /** Sends a request and waits for its reply. */
  async request(type: string, content: Content, channel: Channel = "shell"): Promise<Message> {
    return await this.reply(this.send(type, content, channel));
  }

  async reply(id: string, timeoutMs = 20_000): Promise<Message> {
    await this.until(() => this.#replies.has(id), timeoutMs, `reply to ${id}`);
    return this.#replies.get(id) as Message;
  }

  /** Whether a request has been answered. */
  replied(id: string): boolean {
    return this.#replies.has(id);
  }

  /** Runs a cell to its idle. */
  async execute(code: string, options: Content = {}): Promise<Run> {
    return await this.finish(this.start(code, options));
  }

  /** Starts a cell; `finish` waits for it. */
  start(code: string, options: Content = {}): string {
    return this.send("execute_request", { code, silent: false, store_history: true, allow_stdin: false, ...options });
  }

  async finish(id: string, timeoutMs = 20_000): Promise<Run> {
    const reply = await this.reply(id, timeoutMs);
    await this.until(() => this.#idle.has(id), timeoutMs, `idle of ${id}`);
    return { reply, messages: this.iopub.filter((message) => parentId(message) === id) };
  }

  /** Waits for a condition on what has arrived. */
  async until(condition: () => boolean, timeoutMs = 20_000, what = "condition"): Promise<void> {
    const end = Date.now() + timeoutMs;
    while (!condition()) {
      if (Date.now() > end) throw new Error(`Waited ${timeoutMs} ms for ${what}; the kernel's log: ${this.log}`);
      await new Promise<void>((wake) => {
        const timer = setTimeout(done, 100);
        const wakers = this.#wakers;
        wakers.add(done);
        function done(): void {
          clearTimeout(timer);
          wakers.delete(done);
          wake();
        }
      });
    }
  }

  /** One heartbeat; milliseconds until its echo. */
  async heartbeat(): Promise<number> {
    const socket = new Request({ linger: 0, receiveTimeout: 5000 });
    socket.connect(this.#address(this.connection.hb_port));
    const started = performance.now();
    await socket.send("ping");
    const [echo] = await socket.receive();
    socket.close();
    if (String(echo) !== "ping") throw new Error(`The heartbeat echoed ${String(echo)}.`);
    return performance.now() - started;
  }

  /** Ends the kernel and frees everything. Returns its exit code, or its signal's name. */
  async stop(restart = false): Promise<number | string> {
    const exited =
      this.process.exitCode === null && this.process.signalCode === null ? once(this.process, "exit") : undefined;
    this.send("shutdown_request", { restart }, "control");
    if (exited !== undefined) await exited;
    for (const socket of [this.#shell, this.#control, this.#stdin, this.#subscriber]) socket.close();
    keep();
    return this.process.exitCode ?? this.process.signalCode ?? -1;
  }

  #address(port: number): string {
    return `tcp://127.0.0.1:${port}`;
  }

  async #collect(socket: Dealer | Subscriber, take: (message: Message) => void): Promise<void> {
    for await (const frames of arriving(socket)) {
      record(frames);
      const message = decode(frames, this.#checker);
      if (typeof message === "string") throw new Error(`The kernel sent frames that are no message: ${message}.`);
      if (!isWellFormed([message.header, message.parentHeader, message.metadata, message.content])) {
        throw new Error(`The kernel sent half a character: ${JSON.stringify(message.content).slice(0, 500)}`);
      }
      const wrong = violations(message);
      if (wrong.length > 0) throw new Error(`The kernel sent what does not fit the schema: ${wrong.join("; ")}`);
      take(message);
      for (const wake of [...this.#wakers]) wake();
    }
  }
}

/** Whether no string and no key in `value` holds half a surrogate pair. */
export function isWellFormed(value: unknown): boolean {
  if (typeof value === "string") return toUSVString(value) === value;
  if (typeof value !== "object" || value === null) return true;
  if (Array.isArray(value)) return value.every(isWellFormed);
  return Object.entries(value).every((entry) => entry.every(isWellFormed));
}

export function parentId(message: Message): string {
  return message.parentHeader.msg_id ?? "";
}

export function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

/** What a run printed. */
export function printed(run: Run, name = "stdout"): string {
  return run.messages
    .filter((message) => message.header.msg_type === "stream" && message.content.name === name)
    .map((message) => String(message.content.text))
    .join("");
}

/** The plain text of a run's result, or undefined. */
export function result(run: Run): string | undefined {
  const message = run.messages.find(({ header }) => header.msg_type === "execute_result");
  return (message?.content.data as Record<string, string> | undefined)?.["text/plain"];
}

/** `ename: evalue`, then the traceback, as published; empty without an error. */
export function errorText(run: Run): string {
  const message = run.messages.find(({ header }) => header.msg_type === "error");
  if (message === undefined) return "";
  const { ename, evalue, traceback } = message.content as { ename: string; evalue: string; traceback: string[] };
  return [`${ename}: ${evalue}`, ...traceback].join("\n");
}

/**
 * Ports that the system gives to nobody by itself: one of those could be any connection's a moment later, before the kernel
 * has bound it (Linux gives 32768 to 60999, others 49152 on).
 */
const firstPort = 10_000;
const ports = 22_000;

/** A server on a free port. */
async function listening(): Promise<Server> {
  for (;;) {
    const server = createServer().listen(firstPort + Math.floor(Math.random() * ports), "127.0.0.1");
    try {
      await once(server, "listening");
      return server;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "EADDRINUSE") throw error;
    }
  }
}

/** A connection on five ports that were free a moment ago. */
export async function freeConnection(key: string): Promise<Connection> {
  const servers = await Promise.all(Array.from({ length: 5 }, listening));
  const [shell_port = 0, control_port = 0, iopub_port = 0, stdin_port = 0, hb_port = 0] = servers.map((server) => {
    const address = server.address();
    return typeof address === "object" ? address?.port : 0;
  });
  await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))));
  const signature_scheme = "hmac-sha256";
  return {
    transport: "tcp",
    ip: "127.0.0.1",
    key,
    signature_scheme,
    shell_port,
    control_port,
    iopub_port,
    stdin_port,
    hb_port,
  };
}
