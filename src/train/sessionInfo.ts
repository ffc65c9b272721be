/**
 * The software versions and hardware that a result depends on, to show at the end of a notebook that others can rerun.
 */
import { ShownAsTable, Table } from "../display/table.ts";
import { readFileSync } from "../platform/files.ts";
import { availableParallelism, cpus, platform, release, totalmem } from "../platform/machine.ts";
import { nativeOps } from "../tensor/native.ts";
import { hasBfloat16 } from "../tensor/precision.ts";
import { engineInfo } from "../tensor/tensorflow.ts";

/** Versions, processor and memory of a session; shown as a table. */
export class SessionInfo extends ShownAsTable {
  /** Versions and sizes by component name. */
  readonly entries: Readonly<Record<string, string>>;

  constructor(entries: Readonly<Record<string, string>>) {
    super();
    this.entries = entries;
  }

  /** Returns the entries as a table. */
  override toTable(): Table {
    return new Table({ columns: ["what", { title: "version", align: "left" }], rows: Object.entries(this.entries) });
  }
}

/**
 * Returns the versions, processor and memory of this session, without paths and without names of the machine or user.
 */
export function sessionInfo(): SessionInfo {
  const { thaw, node, engine, operations, system, processor, threads } = versions();
  return new SessionInfo({
    thaw,
    Node: node,
    engine,
    "fused operations": operations,
    "bfloat16 instructions": hasBfloat16() ? "yes" : "no",
    "TensorFlow.js": engineInfo().tfjs,
    system,
    processor: `${processor}, ${threads} cores`,
    memory: `${(totalmem() / 2 ** 30).toFixed(0)} GiB`,
  });
}

/** The software versions and hardware that the numbers of a run depend on besides data and plan. */
export interface Versions {
  /** Version of this library. */
  readonly thaw: string;
  /** Version of Node. */
  readonly node: string;
  /** Computing engine: `"TensorFlow 2.21.0 (cpu)"`. */
  readonly engine: string;
  /** "native" if the fused native ops were used, "composed" if TensorFlow's own ops replaced them. */
  readonly operations: "native" | "composed";
  /** Operating system and its release. */
  readonly system: string;
  /** Model of the processor. */
  readonly processor: string;
  /** Number of threads that the process can use at once. */
  readonly threads: number;
}

/** Returns the versions of this session, as the record of a run keeps them. */
export function versions(): Versions {
  const { engine, device } = engineInfo();
  return {
    thaw: ownVersion(),
    node: process.versions.node,
    engine: `${engine} (${device})`,
    operations: nativeOps ? "native" : "composed",
    system: `${platform()} ${release()}`,
    processor: cpus()[0]?.model.trim() ?? "unknown",
    threads: availableParallelism(),
  };
}

/** Reads the version from the package.json above the compiled file or above the source, whichever runs. */
function ownVersion(): string {
  for (const path of ["../../package.json", "../../../package.json"]) {
    try {
      const { name, version } = JSON.parse(readFileSync(new URL(path, import.meta.url), "utf8"));
      if (name === "thaw") return version;
    } catch {
      // not there: look one folder further up
    }
  }
  return "unknown";
}
