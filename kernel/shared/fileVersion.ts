/** Tells whether a file has changed since it was read. */
import { statSync } from "node:fs";

/** Differs when the file does; for one that is gone too. */
export function fileVersion(path: string): string {
  const stats = statSync(path, { throwIfNoEntry: false });
  return `${stats?.mtimeMs ?? 0}:${stats?.size ?? 0}`;
}
