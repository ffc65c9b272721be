/** What a result depends on beside the code: for the end of a notebook that others must be able to rerun. */
import { readFileSync } from "node:fs";
import { availableParallelism, cpus, platform, release, totalmem } from "node:os";
import { ShownAsTable } from "../display/shownAsTable.ts";
import { Table } from "../display/table.ts";
import { nativeOps } from "../engine/native.ts";
import { hasBfloat16 } from "../engine/precision.ts";
import { engineInfo } from "../engine/tensorflow.ts";

export class SessionInfo extends ShownAsTable {
  /** What -> its version or size. */
  readonly entries: Readonly<Record<string, string>>;

  constructor(entries: Readonly<Record<string, string>>) {
    super();
    this.entries = entries;
  }

  override toTable(): Table {
    return new Table({ columns: ["what", { title: "version", align: "left" }], rows: Object.entries(this.entries) });
  }
}

/** Versions, processor and memory of this session. No path, no name of the machine or its user. */
export function sessionInfo(): SessionInfo {
  const engine = engineInfo();
  return new SessionInfo({
    thaw: ownVersion(),
    Node: process.versions.node,
    engine: `${engine.engine} (${engine.device})`,
    "fused operations": nativeOps ? "native" : "composed",
    "bfloat16 instructions": hasBfloat16() ? "yes" : "no",
    "TensorFlow.js": engine.tfjs,
    system: `${platform()} ${release()}`,
    processor: `${cpus()[0]?.model.trim() ?? "unknown"}, ${availableParallelism()} cores`,
    memory: `${(totalmem() / 2 ** 30).toFixed(0)} GiB`,
  });
}

/** From the package.json above the compiled file or above the source, whichever runs. */
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
