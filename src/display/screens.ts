/** Where a live display is drawn: this project's kernel, Deno's, a terminal, or a log. */
import { randomUUID } from "node:crypto";
import type { DisplayBundle } from "./bundle.ts";
import { currentHost, type Host } from "./host.ts";

/** Draws one display. `show` replaces what the last `show` drew. */
export interface Screen {
  show(bundle: DisplayBundle): void;
  close(): void;
}

/** The part of a stream that a terminal or log needs; `process.stderr` has it. */
export interface TextStream {
  write(text: string): unknown;
  readonly isTTY?: boolean;
  readonly columns?: number;
  readonly rows?: number;
}

/** `Deno.jupyter.broadcast`: sends a message of the Jupyter protocol from a cell. */
export type Broadcast = (type: string, content: Record<string, unknown>) => Promise<void>;

/** The notebook around this process, else stderr: rewritten in place on a terminal, a line now and then in a log. */
export function chooseScreen(): Screen {
  const host = currentHost();
  if (host !== undefined) return hostScreen(host);
  const broadcast = denoBroadcast();
  if (broadcast !== undefined) return denoScreen(broadcast);
  return process.stderr.isTTY ? terminalScreen(process.stderr) : logScreen(process.stderr);
}

export function hostScreen(host: Host): Screen {
  const displayId = randomUUID();
  let isOpen = false;
  return {
    show(bundle) {
      host.display(bundle, { displayId, update: isOpen });
      isOpen = true;
    },
    close() {},
  };
}

export function denoScreen(broadcast: Broadcast): Screen {
  const transient = { display_id: randomUUID() };
  let sent: Promise<unknown> | undefined;
  return {
    show({ data, metadata = {} }) {
      const type = sent === undefined ? "display_data" : "update_display_data";
      // One after the other; a notebook that has gone away must not end the training.
      sent = (sent ?? Promise.resolve())
        .then(() => broadcast(type, { data, metadata, transient }))
        .catch(() => undefined);
    },
    close() {},
  };
}

/** Rewrites its lines in place. Long lines are cut, so that the cursor's way up is known; too many, and the first are dropped. */
export function terminalScreen(stream: TextStream): Screen {
  let drawn = 0;
  return {
    show(bundle) {
      const width = Math.max(20, (stream.columns ?? 80) - 1);
      const lines = textOf(bundle)
        .split("\n")
        .slice(-Math.max(1, (stream.rows ?? 24) - 1));
      const up = drawn > 0 ? `\x1b[${drawn}A\x1b[0J` : "";
      stream.write(`${up}${lines.map((line) => [...line].slice(0, width).join("")).join("\n")}\n`);
      drawn = lines.length;
    },
    close() {},
  };
}

/** The first line of the text at most every `intervalSeconds` (default 10), and all of the last state at the end. */
export function logScreen(stream: TextStream, intervalSeconds = 10): Screen {
  let writtenAt = Number.NEGATIVE_INFINITY;
  let last = "";
  return {
    show(bundle) {
      last = textOf(bundle);
      if (performance.now() - writtenAt < 1000 * intervalSeconds || last === "") return;
      writtenAt = performance.now();
      stream.write(`${last.split("\n", 1)[0]}\n`);
    },
    close() {
      if (last !== "") stream.write(`${last}\n`);
    },
  };
}

function textOf({ data }: DisplayBundle): string {
  return String(data["text/plain"] ?? "");
}

/** Undefined outside Deno, and in Deno programs that are no notebook (where the property throws when it is read). */
function denoBroadcast(): Broadcast | undefined {
  const { Deno } = globalThis as { Deno?: { readonly jupyter?: { readonly broadcast?: Broadcast } } };
  try {
    return Deno?.jupyter?.broadcast;
  } catch {
    return undefined;
  }
}
