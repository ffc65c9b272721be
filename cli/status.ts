/** `thaw status` tells which kernels Jupyter knows, whether they can start, and whether training can. */
import { spawnSync } from "node:child_process";
import { join } from "node:path";
import type { FoundKernelspec } from "../kernel/install/search.ts";
import { findKernelspecs, jupyterDataFolders } from "../kernel/install/search.ts";

/** The report that `thaw status --json` prints. */
export interface Status {
  /** Whether one of the kernels can start. */
  readonly ok: boolean;
  readonly kernels: readonly (FoundKernelspec & { readonly works: boolean; readonly detail: string })[];
  readonly engine: { readonly ok: boolean; readonly detail: string };
}

/** Looks everywhere that Jupyter may look; `version` is that of the package in `root`. */
export function status(root: string, version: string): Status {
  const folders = jupyterDataFolders([join(process.cwd(), ".venv"), join(root, ".venv")]);
  const kernels = findKernelspecs(folders).map((spec) => ({
    ...spec,
    works: spec.state.kind === "ok",
    detail: describe(spec, version),
  }));
  return { ok: kernels.some(({ works }) => works), kernels, engine: engineState(root) };
}

/** Words the report: a line for each kernel and one for the engine. */
export function formatStatus({ ok, kernels, engine }: Status): string {
  const rows = [
    ...kernels.map(({ works, name, folder, detail }) => [works, `kernel ${name}`, `${folder}: ${detail}`] as const),
    [engine.ok, "engine", engine.detail] as const,
  ];
  const width = Math.max(...rows.map(([, label]) => label.length));
  const lines = rows.map(([good, label, detail]) => `${good ? "ok " : "-- "} ${label.padEnd(width)}  ${detail}\n`);
  const none = "\nJupyter knows no kernel of Thaw that can start. `npx thaw install` makes it known.\n";
  return lines.join("") + (ok ? "" : none);
}

function describe({ state, displayName }: FoundKernelspec, version: string): string {
  const again = "install it again";
  switch (state.kind) {
    case "ok":
      return `${displayName}, ${state.version === version ? "" : "another version, "}${state.version}, ${state.node}`;
    case "noNode":
      return `its Node ${state.path} is gone; ${again}`;
    case "noKernel":
      return `its kernel ${state.path} is gone; ${again}`;
    case "foreign":
      return `"${displayName}" was not made by Thaw`;
  }
}

/** Asks the set-up's own steps whether training can start; the doctor also tries it. */
function engineState(root: string): Status["engine"] {
  const { stdout } = spawnSync(process.execPath, [join(root, "setup", "doctor.mjs"), "--json", "--quick"], {
    encoding: "utf8",
  });
  const { checks } = JSON.parse(stdout) as { checks: { name: string; ok: boolean; detail: string }[] };
  const addon = checks.find(({ name }) => name === "TensorFlow addon");
  if (addon?.ok) return { ok: true, detail: `set up, ${addon.detail}` };
  return { ok: false, detail: "not set up: `npx thaw setup` makes it, `npx thaw doctor` says more" };
}
