/** The folder `.thaw/` of a clone or of the project Thaw is installed in, where set-up keeps the model and the data. */
import { existsSync } from "node:fs";
import { homedir } from "node:os";
import { dirname, join } from "node:path";

/**
 * Where `.thaw` may be, first choice first: THAW_HOME, or beside any parent of the working folder or of this file, or
 * in the home folder, where the set-up of a global installation puts it.
 */
export function thawFolders(): string[] {
  const home = process.env.THAW_HOME;
  if (home !== undefined && home !== "") return [home];
  const parents = [...parentsOf(process.cwd()), ...parentsOf(import.meta.dirname), homedir()];
  return [...new Set(parents.map((parent) => join(parent, ".thaw")))].filter(existsSync);
}

function parentsOf(folder: string): string[] {
  const parent = dirname(folder);
  return parent === folder ? [folder] : [folder, ...parentsOf(parent)];
}
