/** Lets one process at a time do a piece of work, by a file that names the process. */
import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { codeOf } from "./files.mjs";

const pollMs = 100;

/**
 * Runs `work` while no other process holds the lock file `path`: a second one waits for the first, and then finds everything
 * done. A lock whose owner is gone is taken over.
 * @template Result
 * @param {string} path
 * @param {() => void} waits called once where there is something to wait for
 * @param {() => Promise<Result>} work
 * @returns {Promise<Result>}
 */
export async function withLock(path, waits, work) {
  mkdirSync(dirname(path), { recursive: true });
  let told = false;
  while (!takeLock(path)) {
    if (!told) waits();
    told = true;
    await new Promise((resolve) => setTimeout(resolve, pollMs));
  }
  const release = () => rmSync(path, { force: true });
  process.once("exit", release);
  try {
    return await work();
  } finally {
    process.off("exit", release);
    release();
  }
}

/** @param {string} path */
function takeLock(path) {
  for (;;) {
    try {
      writeFileSync(path, String(process.pid), { flag: "wx" });
      return true;
    } catch (error) {
      if (codeOf(error) !== "EEXIST") throw error;
    }
    const owner = lockOwner(path);
    if (owner !== undefined && isAlive(owner)) return false;
    rmSync(path, { force: true });
  }
}

/**
 * Returns the process number in a lock, or `undefined` when the lock went away just now.
 * @param {string} path
 */
function lockOwner(path) {
  try {
    return Number(readFileSync(path, "utf8"));
  } catch (error) {
    if (codeOf(error) === "ENOENT") return undefined;
    throw error;
  }
}

/** @param {number} pid */
function isAlive(pid) {
  try {
    process.kill(pid, 0);
    return pid > 0;
  } catch (error) {
    return codeOf(error) === "EPERM";
  }
}
