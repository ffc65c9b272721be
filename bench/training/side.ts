/** One side of the comparison: a process of its own, which answers one command at a time and waits between them. */
import { type ChildProcessWithoutNullStreams, spawn, spawnSync } from "node:child_process";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { CodedError } from "../../shared/codedError.ts";
import { type Command, type Reply, threads } from "./task.ts";

/** The folder of the project, from dist/bench/training/. */
const root = fileURLToPath(new URL("../../../", import.meta.url));

const environment = {
  ...process.env,
  OMP_NUM_THREADS: String(threads),
  MKL_NUM_THREADS: String(threads),
  TF_NUM_INTRAOP_THREADS: String(threads),
  HF_HUB_OFFLINE: "1",
  TOKENIZERS_PARALLELISM: "false",
};

/** A worker process. */
export class Side {
  readonly name: string;
  readonly #child: ChildProcessWithoutNullStreams;
  readonly #lines: AsyncIterator<string>;
  /** The end of what the process wrote to standard error, which says why it died. */
  #said = "";
  readonly #end = (): void => void this.#child.kill("SIGKILL");

  private constructor(name: string, program: string, args: readonly string[]) {
    this.name = name;
    this.#child = spawn(program, args, { cwd: root, env: environment });
    this.#lines = createInterface({ input: this.#child.stdout })[Symbol.asyncIterator]();
    this.#child.stderr.on("data", (piece) => {
      this.#said = (this.#said + piece).slice(-4000);
    });
    this.#child.on("error", () => {}); // its output ends then too, which `ask` notices
    this.#child.stdin.on("error", () => {});
    process.once("exit", this.#end);
  }

  /** Starts Thaw on the task in a file. */
  static thaw(task: string): Side {
    return new Side("Thaw", process.execPath, [fileURLToPath(new URL("./thawWorker.js", import.meta.url)), task]);
  }

  /** Starts PyTorch, by the Python that has it, on the task in a file. */
  static torch(python: string, task: string): Side {
    return new Side("PyTorch", python, [join(root, "bench", "training", "torch_worker.py"), task]);
  }

  /** Sends a command and waits for its reply. Errors: `WORKER_FAILED`, and the codes of what the worker itself refuses. */
  async ask(command: Command): Promise<Reply> {
    this.#child.stdin.write(`${JSON.stringify(command)}\n`);
    const { value, done } = await this.#lines.next();
    if (done) {
      const reason = this.#said.trim().split("\n").slice(-3).join(" | ") || "it said nothing";
      throw new CodedError("WORKER_FAILED", `The process of ${this.name} ended during "${command.do}": ${reason}`);
    }
    const reply = JSON.parse(value) as Reply;
    if (reply.error !== undefined) {
      throw new CodedError(reply.error.code, `${this.name}, asked for "${command.do}": ${reply.error.message}`);
    }
    return reply;
  }

  async end(): Promise<void> {
    const closed = new Promise((resolve) => this.#child.once("close", resolve));
    if (this.#child.exitCode === null && this.#child.signalCode === null) {
      this.#child.stdin.end();
      this.#child.kill("SIGKILL"); // nothing is to be saved, and tearing down PyTorch takes a second
      await closed;
    }
    process.off("exit", this.#end);
  }
}

/**
 * Finds the Python with PyTorch and transformers in `.thaw/bench/training/venv`, which is made where it is not there yet.
 * Standard error gets the progress, and what went wrong. Errors: `NO_ENVIRONMENT`.
 */
export function torchPython(): string {
  const folder = join(root, ".thaw", "bench", "training", "venv");
  const list = join(root, "bench", "training", "requirements.txt");
  // Standard output is for the figures.
  const { status } = spawnSync(process.execPath, [join(root, "setup", "torch.mjs"), folder, list], {
    stdio: ["ignore", 2, 2],
  });
  if (status === 0) return join(folder, "bin", "python");
  throw new CodedError(
    "NO_ENVIRONMENT",
    "There is no Python with PyTorch and transformers to compare with: what is missing stands above.",
  );
}
