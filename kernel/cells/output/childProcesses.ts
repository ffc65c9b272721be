/** Children that inherit the process's stdout or stderr print under the cell that started them. */
import { ChildProcess, type SpawnSyncOptions } from "node:child_process";
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync } from "node:fs";
import { syncBuiltinESMExports } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Readable } from "node:stream";
import type { StreamName } from "../../shared/streamBuffer.ts";
import { bindEmitter } from "../asyncContext/currentCell.ts";
import { asCellObject, fromCellArray, nodeModule } from "../realm/cellRealm.ts";

/** Where the text goes; `settled` is called when a child has ended that has printed past this thread. */
export interface ChildOutput {
  readonly stream: (name: StreamName, text: string) => void;
  readonly settled: () => void;
  /** Called with a child that its cell lets go of by `unref()`, or takes back. */
  readonly letGo: (pid: number, isLetGo: boolean) => void;
  /** Whether what such a child writes to the process's own streams is seen. */
  readonly captured: boolean;
}

interface Spawning {
  readonly pid?: number;
  unref(): void;
  ref(): void;
  spawn(options: { stdio?: Stdio }): number;
  stdout: Readable | null;
  stderr: Readable | null;
  stdio: unknown[];
}

const children = nodeModule<typeof import("node:child_process")>("node:child_process");

export function patchChildProcesses(output: ChildOutput): void {
  patchSpawn(output);
  patchReferences(output);
  for (const name of ["spawnSync", "execFileSync", "execSync"] as const) patchSync(name, output);
  syncBuiltinESMExports();
}

/** `spawn`, `fork`, `exec` and `execFile` all end here. What would be inherited becomes a pipe that nobody else sees. */
function patchSpawn({ stream }: ChildOutput): void {
  const prototype = ChildProcess.prototype as unknown as Spawning;
  const spawn = prototype.spawn;
  prototype.spawn = function (this: Spawning & ChildProcess, options): number {
    const { stdio, targets } = inheritedBy(options.stdio);
    const code = Reflect.apply(spawn, this, [targets.length === 0 ? options : { ...options, stdio }]);
    bindEmitter(this);
    for (const pipe of [this.stdout, this.stderr]) if (pipe) bindEmitter(pipe);
    for (const [fd, name] of targets) {
      const pipe = this.stdio[fd] as Readable | null;
      pipe?.setEncoding("utf8").on("data", (text: string) => stream(name, text));
      this.stdio[fd] = null;
      this[fd === 1 ? "stdout" : "stderr"] = null;
    }
    return code;
  };
}

function patchReferences({ letGo }: ChildOutput): void {
  const prototype = ChildProcess.prototype as unknown as Spawning;
  for (const name of ["unref", "ref"] as const) {
    const change = prototype[name];
    prototype[name] = asCellObject(function (this: Spawning): void {
      Reflect.apply(change, this, []);
      if (this.pid !== undefined) letGo(this.pid, name === "unref");
    });
  }
}

/**
 * While such a child runs this thread waits: what it prints is seen where the process's own streams are, and shown when it
 * has ended where they are not.
 */
function patchSync(name: "spawnSync" | "execFileSync" | "execSync", { stream, settled, captured }: ChildOutput): void {
  const run = children[name] as (...values: unknown[]) => unknown;
  const patched = (...values: unknown[]): unknown => {
    const at = values.findLastIndex(isOptions);
    const options = values[at] as SpawnSyncOptions | undefined;
    const { stdio, targets } = inheritedBy(options?.stdio as Stdio);
    if (targets.length === 0) return run(...values);
    if (captured) {
      try {
        return run(...values);
      } finally {
        settled();
      }
    }
    return withFiles(targets, stream, (files) => {
      for (const [fd] of targets) stdio[fd] = files[fd];
      return run(...values.with(at, { ...options, stdio }));
    });
  };
  Object.assign(children, { [name]: asCellObject(Object.defineProperty(patched, "name", { value: name })) });
}

/** Files take what such a child prints: to it and to its caller they are what it inherited. */
function withFiles(
  targets: Inherited["targets"],
  stream: ChildOutput["stream"],
  run: (files: Record<number, number>) => unknown,
): unknown {
  const folder = mkdtempSync(join(tmpdir(), "thaw-child-"));
  const files: Record<number, number> = {};
  for (const [fd] of targets) files[fd] = openSync(join(folder, String(fd)), "w+");
  try {
    return run(files);
  } finally {
    for (const [fd, name] of targets) stream(name, readFileSync(join(folder, String(fd)), "utf8"));
    for (const file of Object.values(files)) closeSync(file);
    rmSync(folder, { recursive: true, force: true });
  }
}

function isOptions(value: unknown): boolean {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** `stdio` as `node:child_process` takes it. */
export type Stdio = string | readonly unknown[] | undefined | null;

export interface Inherited {
  readonly stdio: unknown[];
  /** The child's descriptor (1 or 2), and the stream of this process that it would have been. */
  readonly targets: ReadonlyArray<[fd: 1 | 2, name: StreamName]>;
}

/** No targets: nothing is inherited, and `stdio` can stay as it was. */
export function inheritedBy(stdio: Stdio): Inherited {
  const list = typeof stdio === "string" ? [stdio, stdio, stdio] : fromCellArray(stdio ?? []);
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
