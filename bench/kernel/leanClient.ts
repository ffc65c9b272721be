/**
 * A frontend that does as little as a frontend can, the same for every kernel that is measured: it signs and parses messages,
 * but checks nothing, since what is timed must not be the client.
 */
import { createHmac, randomUUID } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import { stripVTControlCharacters } from "node:util";
import { Dealer, Request, Subscriber } from "zeromq";
import type { Connection } from "../../kernel/shared/connection.ts";

/** A message as it arrived. Its content is parsed by whoever reads it. */
export interface Arrival {
  readonly type: string;
  /** The id of the request that it answers; empty where it answers none. */
  readonly parent: string;
  /** The value of `performance.now()` when its frames were read. */
  readonly at: number;
  readonly contentFrame: Buffer;
}

const delimiter = Buffer.from("<IDS|MSG>");
const empty = Buffer.from("{}");

/** Makes the signed frames of a message, from the delimiter on. */
export function encode(
  { type, id = randomUUID(), parent = empty }: { type: string; id?: string; parent?: Buffer },
  content: unknown,
  key: string,
): Buffer[] {
  const header = { msg_id: id, msg_type: type, session: "bench", username: "bench", date: new Date().toISOString() };
  const frames = [
    Buffer.from(JSON.stringify({ ...header, version: "5.3" })),
    parent,
    empty,
    Buffer.from(JSON.stringify(content)),
  ];
  const hmac = createHmac("sha256", key);
  for (const frame of frames) hmac.update(frame);
  return [delimiter, Buffer.from(hmac.digest("hex")), ...frames];
}

/** Finds the parts of a message. `at` is the place of the delimiter among its frames. */
export function partsOf(frames: readonly Buffer[]): { at: number; header: Buffer; parent: Buffer; content: Buffer } {
  const at = frames.findIndex((frame) => frame.equals(delimiter));
  const [header = empty, parent = empty, , content = empty] = frames.slice(at + 2);
  return { at, header, parent, content };
}

function decode(frames: readonly Buffer[]): Arrival {
  const { header, parent, content } = partsOf(frames);
  const { msg_type: type } = JSON.parse(String(header)) as { msg_type: string };
  const { msg_id = "" } = JSON.parse(String(parent)) as { msg_id?: string };
  return { type, parent: msg_id, at: performance.now(), contentFrame: content };
}

/** Parses the content of a message. */
export function contentOf(arrival: Arrival): Record<string, unknown> {
  return JSON.parse(String(arrival.contentFrame)) as Record<string, unknown>;
}

/** The messages that one request caused, and the time that they took. */
interface Outcome {
  readonly id: string;
  readonly reply: Arrival | undefined;
  /** The messages on iopub that answer it, up to `idle`, in order. */
  readonly messages: readonly Arrival[];
  /** The time from just before the request was encoded until `idle` and the reply had come; undefined when one never did. */
  readonly ms: number | undefined;
}

interface ExecuteOptions {
  readonly limitMs?: number;
  /** Waits for a result or printed text too: some kernels send it after `idle`. */
  readonly untilResult?: boolean;
  /** Receives the messages, which are then not kept. */
  readonly onMessage?: (arrival: Arrival) => void;
}

interface Pending {
  reply: Arrival | undefined;
  idle: Arrival | undefined;
  spoke: boolean;
  readonly take: (arrival: Arrival) => void;
  readonly arrived: () => void;
}

interface RoundTrip {
  readonly limitMs: number;
  readonly channel: "shell" | "control";
  readonly done: (pending: Pending) => boolean;
  readonly onMessage?: ((arrival: Arrival) => void) | undefined;
}

/** Kernels bind a moment after the client looks for them, so it looks again at once. */
const prompt = { linger: 0, reconnectInterval: 1 };
const idleState = Buffer.from('"idle"');

export class LeanClient {
  /** Receives everything on iopub that belongs to no request that is being waited for. */
  onStray: (arrival: Arrival) => void = () => {};
  readonly #connection: Connection;
  readonly #shell = new Dealer(prompt);
  readonly #control = new Dealer(prompt);
  readonly #iopub = new Subscriber({ ...prompt, receiveHighWaterMark: 0 });
  readonly #pending = new Map<string, Pending>();

  constructor(connection: Connection) {
    this.#connection = connection;
    this.#iopub.subscribe();
    this.#iopub.connect(this.#address(connection.iopub_port));
    this.#shell.connect(this.#address(connection.shell_port));
    this.#control.connect(this.#address(connection.control_port));
    const closed = (): void => {}; // a read that was under way when its socket was closed
    this.#readIopub().catch(closed);
    this.#readReplies(this.#shell).catch(closed);
    this.#readReplies(this.#control).catch(closed);
  }

  /** Sends a request without waiting for anything. */
  send(type: string, content: unknown, channel: "shell" | "control" = "shell"): string {
    const id = randomUUID();
    this.#write(type, id, content, channel);
    return id;
  }

