/** Whether a word is a command: an executable file on the PATH, or known to the shell itself. */
import { accessSync, constants, statSync } from "node:fs";
import { delimiter, join } from "node:path";

const builtIn = new Set([
  "cd",
  "command",
  "echo",
  "export",
  "hash",
  "jobs",
  "pwd",
  "printf",
  "set",
  "test",
  "times",
  "type",
  "ulimit",
  "umask",
]);

export function isCommand(name: string): boolean {
  return (
    builtIn.has(name) || (process.env.PATH ?? "").split(delimiter).some((folder) => isExecutable(join(folder, name)))
  );
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return statSync(path).isFile();
  } catch {
    return false;
  }
}
