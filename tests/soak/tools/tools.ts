/** The tools that run notebooks elsewhere, in a Python environment of their own, with this tree's kernel in their Jupyter. */
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Notebook } from "../../../cli/run/notebook.ts";
import { Jupyter } from "../../kernel/conformance/jupyter.ts";

const repository = fileURLToPath(new URL("../../../", import.meta.url));
const environment = join(repository, ".thaw", "cache", "venvs", "tools");
const packages = [
  "papermill==2.7.0",
  "nbclient==0.11.0",
  "nbconvert==7.17.2",
  "nbval==0.11.0",
  "jupytext==1.19.6",
  "pytest==9.2.0",
  "setuptools==80.9.0",
];

export interface Ended {
  readonly code: number | null;
  /** Standard output and standard error. */
  readonly text: string;
}

export class Tools implements Disposable {
  readonly folder = mkdtempSync(join(tmpdir(), "thaw-tools-"));
  readonly #jupyter = new Jupyter();

  /** Makes the environment where it is missing, and puts this tree's translator for papermill into it. */
  constructor() {
    if (!existsSync(join(environment, "bin", "papermill"))) {
      mkdirSync(environment, { recursive: true });
      must("python3", ["-m", "venv", environment]);
      must(join(environment, "bin", "pip"), ["install", "-q", ...packages]);
    }
    const source = join(this.folder, "python"); // pip builds inside what it is given
    mkdirSync(source);
    for (const file of ["pyproject.toml", "thaw_papermill.py"]) {
      writeFileSync(join(source, file), readFileSync(join(repository, "python", file)));
    }
    must(join(environment, "bin", "pip"), [
      "install",
      "-q",
      "--no-build-isolation",
      "--force-reinstall",
      "--no-deps",
      source,
    ]);
  }

  /** Runs one of the environment's programs in the folder. */
  run(program: string, ...args: string[]): Ended {
    const env = { ...process.env, JUPYTER_DATA_DIR: this.#jupyter.folder, JUPYTER_RUNTIME_DIR: this.#jupyter.folder };
    const options = { cwd: this.folder, env, encoding: "utf8" } as const;
    const { status, stdout, stderr } = spawnSync(join(environment, "bin", program), args, options);
    return { code: status, text: stdout + stderr };
  }

  write(name: string, content: string | object): void {
    writeFileSync(join(this.folder, name), typeof content === "string" ? content : JSON.stringify(content));
  }

  read(name: string): Notebook {
    return JSON.parse(readFileSync(join(this.folder, name), "utf8")) as Notebook;
  }

  [Symbol.dispose](): void {
    this.#jupyter[Symbol.dispose]();
    rmSync(this.folder, { recursive: true, force: true });
  }
}

function must(program: string, args: readonly string[]): void {
  const { status, stderr, error } = spawnSync(program, args, { encoding: "utf8" });
  if (status !== 0) throw new Error(`${program} ${args.join(" ")} failed: ${error?.message ?? stderr}`);
}
