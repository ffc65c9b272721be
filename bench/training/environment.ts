/** The Python environment with PyTorch and transformers: `.thaw/bench/training/venv`, made where it is not there yet. */
import { type ChildProcess, spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { ThawError } from "../../src/errors.ts";

/** Of the project, from dist/bench/training/. */
export const root = fileURLToPath(new URL("../../../", import.meta.url));
const place = join(root, ".thaw", "bench", "training");
const list = join(root, "bench", "training", "requirements.txt");

/**
 * The environment's Python. Made anew where the list has changed, or where it was not made to its end. `say` gets what pip
 * says of its progress. Errors: `NO_PYTHON`, `NO_VENV`, `FETCH_FAILED`.
 */
export async function torchPython(say: (line: string) => void): Promise<string> {
  const folder = join(place, "venv");
  const python = join(folder, "bin", "python");
  const marker = join(folder, ".thaw-packages.json");
  const wanted = JSON.stringify({ list: createHash("sha256").update(readFileSync(list)).digest("hex"), folder });
  if (existsSync(python) && existsSync(marker) && readFileSync(marker, "utf8") === wanted) return python;
  say("Installing PyTorch and transformers into .thaw/bench/training: some 3 GB to fetch, once.");
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(place, { recursive: true });
  const base = process.env.PYTHON || "python3";
  const made = await run(base, ["-m", "venv", folder], () => {});
  if (made.code !== 0) throw noEnvironment(base, made);
  const installed = await run(
    python,
    ["-m", "pip", "install", "--only-binary=:all:", "--progress-bar", "off", "-r", list],
    (line) => {
      if (/^\s*(Downloading|Using cached|Installing)/.test(line)) say(line.trim().slice(0, 100));
    },
  );
  if (installed.code !== 0) {
    throw new ThawError(
      "FETCH_FAILED",
      `pip could not install PyTorch and transformers: ${lastLine(installed.output)} ` +
        "Check the network, `pip config list` and that 8 GB are free, then run the command again.",
    );
  }
  writeFileSync(marker, wanted);
  return python;
}

function noEnvironment(python: string, { code, output }: Ended): ThawError {
  if (code === 127) {
    return new ThawError(
      "NO_PYTHON",
      `There is no ${python} to compare with. Install Python 3.10 to 3.13, or name one: PYTHON=/path/to/python3.12.`,
    );
  }
  return new ThawError(
    "NO_VENV",
    `${python} cannot make an environment: ${lastLine(output)} Debian: \`apt install python3-venv\`.`,
  );
}

interface Ended {
  readonly code: number;
  readonly output: string;
}

/** Runs a program to its end; code 127 where it does not exist. */
function run(program: string, args: readonly string[], onLine: (line: string) => void): Promise<Ended> {
  return new Promise((resolve) => {
    const child: ChildProcess = spawn(program, args, { cwd: root, stdio: ["ignore", "pipe", "pipe"] });
    const end = () => child.kill();
    process.once("exit", end);
    let output = "";
    let rest = "";
    const take = (piece: Buffer): void => {
      output += piece;
      const lines = (rest + piece).split("\n");
      rest = lines.pop() as string;
      lines.forEach(onLine);
    };
    child.stdout?.on("data", take);
    child.stderr?.on("data", take);
    const done = (code: number, text = ""): void => {
      process.off("exit", end);
      resolve({ code, output: output + text });
    };
    child.on("error", (error) => done(127, error.message));
    child.on("close", (code) => done(code ?? 1));
  });
}

/** As a sentence. */
const lastLine = (output: string): string => {
  const line = output.trim().split("\n").at(-1)?.trim() || "it said nothing";
  return line.endsWith(".") ? line : `${line}.`;
};
