/** Where packages are looked for, one place after the other. */
import { spawnSync } from "node:child_process";
import { basename, delimiter, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

/**
 * Folders to look from as a file in them would: the importer's own, those of NODE_PATH, where this kernel is installed, and
 * where `npm install --global` puts packages. The last is asked for only when it comes to it, since npm takes its time.
 */
export function* placesFrom(folder: string): Generator<string> {
  yield folder;
  for (const path of (process.env.NODE_PATH ?? "").split(delimiter)) {
    if (basename(path) === "node_modules") yield dirname(path);
  }
  yield dirname(fileURLToPath(import.meta.url));
  yield dirname(globalFolder());
}

let known: string | undefined;

function globalFolder(): string {
  known ??= askNpm() ?? besideNode();
  return known;
}

function askNpm(): string | undefined {
  const windows = process.platform === "win32"; // there npm is a batch file
  const { status, stdout } = spawnSync("npm", ["root", "--global"], {
    encoding: "utf8",
    shell: windows,
    timeout: 10_000,
  });
  return status === 0 && stdout.trim() !== "" ? stdout.trim() : undefined;
}

function besideNode(): string {
  const folder = dirname(process.execPath);
  return process.platform === "win32" ? join(folder, "node_modules") : join(folder, "..", "lib", "node_modules");
}
