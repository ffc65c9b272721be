/** Python's side of Jupyter with this kernel in it, in a folder of its own. */
import { spawn } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { kernelspec } from "../../../kernel/install/kernelspec.ts";
import { ensureBuilt } from "../../built.ts";

await ensureBuilt();
const repository = fileURLToPath(new URL("../../../", import.meta.url));
const python = join(repository, ".venv", "bin", "python");

export interface Ended {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** A Jupyter data folder in which the kernel `thaw` is the one of this tree, on the Node that `THAW_TEST_NODE` names. */
export class Jupyter implements Disposable {
  readonly folder = mkdtempSync(join(tmpdir(), "thaw-jupyter-"));

  constructor() {
    const spec = kernelspec("TypeScript (Thaw)") as { argv: string[] };
    const argv = [process.env.THAW_TEST_NODE ?? process.execPath, ...spec.argv.slice(1)];
    const place = join(this.folder, "kernels", "thaw");
    mkdirSync(place, { recursive: true });
    writeFileSync(join(place, "kernel.json"), JSON.stringify({ ...spec, argv }));
  }

  /** Runs a program of this folder to its end. */
  run(program: string, args: readonly string[] = []): Promise<Ended> {
    const env = {
      ...process.env,
      JUPYTER_PATH: this.folder, // an environment that has a kernel of this name would come before the data folder
      JUPYTER_DATA_DIR: this.folder,
      JUPYTER_RUNTIME_DIR: this.folder,
      IPYTHONDIR: this.folder,
    };
    const path = fileURLToPath(new URL(program, import.meta.url));
    const child = spawn(python, [path, ...args], { cwd: repository, env, stdio: ["ignore", "pipe", "pipe"] });
    let [stdout, stderr] = ["", ""];
    child.stdout.on("data", (data) => {
      stdout += String(data);
    });
    child.stderr.on("data", (data) => {
      stderr += String(data);
    });
    return new Promise((resolve, reject) => {
      child.on("error", reject);
      child.on("close", (code) => resolve({ code: code ?? -1, stdout, stderr }));
    });
  }

  [Symbol.dispose](): void {
    rmSync(this.folder, { recursive: true, force: true });
  }
}
