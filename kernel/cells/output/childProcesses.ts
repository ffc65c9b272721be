/**
 * Child processes of cells: those that inherit the process's stdout or stderr print under the cell that started them.
 */
import { ChildProcess, type SpawnSyncOptions } from "node:child_process";
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync } from "node:fs";
import { syncBuiltinESMExports } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Readable } from "node:stream";
import type { StreamName } from "../../shared/messages.ts";
import { bindEmitter } from "../asyncContext/currentCell.ts";
import { asCellObject, fromCellArray, nodeModule } from "../realm/cellRealm.ts";

/**
 * The receivers of such output. `drain` is called when a child has ended whose output did not go through this thread.
 */
interface ChildOutput {
  readonly stream: (name: StreamName, text: string) => void;
  readonly drain: () => void;
  /** Called with a child that its cell releases by `unref()`, or takes back by `ref()`. */
  readonly letGo: (pid: number, isLetGo: boolean) => void;
  /** Whether the worker reads what such a child writes to the process's own streams. */
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

/** Patches `node:child_process` so that the output of children belongs to their cells. */
export function patchChildProcesses(output: ChildOutput): void {
  patchSpawn(output);
  patchReferences(output);
  for (const name of ["spawnSync", "execFileSync", "execSync"] as const) patchSync(name, output);
  syncBuiltinESMExports();
}

/**
 * Patches the method in which `spawn`, `fork`, `exec` and `execFile` all end. A stream that would be inherited becomes
 * a pipe.
 */
function patchSpawn({ stream }: ChildOutput): void {
  const prototype = ChildProcess.prototype as unknown as Spawning;
  const spawn = prototype.spawn;
  prototype.spawn = function (this: Spawning & ChildProcess, options): number {
    const { stdio, targets } = inheritedStreams(options.stdio);
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
 * Patches a function that blocks this thread while the child runs. Its output is seen where the worker reads the
 * process's own streams, else it is shown when the child has ended.
 */
function patchSync(name: "spawnSync" | "execFileSync" | "execSync", { stream, drain, captured }: ChildOutput): void {
  const run = children[name] as (...values: unknown[]) => unknown;
  const patched = (...values: unknown[]): unknown => {
    const at = values.findLastIndex(isOptions);
    const options = values[at] as SpawnSyncOptions | undefined;
    const { stdio, targets } = inheritedStreams(options?.stdio as Stdio);
    if (targets.length === 0) return run(...values);
    if (captured) {
      try {
        return run(...values);
      } finally {
        drain();
      }
    }
    return withFiles(targets, stream, (files) => {
      for (const [fd] of targets) stdio[fd] = files[fd];
      return run(...values.with(at, { ...options, stdio }));
    });
  };
  Object.assign(children, { [name]: asCellObject(Object.defineProperty(patched, "name", { value: name })) });
}

/** Runs a child process that prints into files, which to the child and its caller look like inherited streams. */
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

/** The option `stdio` of `node:child_process`. */
type Stdio = string | readonly unknown[] | undefined | null;

interface Inherited {
  readonly stdio: unknown[];
  /** The child's descriptor (1 or 2), and the stream of this process that it would have inherited. */
  readonly targets: ReadonlyArray<[fd: 1 | 2, name: StreamName]>;
}

/** Finds the streams that a child would inherit. Without targets `stdio` can stay unchanged. */
function inheritedStreams(stdio: Stdio): Inherited {
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
