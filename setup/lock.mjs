/** One set-up at a time per folder `.thaw`: a second one waits for the first and then finds everything done. */
import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";

const pollMs = 500;

/** Runs `work` while holding the lock; a lock whose owner is gone is taken over. */
export async function withLock({ paths }, say, work) {
  const path = join(paths.thaw, "setup.lock");
  mkdirSync(paths.thaw, { recursive: true });
  let told = false;
  while (!take(path)) {
    if (!told) say("Another set-up is running here; waiting for it.");
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

function take(path) {
  for (;;) {
    try {
      writeFileSync(path, String(process.pid), { flag: "wx" });
      return true;
    } catch (error) {
      if (error.code !== "EEXIST") throw error;
    }
    const owner = ownerOf(path);
    if (owner !== undefined && isAlive(owner)) return false;
    rmSync(path, { force: true });
  }
}

/** The process number in a lock; `undefined` when the lock went away just now. */
function ownerOf(path) {
  try {
    return Number(readFileSync(path, "utf8"));
  } catch (error) {
    if (error.code === "ENOENT") return undefined;
    throw error;
  }
}

function isAlive(pid) {
  try {
    process.kill(pid, 0);
    return pid > 0;
  } catch (error) {
    return error.code === "EPERM";
  }
}
