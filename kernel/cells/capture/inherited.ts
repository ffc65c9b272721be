/** Which of a child's streams would be this process's own stdout and stderr, and what to ask for in their place. */

import type { StreamName } from "../../shared/messages.ts";
import { own } from "../cellRealm.ts";

/** `stdio` as `node:child_process` takes it. */
export type Stdio = string | readonly unknown[] | undefined | null;

export interface Inherited {
  readonly stdio: unknown[];
  /** The child's descriptor (1 or 2), and the stream of this process that it would have been. */
  readonly targets: ReadonlyArray<[fd: 1 | 2, name: StreamName]>;
}

/** No targets: nothing is inherited, and `stdio` can stay as it was. */
export function inheritedBy(stdio: Stdio): Inherited {
  const list = typeof stdio === "string" ? [stdio, stdio, stdio] : own(stdio ?? []);
  const targets: [fd: 1 | 2, name: StreamName][] = [];
  for (const fd of [1, 2] as const) {
    const own = list[fd] === "inherit" ? fd : descriptorOf(list[fd]);
    if (own !== 1 && own !== 2) continue;
    list[fd] = "pipe";
    targets.push([fd, own === 1 ? "stdout" : "stderr"]);
  }
  return { stdio: list, targets };
}

function descriptorOf(entry: unknown): unknown {
  return typeof entry === "object" && entry !== null && "fd" in entry ? entry.fd : entry;
}
