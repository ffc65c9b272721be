/** Runs child processes for the set-up: their output is kept for an error message, and they end when the set-up ends. */
import { spawn, spawnSync } from "node:child_process";
import { accessSync, constants, mkdirSync } from "node:fs";
import { delimiter, join } from "node:path";

/** @import { Context } from "./context.mjs" */

/** @type {Set<import("node:child_process").ChildProcess>} */
const running = new Set();

/** Asks every child that is still running to end. */
export function endChildren() {
  for (const child of running) child.kill("SIGTERM");
}

/**
 * Runs a program to its end.
 * @param {string} program
 * @param {readonly string[]} args
 * @param {{ context: Context, cwd?: string, env?: NodeJS.ProcessEnv }} options `env` is added to the context's
 * @returns {Promise<{ code: number, output: string }>} `output` is stdout and stderr as they came; `code` 127 when the program does not exist
 */
export function runProgram(program, args, { context, cwd = context.root, env = {} }) {
  mkdirSync(context.paths.temporary, { recursive: true });
  return new Promise((resolve) => {
    const child = spawn(program, args, {
      cwd,
      env: { ...context.env, TMPDIR: context.paths.temporary, ...env },
      stdio: ["ignore", "pipe", "pipe"],
    });
    running.add(child);
    /** @type {Buffer[]} */
    const pieces = [];
    child.stdout.on("data", (piece) => pieces.push(piece));
    child.stderr.on("data", (piece) => pieces.push(piece));
    const end = (/** @type {number} */ code, text = "") => {
      running.delete(child);
      resolve({ code, output: Buffer.concat(pieces).toString("utf8") + text });
    };
    child.on("error", (error) => end(127, String(error.message)));
    child.on("close", (code, signal) => end(code ?? 1, signal ? `\nended by ${signal}` : ""));
  });
}

/**
 * Returns the trimmed standard output of a short program, or `undefined` when it fails. Waits at most 10 s.
 * @param {string} program
 * @param {readonly string[]} args
 * @param {{ readonly env: NodeJS.ProcessEnv }} context
 */
export function answerOf(program, args, { env }) {
  const { status, stdout } = spawnSync(program, args, { env, encoding: "utf8", timeout: 10_000 });
  return status === 0 ? stdout.trim() : undefined;
}

/**
 * Returns the full path of a program on PATH, or `undefined`.
 * @param {string} name
 * @param {NodeJS.ProcessEnv} env
 */
export function findProgram(name, env) {
  const candidates = name.includes("/")
    ? [name]
    : (env.PATH ?? "")
        .split(delimiter)
        .filter(Boolean)
        .map((folder) => join(folder, name));
  return candidates.find((path) => {
    try {
      accessSync(path, constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}

/**
 * Returns the last lines of a program's output, for a message.
 * @param {string} output
 * @param {number} [count]
 */
export function lastLines(output, count = 12) {
  return output.trim().split("\n").slice(-count).join("\n") || "(no output)";
}