  /** Waits for the reply to a request; undefined after `limitMs`. */
  async request(
    type: string,
    content: unknown,
    { limitMs = 20_000, channel = "shell" }: { limitMs?: number; channel?: "shell" | "control" } = {},
  ): Promise<Arrival | undefined> {
    const done = (pending: Pending): boolean => pending.reply !== undefined;
    return (await this.#roundTrip(type, content, { limitMs, channel, done })).reply;
  }

  /** Runs a cell until its reply and its `idle` have come, or `limitMs` are over. */
  execute(code: string, { limitMs = 20_000, untilResult, onMessage }: ExecuteOptions = {}): Promise<Outcome> {
    const content = { code, silent: false, store_history: true, user_expressions: {}, allow_stdin: false };
    const done = ({ reply, idle, spoke }: Pending): boolean =>
      reply !== undefined && idle !== undefined && (spoke || untilResult !== true);
    return this.#roundTrip("execute_request", content, { limitMs, channel: "shell", done, onMessage });
  }

  /** Waits until iopub is heard: a subscription takes a moment to reach its publisher. */
  async listen(): Promise<void> {
    for (let tries = 0; tries < 200; tries++) {
      const done = (pending: Pending): boolean => pending.idle !== undefined;
      const options = { limitMs: 100, channel: "shell", done } as const;
      if ((await this.#roundTrip("kernel_info_request", {}, options)).messages.length > 0) return;
    }
    throw new Error("Nothing came on iopub within ten seconds.");
  }

  /**
   * Sends heartbeats every `everyMs` until `signal` aborts. Returns the longest time to an echo in milliseconds, the number of
   * echoes that did not come within `everyMs * 20`, and the number of heartbeats.
   */
  async heartbeats(signal: AbortSignal, everyMs = 50): Promise<{ maxMs: number; missed: number; count: number }> {
    let [maxMs, missed, count] = [0, 0, 0];
    while (!signal.aborted) {
      const socket = new Request({ linger: 0, receiveTimeout: everyMs * 20 });
      socket.connect(this.#address(this.#connection.hb_port));
      while (!signal.aborted) {
        const started = performance.now();
        count++;
        try {
          await socket.send("beat");
          await socket.receive();
        } catch {
          missed++; // a Request socket that got no answer cannot send again
          maxMs = Math.max(maxMs, performance.now() - started);
          break;
        }
        maxMs = Math.max(maxMs, performance.now() - started);
        await sleep(everyMs);
      }
      socket.close();
    }
    return { maxMs, missed, count };
  }

  close(): void {
    for (const socket of [this.#shell, this.#control, this.#iopub]) socket.close();
  }

  #write(type: string, id: string, content: unknown, channel: "shell" | "control"): void {
    const socket = channel === "shell" ? this.#shell : this.#control;
    socket.send(encode({ type, id }, content, this.#connection.key)).catch(() => {}); // the kernel is gone: no reply will tell
  }

  #address(port: number): string {
    return `tcp://${this.#connection.ip}:${port}`;
  }

  #roundTrip(type: string, content: unknown, { limitMs, channel, done, onMessage }: RoundTrip): Promise<Outcome> {
    return new Promise((resolve) => {
      const id = randomUUID();
      const started = performance.now();
      const timer = setTimeout(() => settle(undefined), limitMs);
      const messages: Arrival[] = [];
      const pending: Pending = {
        reply: undefined,
        idle: undefined,
        spoke: false,
        take: onMessage ?? ((arrival) => void messages.push(arrival)),
        arrived: () => {
          if (done(pending)) settle(performance.now() - started);
        },
      };
      const settle = (ms: number | undefined): void => {
        clearTimeout(timer);
        this.#pending.delete(id);
        resolve({ id, reply: pending.reply, messages, ms });
      };
      this.#pending.set(id, pending);
      this.#write(type, id, content, channel);
    });
  }

  async #readIopub(): Promise<void> {
    for await (const frames of this.#iopub) {
      const arrival = decode(frames);
      const pending = this.#pending.get(arrival.parent);
      if (pending === undefined) {
        this.onStray(arrival);
        continue;
      }
      pending.take(arrival);
      pending.spoke ||= arrival.type === "execute_result" || arrival.type === "stream";
      if (arrival.type === "status" && arrival.contentFrame.includes(idleState)) pending.idle = arrival;
      pending.arrived();
    }
  }

  async #readReplies(socket: Dealer): Promise<void> {
    for await (const frames of socket) {
      const arrival = decode(frames);
      const pending = this.#pending.get(arrival.parent);
      if (pending === undefined) continue;
      pending.reply = arrival;
      pending.arrived();
    }
  }
}

/** Joins the printed text of `messages`, on both streams. */
export function printedText(messages: readonly Arrival[]): string {
  return messages
    .filter((message) => message.type === "stream")
    .map((message) => String(contentOf(message).text))
    .join("");
}

/** Reads the value that a cell ended with, without colours, where the kernel has results; else the text that it printed. */
export function resultText(messages: readonly Arrival[]): string {
  const result = messages.find((message) => message.type === "execute_result");
  const text =
    result === undefined ? printedText(messages) : (contentOf(result).data as Record<string, string>)["text/plain"];
  return stripVTControlCharacters(String(text)).trim();
}
